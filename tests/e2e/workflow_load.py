"""Executions under load while the program is killed: what was accepted, and what a receiver of effects has seen."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.e2e.program import LOST, Athena

ACCEPTED = 202
UNFINISHED = {"queued", "running", "waiting"}


@dataclass
class Ledger:
    """A server that takes each effect once, by its key; a repeated key is answered as before, and counted."""

    url: str = ""
    effects: Counter[str] = field(default_factory=Counter[str])
    """By what the request says that it is for, how many different keys it came with."""
    repeated: int = 0
    _keys: set[str] = field(default_factory=set[str])
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/{tail:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        said: Mapping[str, Any] = await request.json()
        if key in self._keys:
            self.repeated += 1
        else:
            self._keys.add(key)
            self.effects[f"{said['execution']} {said['node']}"] += 1
        return web.json_response({"ok": True})


def node(name: str, kind: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"id": name, "type": kind, "data": data or {}}


def workflow(url: str) -> dict[str, Any]:
    """An effect, a wait, two effects beside each other, and two items' in a loop."""

    def effect(name: str, what: str) -> dict[str, Any]:
        body = {"execution": "{{ execution.uuid }}", "node": what}
        return node(name, "http_request", {"method": "POST", "url": url, "body": {"type": "json", "value": body}}) | {
            "retry": {"max_attempts": 5, "delay_ms": 50}
        }

    nodes = [
        node("start", "manual_trigger"),
        effect("first", "first"),
        node("pause", "wait", {"duration": 0.3, "unit": "seconds"}),
        effect("left", "left"),
        effect("right", "right"),
        node("both", "merge"),
        node("each", "loop", {"items": "{{ [1, 2] }}"}),
        effect("item", "item {{ index }}"),
        node("end", "set", {"fields": {"count": "{{ nodes.each.output.count }}"}}),
    ]
    ends = [("start", "first"), ("first", "pause"), ("pause", "left"), ("pause", "right"), ("left", "both")]
    ends += [("right", "both"), ("both", "each"), ("each", "end")]
    edges: list[dict[str, Any]] = [{"source": source, "target": target} for source, target in ends]
    edges.append({"source": "each", "target": "item", "source_handle": "item"})
    edges.append({"source": "item", "target": "each", "target_handle": "next"})
    return {"name": "Killed", "nodes": nodes, "edges": edges}


EFFECTS = ("first", "left", "right", "item 0", "item 1")


class Load:
    """Callers who start executions in the background, and keep the ids of those that were accepted."""

    def __init__(self, athena: Athena, workflow_uuid: str) -> None:
        self.accepted: list[str] = []
        self._athena = athena
        self._path = f"/api/v1/workflows/{workflow_uuid}/run"
        self._stopped = False
        self._callers: list[asyncio.Task[None]] = []

    def start(self, callers: int, pause: float = 0.0) -> None:
        """Begins, with a pause between a caller's requests."""
        self._callers = [asyncio.create_task(self._call(pause)) for _ in range(callers)]

    async def stop(self) -> None:
        """Ends when the requests under way have ended."""
        self._stopped = True
        await asyncio.gather(*self._callers)

    async def _call(self, pause: float) -> None:
        while not self._stopped:
            with contextlib.suppress(*LOST):
                answer = await self._athena.client.post(self._path, json={"background": True})
                if answer.status_code == ACCEPTED:
                    self.accepted.append(answer.json()["data"]["uuid"])
            await asyncio.sleep(pause or 0.005)


async def unfinished(athena: Athena, workflow_uuid: str) -> int:
    """How many executions are not at their end."""
    count = 0
    for status in UNFINISHED:
        path = f"/api/v1/runs?workflow_uuid={workflow_uuid}&status={status}&per_page=1"
        count += (await athena.client.get(path)).json()["meta"]["total"]
    return count


async def settle(athena: Athena, workflow_uuid: str, seconds: float) -> float:
    """Waits until no execution is unfinished; how long that took."""
    begun = time.monotonic()
    while await unfinished(athena, workflow_uuid):
        assert time.monotonic() - begun < seconds, f"stuck after {seconds} s: {await unfinished(athena, workflow_uuid)}"
        await asyncio.sleep(0.1)
    return time.monotonic() - begun


async def check(athena: Athena, load: Load, ledger: Ledger) -> None:
    """None is lost, each has succeeded, and each effect of each came with one key alone."""
    for uuid in load.accepted:
        run = (await athena.client.get(f"/api/v1/runs/{uuid}")).json()["data"]
        assert (run["status"], run["output"]) == ("succeeded", {"count": 2}), run
        for effect in EFFECTS:
            assert ledger.effects[f"{uuid} {effect}"] == 1, f"{effect} of {uuid}"
