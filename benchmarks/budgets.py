"""What budgets cost each call of a model: setting aside and settling, with none, with others', with one and with four.

python -m benchmarks.budgets
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from athena.budgets.known import KnownBudgets
from athena.budgets.spending import Spender, reserve, settle
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.postgres import find_running
from benchmarks.agent_runs import median_ms
from benchmarks.program import Program, running

ROUNDS = 20
TIMES = 50
CALLERS = 64
CALLS = 40


async def make(program: Program) -> tuple[UUID, UUID, UUID]:
    """One budget of the agent and three of the user; their workspace, another without budgets, and the user."""
    client = program.connect()
    user = (await client.json("GET", "/api/v1/user", None))["data"]
    empty = await client.json("POST", "/api/v1/workspaces", {"name": "Empty"})
    budgets = [("agent", program.agent_uuid, "month")]
    budgets += [("user", user["uuid"], period) for period in ("day", "month", "total")]
    for scope, uuid, period in budgets:
        limits = {"period": period, "limit_cost": 1e9, "limit_tokens": 10**15}
        await client.json("POST", "/api/v1/budgets", {"name": "B", "scope_type": scope, "scope_uuid": uuid, **limits})
    client.close()
    return UUID(user["default_workspace_uuid"]), UUID(empty["data"]["uuid"]), UUID(user["uuid"])


class Measured:
    """A process's pool, in which calls are paid for."""

    def __init__(self, database: Database, workspace: UUID) -> None:
        self.database = database
        self.workspace = workspace
        self.number = 0

    async def write(self) -> None:
        """A transaction that changes one row, for comparison: most of it is the commit."""
        async with self.database.session(Scope(self.workspace)) as session:
            await session.execute("UPDATE agents SET revision = revision + 1 WHERE workspace_uuid = $1", self.workspace)

    async def pay(self, spender: Spender) -> None:
        """What a call adds."""
        self.number += 1
        reservation = await reserve(self.database, spender, str(self.number), 0.001, 100)
        if reservation.uuid is not None:
            async with self.database.session(Scope(spender.workspace_uuid)) as session:
                await settle(session, reservation, 0.001, 100)


async def compare(calls: dict[str, Callable[[], Awaitable[None]]]) -> None:
    """The medians, in turn."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            await call()
            for _ in range(TIMES):
                begun = time.perf_counter()
                await call()
                taken[name].append(time.perf_counter() - begun)
    base = median_ms(taken["a transaction that changes a row"])
    for name, seconds in taken.items():
        print(f"{name:44} {median_ms(seconds):.3f} ms, {median_ms(seconds) / base:.2f} times", flush=True)


async def contend(measured: Measured, spender: Spender) -> None:
    """Many callers of one budget."""

    async def caller() -> None:
        for _ in range(CALLS):
            await measured.pay(spender)

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    rate = CALLERS * CALLS / (time.perf_counter() - begun)
    print(f"{CALLERS} callers of one budget: {rate:.0f} calls/s", flush=True)


async def measure(program: Program) -> None:
    """From a process of its own on the program's database."""
    workspace, empty, user = await make(program)
    url = find_running(program.data_dir)
    assert url is not None
    database = await Database.open(url)
    database.provide(KnownBudgets())
    measured = Measured(database, workspace)
    run, agent = new_uuid(), UUID(program.agent_uuid)
    await compare(
        {
            "a transaction that changes a row": measured.write,
            "no budget in the workspace": lambda: measured.pay(Spender(empty, user, run_uuid=run)),
            "budgets of others alone": lambda: measured.pay(Spender(workspace, run_uuid=run)),
            "one budget": lambda: measured.pay(Spender(workspace, agent_uuid=agent, run_uuid=run)),
            "four budgets": lambda: measured.pay(Spender(workspace, user, agent_uuid=agent, run_uuid=run)),
        }
    )
    await contend(measured, Spender(workspace, agent_uuid=agent, run_uuid=run))
    await database.close()


async def main() -> None:
    """Prints the figures."""
    async with running() as program:
        await measure(program)


if __name__ == "__main__":
    asyncio.run(main())
