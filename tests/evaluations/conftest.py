"""An agent whose model answers by what it is asked, datasets, and ways to see an evaluation to its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from aiohttp import web

from tests.runs.conftest import Scene, built_in, model, scene
from tests.runs.model_server import Script, saying

__all__ = ["built_in", "model", "scene"]

EVALUATIONS, DATASETS = "/api/v1/evaluations", "/api/v1/datasets"
JUDGE = "judging"
"""The model that judges."""


def expecting(value: str, kind: str = "contains", **fields: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, **fields}


def verdict(*, passed: bool, score: float = 1.0, reason: str = "So it is.") -> str:
    return json.dumps({"reason": reason, "passed": passed, "score": score})


@dataclass
class Bench:
    """A scene whose model knows answers: by the text that it is asked, or by what a function makes of it."""

    scene: Scene
    answers: dict[str, str | Script] = field(default_factory=dict[str, "str | Script"])
    judged: Callable[[dict[str, Any]], str] = field(default=lambda _: verdict(passed=True))
    asked: list[str] = field(default_factory=list[str])

    async def respond(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        text = body["messages"][-1]["content"]
        if body["model"] == JUDGE:
            return await saying(self.judged(body))(request, body)
        self.asked.append(text)
        known = self.answers.get(text, f"You said {text}.")
        return await (saying(known) if isinstance(known, str) else known)(request, body)

    async def dataset(self, *items: tuple[str, list[dict[str, Any]]], **fields: Any) -> str:
        given = [{"input": text, "expectations": expectations} for text, expectations in items]
        answer = await self.scene.tenant.post(DATASETS, {"name": "Questions", "items": given, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]["uuid"]

    async def start(self, dataset: str, agent: dict[str, Any], **fields: Any) -> str:
        body = {"dataset_uuid": dataset, "agent_uuid": agent["uuid"], **fields}
        answer = await self.scene.tenant.post(EVALUATIONS, body)
        assert answer.status_code == 202, answer.text
        return answer.json()["data"]["uuid"]

    async def evaluated(self, dataset: str, agent: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """An evaluation at its end."""
        return await self.ended(await self.start(dataset, agent, **fields))

    async def get(self, uuid: str) -> dict[str, Any]:
        answer = await self.scene.tenant.get(f"{EVALUATIONS}/{uuid}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def ended(self, uuid: str) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while (found := await self.get(uuid))["finished_at"] is None:  # noqa: ASYNC110 - it changes in the database
                await asyncio.sleep(0.02)
        return found

    async def results(self, uuid: str, query: str = "") -> list[dict[str, Any]]:
        answer = await self.scene.tenant.get(f"{EVALUATIONS}/{uuid}/results?per_page=100&{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def compare(self, a: str, b: str) -> httpx2.Response:
        return await self.scene.tenant.get(f"{EVALUATIONS}/comparison?a={a}&b={b}")


@pytest.fixture
def bench(scene: Scene) -> Bench:
    made = Bench(scene)
    scene.model.scripts = [made.respond] * 200
    return made
