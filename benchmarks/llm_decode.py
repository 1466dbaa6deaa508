"""CPU per streamed token of a model's answer, from the socket to the event, in one process.

    python benchmarks/llm_decode.py [--streams 500] [--rate 20] [--seconds 6]

The mock model server runs in another process, so that only the client's CPU is counted. Each token arrives alone,
as from a slow model: the most expensive case.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from athena.kit.egress import Egress
from athena.llm.client import ModelClient
from athena.llm.types import Completed, Dialect, Message, ModelEndpoint, ModelRequest

MOCK = Path(__file__).parent.parent / "tests" / "mockllm.py"


def start_mock() -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(MOCK), "--port", str(port)], stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return process, port
    process.kill()
    raise SystemExit("the mock server did not start")


async def one(client: ModelClient, endpoint: ModelEndpoint, request: ModelRequest, wait: float) -> int:
    await asyncio.sleep(wait)
    events = 0
    async for event in client.stream(endpoint, request):
        if not isinstance(event, Completed):
            events += 1
    return events


async def run(port: int, dialect: Dialect, streams: int, rate: float, seconds: float) -> None:
    egress = Egress(["127.0.0.1"])
    client = ModelClient(egress)
    endpoint = ModelEndpoint(dialect, f"http://127.0.0.1:{port}/v1", {"authorization": "Bearer none"})
    tokens = int(rate * seconds)
    request = ModelRequest(model=f"mock-t{tokens}-d{int(1000 / rate)}", messages=(Message("user", "hello"),))
    await client.complete(endpoint, ModelRequest(model="mock-t2", messages=(Message("user", "hello"),)))
    begun, cpu = time.perf_counter(), time.process_time()
    # Spread over one interval, so that the tokens do not all arrive at once.
    counts = await asyncio.gather(
        *(one(client, endpoint, request, number / streams / rate) for number in range(streams))
    )
    cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
    await egress.close()
    made = tokens * streams
    print(
        f"{dialect.value}: {streams} streams of {rate:g} tokens/s, {made} tokens in {wall:.1f} s "
        f"({sum(counts)} events): {cpu / made * 1e6:.1f} µs CPU per token, {cpu / wall:.0%} of one core"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=6)
    options = parser.parse_args()
    process, port = start_mock()
    try:
        import uvloop  # noqa: PLC0415 - not on Windows

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            for dialect in (Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES):
                runner.run(run(port, dialect, options.streams, options.rate, options.seconds))
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
