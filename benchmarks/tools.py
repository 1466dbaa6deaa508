"""What a call of a tool adds to a run beyond the tool's own time.

python -m benchmarks.tools [runs]

A scripted model calls one tool and answers with its result. Taken is the time from the end of the model's answer that
calls, to the arrival of the request that has the result, without the time that the tool's server took; one caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncGenerator
from typing import Any

from benchmarks.agent_runs import median_ms, percentile_ms
from benchmarks.program import Program, running

ROUNDS = 200
WARM = 20
TOOL_SECONDS = 0.005
ARGUMENTS = {"expression": "2 + 3"}
STREAM = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: "
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"value":5}'


def streamed(delta: dict[str, Any], finish: str) -> bytes:
    """A model's whole answer."""
    chunks = [
        {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
        {"id": "c", "choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}},
    ]
    body = "".join(f"data: {each}\n\n" for each in [*map(json.dumps, chunks), "[DONE]"])
    return f"{STREAM}{len(body)}\r\n\r\n{body}".encode()


class Servers:
    """The model and the tool's server behind one port; when the model had called, the tool was asked, and so on."""

    def __init__(self) -> None:
        self.function = ""
        self.called = self.tool_asked = self.tool_answered = self.asked_again = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                body = await reader.readexactly(int(fields.get(b"content-length", 0)))
                now = time.perf_counter()
                if b"/chat/completions " in head.split(b"\r\n")[0]:
                    await self._model(writer, body, now)
                else:
                    await self._tool(writer, now)
        writer.close()

    async def _model(self, writer: asyncio.StreamWriter, body: bytes, now: float) -> None:
        if any(each["role"] == "tool" for each in json.loads(body)["messages"]):
            self.asked_again = now
            writer.write(streamed({"content": "It is 5."}, "stop"))
            return
        function = {"name": self.function, "arguments": json.dumps(ARGUMENTS)}
        call = {"index": 0, "id": "call_1", "type": "function", "function": function}
        writer.write(streamed({"tool_calls": [call]}, "tool_calls"))
        await writer.drain()
        self.called = time.perf_counter()

    async def _tool(self, writer: asyncio.StreamWriter, now: float) -> None:
        self.tool_asked = now
        await asyncio.sleep(TOOL_SECONDS)
        writer.write(ANSWER)
        await writer.drain()
        self.tool_answered = time.perf_counter()


@contextlib.asynccontextmanager
async def serving(servers: Servers) -> AsyncGenerator[str]:
    """Their address."""
    server = await asyncio.start_server(servers.serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def make(program: Program, url: str) -> dict[str, str]:
    """Agents with one tool each: the path that runs it, by the name of the tool's only function."""
    client = program.connect()
    providers = await client.json("GET", "/api/v1/providers?slug=openai-compatible")
    credentials = {"base_url": f"{url}/v1", "api_key": "sk-benchmark"}
    account = {"name": "Calls", "provider_uuid": providers["data"][0]["uuid"], "credentials": credentials}
    account_uuid = (await client.json("POST", "/api/v1/accounts", account))["data"]["uuid"]
    properties = {"expression": {"type": "string"}}
    tools = [
        {
            "name": "Ask",
            "type": "http",
            "config": {"method": "POST", "url": f"{url}/ask"},
            "parameters": {"type": "object", "properties": properties, "required": ["expression"]},
        },
        {"name": "Calculator", "type": "builtin", "config": {"name": "calculator"}},
    ]
    paths: dict[str, str] = {}
    for tool in tools:
        made = (await client.json("POST", "/api/v1/tools", tool))["data"]
        agent = {"name": "A", "model": "m", "account_uuid": account_uuid, "tool_uuids": [made["uuid"]]}
        agent_uuid = (await client.json("POST", "/api/v1/agents", agent))["data"]["uuid"]
        paths[made["functions"][0]["name"]] = f"/api/v1/agents/{agent_uuid}/run"
    client.close()
    return paths


async def measure(program: Program, servers: Servers, path: str, rounds: int) -> None:
    """Runs it, and prints the medians."""
    client = program.connect()
    added: list[float] = []
    before: list[float] = []
    after: list[float] = []
    for turn in range(WARM + rounds):
        servers.tool_asked = servers.tool_answered = 0.0
        run = (await client.json("POST", path, {"input": "What is 2 + 3?"}))["data"]
        assert run["output"]["message"]["content"] == "It is 5.", run
        if turn >= WARM:
            added.append(servers.asked_again - servers.called - (servers.tool_answered - servers.tool_asked))
            before.append(servers.tool_asked - servers.called)
            after.append(servers.asked_again - servers.tool_answered)
    client.close()
    print(f"{servers.function:10} {median_ms(added):.2f} ms, p95 {percentile_ms(added, 0.95):.2f} ms", flush=True)
    if servers.tool_asked:
        print(f"  {median_ms(before):.2f} ms before the tool's server is asked, {median_ms(after):.2f} ms after it")


async def main(rounds: int) -> None:
    """An HTTP request, and a tool that is Athena's own."""
    servers = Servers()
    async with running() as program, serving(servers) as url:
        for servers.function, path in (await make(program, url)).items():
            await measure(program, servers, path, rounds)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS))
