"""Each run has a process of its own, which can reach nothing, and whose death harms nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator

import psutil
import pytest

from athena.sandbox import CodeError, CodeResult, Limits, PythonSandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes the Linux way")
ENDLESS = "while True: pass"


@pytest.fixture
async def sandbox() -> AsyncGenerator[PythonSandbox]:
    opened = PythonSandbox()
    yield opened
    await opened.close()


def running(sandbox: PythonSandbox, code: str, seconds: float = 30) -> asyncio.Task[CodeResult]:
    return asyncio.create_task(sandbox.run(code, {}, limits=Limits(seconds=seconds)))


async def worker_of(sandbox: PythonSandbox, *, after: int | None = None) -> psutil.Process:
    """The process of the only run, once it works; another one than ``after``."""
    async with asyncio.timeout(20):
        while True:
            for program in sandbox._running:
                worker = program._worker
                if worker is not None and worker != after and psutil.Process(worker).cpu_times().user > 0:
                    return psutil.Process(worker)
            await asyncio.sleep(0.005)


def gone(pid: int, *, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


async def test_a_worker_has_no_environment_and_may_open_nothing(
    sandbox: PythonSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATHENA_SECRET_KEY", "very secret")
    run = running(sandbox, ENDLESS)
    worker = await worker_of(sandbox)
    assert worker.environ() == {}
    for limit in (psutil.RLIMIT_NOFILE, psutil.RLIMIT_FSIZE, psutil.RLIMIT_CORE):
        assert worker.rlimit(limit) == (0, 0)
    assert worker.rlimit(psutil.RLIMIT_CPU) == (62, 62)
    assert worker.rlimit(psutil.RLIMIT_AS) == (1_152_000_000, 1_152_000_000)
    run.cancel()


async def test_no_process_is_left_when_nothing_runs(sandbox: PythonSandbox) -> None:
    run = running(sandbox, ENDLESS)
    first = await worker_of(sandbox)
    run.cancel()
    assert await asyncio.to_thread(gone, first.pid, within=10)
    assert (await sandbox.run("result = 1", {})).value == 1
    workers = [process.pid for process in psutil.Process().children() if "monty" in process.name()]
    for pid in workers:
        assert await asyncio.to_thread(gone, pid, within=10)


async def test_a_worker_that_is_killed_from_elsewhere_is_replaced_once(sandbox: PythonSandbox) -> None:
    run = running(sandbox, "for n in range(20_000_000): pass\nresult = n")
    (await worker_of(sandbox)).kill()
    assert (await run).value == 19_999_999


async def test_code_whose_worker_dies_twice_has_crashed_and_others_go_on(sandbox: PythonSandbox) -> None:
    run = running(sandbox, ENDLESS)
    first = await worker_of(sandbox)
    first.kill()
    second = await worker_of(sandbox, after=first.pid)
    others = [running(sandbox, f"for n in range(2_000_000): pass\nresult = {n}") for n in range(3)]
    second.kill()
    with pytest.raises(CodeError) as caught:
        await run
    assert caught.value.kind == "crashed"
    assert [(await other).value for other in others] == [0, 1, 2]


async def test_a_worker_that_hangs_is_killed_after_its_time(sandbox: PythonSandbox) -> None:
    run = running(sandbox, ENDLESS, seconds=0.2)
    worker = await worker_of(sandbox)
    worker.suspend()
    with pytest.raises(CodeError) as caught:
        await run
    assert caught.value.kind == "timeout"
    assert gone(worker.pid, within=10)
    assert (await sandbox.run("result = 1", {})).value == 1


ORPHANING = """
import asyncio, sys
from athena.sandbox import Limits, PythonSandbox

async def main():
    sandbox = PythonSandbox()
    run = asyncio.create_task(sandbox.run(sys.argv[1], {}, limits=Limits(seconds=0.5, memory_mb=512)))
    while not (workers := [program._worker for program in sandbox._running if program._worker]):
        await asyncio.sleep(0.005)
    print(workers[0], flush=True)
    await run

asyncio.run(main())
"""


@pytest.mark.parametrize("code", [ENDLESS, "x = 3\nwhile True: x = x * x"], ids=["interruptible", "not interruptible"])
def test_a_worker_does_not_outlive_a_parent_that_is_killed(code: str) -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHANING, code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
    assert gone(worker, within=30)


def test_a_process_that_ran_code_ends_in_peace_even_without_closing() -> None:
    code = (
        "import asyncio; from athena.sandbox import PythonSandbox\n"
        "async def main(): print((await PythonSandbox().run('result = 7', {})).value)\n"
        "asyncio.run(main())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "7\n", "")
