"""A model server that remembers what it was asked, and answers as a test scripts it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

Script = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


class ModelServer:
    """``requests`` holds the bodies so far. Each request takes the next of ``scripts``; without one it is answered."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.scripts: list[Script] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._answer)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/v1"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _models(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"object": "list", "data": [{"id": "small", "object": "model"}]})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        script = self.scripts.pop(0) if self.scripts else saying(f"Answer {len(self.requests)}.")
        return await script(request, body)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Role and text of each message of the last request."""
        return [(message["role"], message["content"]) for message in self.requests[-1]["messages"]]


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return (
        b"data: " + json.dumps({"id": "c1", "object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"
    )


def saying(
    *texts: str, usage: dict[str, int] | None = None, until: asyncio.Event | None = None, drop: bool = False
) -> Script:
    """Streams ``texts``; waits for ``until`` after the first one; ``drop``: the connection breaks after the last."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if not body.get("stream"):
            message = {"role": "assistant", "content": "".join(texts)}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            return web.json_response({"id": "c1", "choices": choices, **({"usage": usage} if usage else {})})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, text in enumerate(texts):
            await response.write(_chunk({"content": text}))
            if number == 0 and until is not None:
                await until.wait()
        if drop:
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(_chunk({}, "stop"))
        counted = usage or {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        await response.write(b"data: " + json.dumps({"id": "c1", "choices": [], "usage": counted}).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    return answer


def calling(
    *calls: tuple[str, Any], says: str = "", ids: Sequence[str] | None = None, usage: dict[str, int] | None = None
) -> Script:
    """Calls functions: the name and arguments of each (text as it is written); ``says`` something before."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if says:
            await response.write(_chunk({"content": says}))
        for index, (name, arguments) in enumerate(calls):
            written = arguments if isinstance(arguments, str) else json.dumps(arguments)
            call = {"index": index, "id": ids[index] if ids else f"call_{index}", "type": "function"}
            await response.write(_chunk({"tool_calls": [{**call, "function": {"name": name, "arguments": written}}]}))
        await response.write(_chunk({}, "tool_calls"))
        counted = usage or {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
        await response.write(b"data: " + json.dumps({"id": "c1", "choices": [], "usage": counted}).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    return answer


def failing(status: int, message: str = "no", headers: dict[str, str] | None = None) -> Script:
    """Answers with an error."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.json_response({"error": {"message": message}}, status=status, headers=headers)

    return answer


def raw(content: bytes, content_type: str = "text/event-stream") -> Script:
    """Answers with these bytes."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type)

    return answer
