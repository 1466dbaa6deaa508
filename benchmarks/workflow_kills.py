"""Workflows under load while processes are killed and the database is stopped hard: nothing lost, stuck or done twice.

python -m benchmarks.workflow_kills [rounds] [executions at least]
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from athena.postgres import EmbeddedPostgres
from benchmarks.program import free_port
from tests.e2e.program import Athena
from tests.e2e.workflow_load import Ledger, Load, check, settle, workflow

SECRET_KEY = "measured-0123456789-abcdefghijklmnopqrstuvwxyz"
CALLERS = 8
STUCK_SECONDS = 60.0
DATABASE_STOPS = 3
KINDS = ("api", "worker", "both")


async def kill(kind: str, api: Athena, worker: Athena) -> None:
    """Ends one of the programs, or both, and starts it again."""
    killed = [each for name, each in (("api", api), ("worker", worker)) if kind in {name, "both"}]
    for each in killed:
        each.kill_everything()
    for each in killed:
        if each is api:
            await api.start()
        else:
            each.launch("worker")


async def torment(api: Athena, worker: Athena, database: EmbeddedPostgres, load: Load, rounds: int, seed: int) -> None:
    """Kills the programs in turn, then stops the database hard."""
    moments = random.Random(seed)
    for number in range(rounds):
        await asyncio.sleep(moments.uniform(0.5, 2.0))
        kind = KINDS[number % len(KINDS)]
        await kill(kind, api, worker)
        print(f"killed {kind}: {len(load.accepted)} accepted so far", flush=True)
    for number in range(DATABASE_STOPS):
        await asyncio.sleep(moments.uniform(0.5, 2.0))
        os.kill(database.pid, signal.SIGKILL if number % 2 else signal.SIGQUIT)
        while database.running:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        database.ensure_running()
        await api.until_ready()
        print(f"stopped the database hard: {len(load.accepted)} accepted so far", flush=True)


async def measure(folder: Path, rounds: int, least: int, seed: int) -> None:
    """One run with two programs on a database that belongs to neither."""
    ledger = Ledger()
    await ledger.start()
    with EmbeddedPostgres.start(folder / "database") as database:
        shared = {"ATHENA_DATABASE_URL": database.url, "ATHENA_SECRET_KEY": SECRET_KEY, "ATHENA_LEASE_SECONDS": "5"}
        api, worker = (Athena(folder / name, free_port(), **shared) for name in ("api", "worker"))
        try:
            await api.start()
            api.sign_in_as_first_owner()
            worker.launch("worker")
            made = await api.call("POST", "/workflows", workflow(ledger.url))
            load = Load(api, made["uuid"])
            begun = time.monotonic()
            load.start(CALLERS)
            await torment(api, worker, database, load, rounds, seed)
            while len(load.accepted) < least:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            await load.stop()
            loaded = time.monotonic() - begun
            seconds = await settle(api, made["uuid"], STUCK_SECONDS)
            await check(api, load, ledger)
        finally:
            for each in (api, worker):
                await each.close()
            await ledger.stop()
    print(
        f"seed {seed}: {len(load.accepted)} executions accepted in {loaded:.0f} s, all succeeded {seconds:.1f} s after "
        f"the load; {sum(ledger.effects.values())} effects, none twice; {ledger.repeated} requests came again, each "
        "under the same key"
    )


def main(rounds: int, least: int) -> None:
    """Prints what became of it."""
    folder = Path(tempfile.mkdtemp(prefix="athena-kills-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("database", "api", "worker"):
        (folder / name).mkdir(mode=0o755)
    asyncio.run(measure(folder, rounds, least, random.randrange(2**32)))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20, int(sys.argv[2]) if sys.argv[2:] else 5_000)
