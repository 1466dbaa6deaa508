"""Effect nodes a second by one worker, and by two, on the same database.

python -m benchmarks.workflow_workers [executions] [runs that a worker is at work on at a time]

The target takes 20 ms, and a worker has room for few runs, so that what is measured is how work is shared out, and not
how many cores there are. Executions are accepted before the workers start; the time is that between a tenth and eight
tenths of all requests.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from athena.postgres import EmbeddedPostgres
from benchmarks.client import Connection
from benchmarks.program import free_port
from benchmarks.target import count, running_target
from benchmarks.workflows import requests
from tests.e2e.program import Athena

SECRET_KEY = "measured-0123456789-abcdefghijklmnopqrstuvwxyz"
MILLISECONDS = 20
NODES = 5
CALLERS = 8
BEGIN, END = 0.1, 0.8


async def accept(api: Athena, workflow_uuid: str, executions: int) -> None:
    """Has the executions accepted, which nobody runs yet."""
    left = iter(range(executions))

    async def caller() -> None:
        for _ in left:
            await api.call("POST", f"/workflows/{workflow_uuid}/run", {"background": True}, 202)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


async def reached(target: Connection, goal: float) -> float:
    """The moment at which the target has been asked so often."""
    while await count(target) < goal:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return time.perf_counter()


async def throughput(api: Athena, workers: list[Athena], target: Connection, executions: int, uuid: str) -> float:
    """Effect nodes a second by these workers."""
    await accept(api, uuid, executions)
    before, whole = await count(target), executions * NODES
    for worker in workers:
        worker.launch("worker")
    first = await reached(target, before + whole * BEGIN)
    last = await reached(target, before + whole * END)
    await reached(target, before + whole)
    for worker in workers:
        worker.kill_everything()
    return whole * (END - BEGIN) / (last - first)


async def measure(folder: Path, executions: int, room: int) -> None:
    """One worker, then two, then one again."""
    with EmbeddedPostgres.start(folder / "database") as database:
        shared = {"ATHENA_DATABASE_URL": database.url, "ATHENA_SECRET_KEY": SECRET_KEY, "ATHENA_LEASE_SECONDS": "5"}
        room_for = {"ATHENA_MAX_CONCURRENT_RUNS": str(room)}
        api = Athena(folder / "api", free_port(), **shared)
        workers = [Athena(folder / name, free_port(), **shared, **room_for) for name in ("one", "two")]
        try:
            async with running_target(MILLISECONDS) as url:
                await api.start("serve", "--no-worker")
                api.sign_in_as_first_owner()
                made = await api.call("POST", "/workflows", requests(NODES, url))
                target = Connection(url, {})
                found = [
                    await throughput(api, workers[:number], target, executions, made["uuid"]) for number in (1, 2, 1)
                ]
                target.close()
        finally:
            for each in (api, *workers):
                await each.close()
    ratio = 2 * found[1] / (found[0] + found[2])
    print(
        f"{NODES} effect nodes of {MILLISECONDS} ms in a row, room for {room} runs a worker: one worker "
        f"{found[0]:.0f} and {found[2]:.0f} nodes/s, two {found[1]:.0f}: {ratio:.2f} times"
    )


def main(executions: int, room: int) -> None:
    """Prints the figures."""
    folder = Path(tempfile.mkdtemp(prefix="athena-workers-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("database", "api", "one", "two"):
        (folder / name).mkdir(mode=0o755)
    asyncio.run(measure(folder, executions, room))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 600, int(sys.argv[2]) if sys.argv[2:] else 4)
