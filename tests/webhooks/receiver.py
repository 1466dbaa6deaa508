"""A receiver of webhooks: a real server that keeps what it is sent, and answers as the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Answer = Callable[[], Awaitable[web.Response]]


@dataclass(frozen=True)
class Received:
    """One request."""

    headers: dict[str, str]
    body: str
    path: str

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


def status(code: int, text: str = "") -> Answer:
    async def answer() -> web.Response:
        return web.Response(status=code, text=text)

    return answer


def after(gate: asyncio.Event, code: int = 200) -> Answer:
    async def answer() -> web.Response:
        await gate.wait()
        return web.Response(status=code)

    return answer


class Receiver:
    """Answers 200, or in turn as ``answers`` says."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[Answer] = []
        self.address = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.address = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers, await request.text(), request.path_qs))
        answer = self.answers.pop(0) if self.answers else status(200)
        return await answer()

    async def wait_for(self, count: int) -> list[Received]:
        """The first ``count`` requests, once they are there."""
        async with asyncio.timeout(10):
            while len(self.received) < count:  # noqa: ASYNC110 - what changes has no event
                await asyncio.sleep(0.02)
        return self.received[:count]
