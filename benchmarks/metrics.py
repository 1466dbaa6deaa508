"""Lists, counts, searches and metrics of two workspaces of one database, one a hundred times as large, alternating.

python -m benchmarks.metrics [rows] [part of a request's name]
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import quote

import asyncpg

from athena.postgres import find_running
from benchmarks.agent_runs import median_ms, percentile_ms
from benchmarks.client import Connection
from benchmarks.program import Program, running
from benchmarks.rows import add_workspaces, fill

CALLERS = 16
WORKSPACES = 10_000
SMALL = 10_000
SECONDS = 3.0
ROUNDS = 3

REQUESTS = {
    "threads": "threads?per_page=25",
    "threads, by cursor": "threads?per_page=25&cursor=",
    "threads, by name": "threads?per_page=25&sort=name",
    "threads, of an agent": "threads?per_page=25&agent_uuid={agent}",
    "threads, before a time": "threads?per_page=25&created_before=2026-06-01T00:00:00Z",
    "threads, last page": "threads?per_page=25&page={last}",
    "threads, middle page": "threads?per_page=25&page={middle}",
    "threads, rare text": "threads?per_page=25&search=refund 3999",
    "threads, common text": "threads?per_page=25&search=refund",
    "messages": "messages?per_page=25",
    "messages, of a role": "messages?per_page=25&role=assistant",
    "messages, of none": "messages?per_page=25&role=tool",
    "messages, of an agent": "messages?per_page=25&agent_uuid={agent}",
    "messages, rare text": "messages?per_page=25&search=question 3999",
    "messages, common text": "messages?per_page=25&search=gravel",
    "runs": "runs?per_page=25",
    "runs, failed": "runs?per_page=25&status=failed",
    "runs, of an agent": "runs?per_page=25&agent_uuid={agent}",
    "executions": "workflow-executions?per_page=25",
    "executions, by cursor": "workflow-executions?per_page=25&cursor=",
    "executions, failed": "workflow-executions?per_page=25&status=failed",
    "executions, of a workflow": "workflow-executions?per_page=25&workflow_uuid={agent}",
    "executions, of a version": "workflow-executions?per_page=25&workflow_uuid={agent}&workflow_version=2",
    "executions, by duration": "workflow-executions?per_page=25&sort=-duration_ms&cursor=",
    "executions, by cost": "workflow-executions?per_page=25&sort=-cost",
    "executions, of an error": "workflow-executions?per_page=25&error_fingerprint=f9",
    "executions, counts": "workflow-executions/counts",
    "executions, counts of a workflow": "workflow-executions/counts?workflow_uuid={agent}",
    "executions, counts of a status": "workflow-executions/counts?status=failed",
    "metrics, agents": "metrics/agents",
    "metrics, threads": "metrics/threads",
    "metrics, messages": "metrics/messages",
    "metrics, workflows": "metrics/workflows",
    "metrics, executions": "metrics/workflow-executions",
    "metrics, agents, Kolkata": "metrics/agents?timezone=Asia/Kolkata",
    "metrics, agents, an agent's": "metrics/agents?agent_uuid={agent}",
    "metrics, agents, a year by week": "metrics/agents?from={year}&interval=week",
    "metrics, agents, 30 days by hour": "metrics/agents?interval=hour",
    "metrics, workspaces": "workspaces/metrics",
    "leaderboard, month": "agents/leaderboard",
    "leaderboard, year": "agents/leaderboard?period=year",
}


@dataclass
class Place:
    """A measured workspace, and what is asked of it."""

    uuid: str
    agent: str
    rows: int
    taken: list[float] = field(default_factory=list[float])

    def path(self, request: str) -> str:
        """A request's path in this workspace."""
        year = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - 364 * 86_400))
        last = self.rows // 25
        filled = request.format(agent=self.agent, last=last, middle=last // 2, year=year).replace(" ", "%20")
        if filled.startswith("workspaces/"):
            return f"/api/v1/{filled}"
        return f"/api/v1/{filled}{'&' if '?' in filled else '?'}workspace_uuid={quote(self.uuid)}"


async def prepare(program: Program, rows: int) -> list[Place]:
    """Two workspaces of the owner among many: the small one, and the large one."""
    url = find_running(program.data_dir)
    assert url is not None
    connection = await asyncpg.connect(url)
    await add_workspaces(connection, WORKSPACES)
    client = program.connect()
    places: list[Place] = []
    for name, size in (("Small", SMALL), ("Large", rows)):
        uuid: str = (await client.json("POST", "/api/v1/workspaces", {"name": name}))["data"]["uuid"]
        begun = time.perf_counter()
        await fill(connection, uuid, size)
        print(f"{name}: {size:,} rows of each in {time.perf_counter() - begun:.0f} s", flush=True)
        agent = await connection.fetchval("SELECT max(uuid::text) FROM agents WHERE workspace_uuid = $1", uuid)
        places.append(Place(uuid, agent, size))
    client.close()
    await connection.close()
    return places


async def load(program: Program, path: str, seconds: float) -> list[float]:
    """How long each of the requests took that callers in closed loops send for some seconds."""
    taken: list[float] = []
    stop = time.perf_counter() + seconds

    async def caller() -> None:
        connection: Connection = program.connect()
        while time.perf_counter() < stop:
            begun = time.perf_counter()
            status, body = await connection.request("GET", path)
            assert status == 200, body
            taken.append(time.perf_counter() - begun)
        connection.close()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return taken


async def measure(program: Program, places: list[Place], name: str) -> None:
    """Both workspaces in turn."""
    for place in places:
        place.taken.clear()
        await load(program, place.path(REQUESTS[name]), 0.5)
    for _ in range(ROUNDS):
        for place in places:
            place.taken += await load(program, place.path(REQUESTS[name]), SECONDS / ROUNDS)
    small, large = ([median_ms(place.taken), percentile_ms(place.taken, 0.95)] for place in places)
    print(
        f"{name:34} p50 {small[0]:6.1f} {large[0]:6.1f} ms   p95 {small[1]:6.1f} {large[1]:6.1f} ms   "
        f"{large[1] / small[1]:5.2f} times",
        flush=True,
    )


async def main(rows: int, part: str) -> None:
    """Prints the figures."""
    async with running() as program:
        places = await prepare(program, rows)
        print(f"{SMALL:,} and {rows:,} rows, {CALLERS} callers; {program.process.pid}", flush=True)
        for name in REQUESTS:
            if part in name:
                await measure(program, places, name)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000, " ".join(sys.argv[2:])))
