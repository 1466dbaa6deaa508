"""A server of the protocol with sessions (2025-06-18), which keeps to it as far as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

Give = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


def result(**content: Any) -> Give:
    """A JSON-RPC result."""

    async def give(_: web.Request, message: dict[str, Any]) -> web.StreamResponse:
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": content})

    return give


def said(text: str) -> Give:
    """What a tool that works answers."""
    return result(content=[{"type": "text", "text": text}])


def raw(body: str, status: int = 200, content_type: str = "application/json", **headers: str) -> Give:
    """An answer of any kind; ``$ID`` stands for the request's id."""

    async def give(_: web.Request, message: dict[str, Any]) -> web.StreamResponse:
        text = body.replace("$ID", str(message.get("id")))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(text=text, status=status, content_type=content_type, headers=named)

    return give


def endless(seconds: float = 0.0) -> Give:
    """A stream of events, none of which is the answer."""

    async def give(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        note = b'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"%s"}}\n\n'
        while True:
            await response.write(note % (b"x" * 60_000))
            await asyncio.sleep(seconds)

    return give


async def silent(_: web.Request, __: dict[str, Any]) -> web.StreamResponse:
    """Never answers."""
    await asyncio.sleep(30)
    return web.Response()


async def hang_up(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
    """Breaks the connection in place of an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@dataclass
class LegacyServer:
    """Answers each method as :attr:`answers` says; a list's items one after the other, the last again and again."""

    answers: dict[str, Give | list[Give]] = field(default_factory=dict[str, Give | list[Give]])
    asked: list[str] = field(default_factory=list[str])
    sessions: int = 0
    ended: set[str] = field(default_factory=set[str])
    """Sessions that the client has ended, or that the server no longer knows."""
    url: str = ""
    pushed: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue[bytes])
    """What is sent to the client unasked."""
    _runner: web.AppRunner | None = None
    _handlers: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    def __post_init__(self) -> None:
        self.answers |= {"tools/list": result(tools=[{"name": "look", "inputSchema": {"type": "object"}}])}
        self.answers |= {"tools/call": said("seen")}

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 24, middlewares=[self._handled])
        app.router.add_post("/mcp", self._post)
        app.router.add_get("/mcp", self._get)
        app.router.add_delete("/mcp", self._delete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/mcp"

    async def stop(self) -> None:
        for handler in self._handlers:
            handler.cancel()
        await asyncio.sleep(0)
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _handled(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            return await handler(request)
        finally:
            self._handlers.discard(task)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        message: dict[str, Any] = await request.json()
        method = message.get("method", "")
        self.asked.append(method)
        scripted = self.answers.get(method)
        if isinstance(scripted, list):
            scripted = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if scripted is None:
            return await self._usual(message)
        if request.headers.get("mcp-session-id") in self.ended:
            return web.Response(status=404)
        return await scripted(request, message)

    async def _usual(self, message: dict[str, Any]) -> web.StreamResponse:
        if message["method"] == "initialize":
            self.sessions += 1
            content = {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {"listChanged": True}},
                "serverInfo": {"name": "Legacy", "version": "1"},
            }
            body = {"jsonrpc": "2.0", "id": message["id"], "result": content}
            return web.json_response(body, headers={"mcp-session-id": f"session-{self.sessions}"})
        if "id" not in message:
            return web.Response(status=202)
        error = {"code": -32601, "message": "Method not found"}
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], "error": error})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(await self.pushed.get())

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        self.ended.add(request.headers["mcp-session-id"])
        return web.Response(status=204)
