"""What Athena adds to a model's own time: runs finished, first tokens, many streams, idle streams.

python -m benchmarks.agent_runs [latency] [throughput] [first-token] [streams] [burst] [idle]
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.client import Connection
from benchmarks.program import Program, running

STAMP = re.compile(rb"@(\d+) ")


def median_ms(seconds: list[float]) -> float:
    """The median in milliseconds."""
    return statistics.median(seconds) * 1000


def percentile_ms(seconds: list[float], share: float) -> float:
    """A percentile in milliseconds."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


async def _timed(call: Callable[[], Awaitable[Any]]) -> float:
    begun = time.perf_counter()
    await call()
    return time.perf_counter() - begun


async def latency(program: Program) -> None:
    """An agent run that is not streamed, one caller, against the same call straight to the model, alternating."""
    athena, model = program.connect(), program.model()
    run = f"/api/v1/agents/{program.agent_uuid}/run"
    chat = {"model": "mock", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(330):
        mine = await _timed(lambda: athena.json("POST", run, {"input": "hi"}))
        direct = await _timed(lambda: model.request("POST", "/v1/chat/completions", chat))
        if turn >= 30:
            ours.append(mine)
            theirs.append(direct)
    added = median_ms(ours) - median_ms(theirs)
    print(
        f"run, one caller: {median_ms(ours):.1f} ms, model alone {median_ms(theirs):.1f} ms, added {added:.1f} ms "
        f"(p95 {percentile_ms(ours, 0.95):.1f} ms)"
    )


async def throughput(program: Program) -> None:
    """64 callers in a closed loop."""
    run = f"/api/v1/agents/{program.agent_uuid}/run"
    taken: list[float] = []
    stop = 0.0

    async def caller() -> None:
        connection = program.connect()
        while time.perf_counter() < stop:
            taken.append(await _timed(lambda: connection.json("POST", run, {"input": "hi"})))
        connection.close()

    for seconds, counted in ((2.0, False), (10.0, True)):
        taken.clear()
        begun, cpu = time.perf_counter(), program.cpu_seconds()
        stop = begun + seconds
        await asyncio.gather(*(caller() for _ in range(64)))
        if counted:
            elapsed = time.perf_counter() - begun
            rate, cpu_ms = len(taken) / elapsed, (program.cpu_seconds() - cpu) / len(taken) * 1000
            spread = f"p50 {median_ms(taken):.0f} ms, p95 {percentile_ms(taken, 0.95):.0f} ms"
            print(f"run, 64 callers: {rate:.0f} runs/s, {spread}")
            print(f"  {cpu_ms:.1f} ms of CPU a run")


class Stream:
    """One streamed run: when each token arrived, and how old it was then."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.lateness: list[float] = []
        self.tokens = 0
        self.completed = False

    async def follow(self, connection: Connection, path: str, body: Any) -> None:
        """Runs it to its end."""
        begun = time.perf_counter()
        status, _ = await connection.send("POST", path, body)
        assert status == 200, status
        while data := await connection.chunk():
            if b"event: message.delta" in data:
                now = time.time() * 1e6
                if self.first is None:
                    self.first = time.perf_counter() - begun
                for line in data.split(b"\n"):
                    if line.startswith(b"data:") and b'"delta"' in line:
                        for stamp in STAMP.findall(line):
                            self.tokens += 1
                            self.lateness.append((now - int(stamp)) / 1e6)
            if b"event: run.completed" in data:
                self.completed = True


async def first_token(program: Program) -> None:
    """The first streamed token, one caller; then the same while 100 slow streams are in progress."""
    run = f"/api/v1/agents/{program.agent_uuid}/run"
    await _first_token(program, "one caller", 200)
    slow = [asyncio.create_task(_slow(program, run)) for _ in range(100)]
    await asyncio.sleep(3)
    await _first_token(program, "100 slow streams beside", 100)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def _slow(program: Program, run: str) -> None:
    while True:
        connection = program.connect()
        body = {"input": "hi", "stream": True, "model": "mock-t400-d50"}
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await Stream().follow(connection, run, body)
        connection.close()


async def _first_token(program: Program, name: str, turns: int) -> None:
    run = f"/api/v1/agents/{program.agent_uuid}/run"
    chat = {"model": "mock-t3-d20-ts", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    athena, model = program.connect(), program.model()
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(turns + 10):
        stream = Stream()
        await stream.follow(athena, run, {"input": "hi", "stream": True, "model": "mock-t3-d20-ts"})
        begun = time.perf_counter()
        await model.send("POST", "/v1/chat/completions", chat)
        first: float | None = None
        while data := await model.chunk():
            if first is None and STAMP.search(data):
                first = time.perf_counter() - begun
        if turn >= 10:
            ours.append(stream.first or 0)
            theirs.append(first or 0)
    print(
        f"first token, {name}: {median_ms(ours):.1f} ms, model alone {median_ms(theirs):.1f} ms, "
        f"added {median_ms(ours) - median_ms(theirs):.1f} ms (p95 {percentile_ms(ours, 0.95):.1f} ms)"
    )


async def streams(program: Program, count: int = 500, ramp: float = 5.0) -> None:
    """500 streams of 20 tokens a second for 10 s, begun over ``ramp`` seconds."""
    run = f"/api/v1/agents/{program.agent_uuid}/run"
    body = {"input": "hi", "stream": True, "model": "mock-t200-d50-ts"}
    all_streams = [Stream() for _ in range(count)]
    cpu = program.cpu_seconds()

    async def one(index: int, stream: Stream) -> None:
        await asyncio.sleep(index * ramp / count)
        connection = program.connect()
        await stream.follow(connection, run, body)
        connection.close()

    peak = 0.0
    work = asyncio.gather(*(one(index, stream) for index, stream in enumerate(all_streams)), return_exceptions=True)
    begun = time.perf_counter()
    while not work.done():
        await asyncio.sleep(1)
        peak = max(peak, program.memory()["athena"])
    outcome = await work
    errors = [each for each in outcome if isinstance(each, BaseException)]
    late = [value for stream in all_streams for value in stream.lateness]
    firsts = [stream.first for stream in all_streams if stream.first is not None]
    done = sum(stream.completed and stream.tokens == 200 for stream in all_streams)
    print(f"{count} streams, begun within {ramp:g} s: {done} complete, {len(errors)} errors {errors[:1]}")
    print(f"  first token p50 {median_ms(firsts):.0f} ms, max {max(firsts) * 1000:.0f} ms")
    print(f"  tokens late p50 {median_ms(late):.0f} ms, p95 {percentile_ms(late, 0.95):.0f} ms")
    elapsed = time.perf_counter() - begun
    print(f"  {peak:.0f} MB at the peak, {program.cpu_seconds() - cpu:.1f} s of CPU in {elapsed:.1f} s")


async def idle(program: Program, count: int = 2000) -> None:
    """2,000 streams that are open and say nothing."""
    connection = program.connect()
    run = f"/api/v1/agents/{program.agent_uuid}/run"
    started = await connection.json("POST", run, {"input": "hi", "background": True, "model": "mock-t2-d25000-ts"})
    path = f"/api/v1/runs/{started['data']['uuid']}/events"
    await asyncio.sleep(1)
    before = program.memory()["athena"]
    opened = [program.connect() for _ in range(count)]
    for at in range(0, count, 100):
        await asyncio.gather(*(one.send("GET", path) for one in opened[at : at + 100]))
    await asyncio.sleep(1)
    after = program.memory()["athena"]
    print(f"{count} idle streams: {(after - before) / count * 1000:.1f} KB each ({before:.0f} to {after:.0f} MB)")
    for one in opened:
        one.close()


async def burst(program: Program) -> None:
    """The same, all begun at once."""
    await streams(program, ramp=0.0)


MEASUREMENTS = {
    "latency": latency,
    "throughput": throughput,
    "first-token": first_token,
    "streams": streams,
    "burst": burst,
    "idle": idle,
}


async def main(names: list[str]) -> None:
    """Runs the named measurements, or all, each on a fresh instance."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, hard), hard))
    del soft
    for name in names or list(MEASUREMENTS):
        async with running() as program:
            await MEASUREMENTS[name](program)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
