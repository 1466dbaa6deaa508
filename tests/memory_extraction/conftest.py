"""A workspace whose agent keeps what it is told, with a model that the test scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from athena.kit.db import Database
from athena.memory_extraction import tasks
from tests.conftest import Tenant
from tests.runs.conftest import Scene, built_in, model, scene
from tests.runs.model_server import Script, saying

__all__ = ["built_in", "model", "scene"]


def note(content: str, **fields: Any) -> dict[str, Any]:
    """One memory as a model notes it."""
    return {
        "content": content,
        "kind": "fact",
        "message": 1,
        "confidence": 0.9,
        "relation": "new",
        "known": None,
        **fields,
    }


def noting(*notes: dict[str, Any]) -> Script:
    """The model's answer with these memories."""
    return saying(json.dumps({"memories": notes}))


@dataclass
class Reading:
    """A scene with an agent that extracts, and a way to have its threads read."""

    scene: Scene
    database: Database
    agent: dict[str, Any]

    @property
    def tenant(self) -> Tenant:
        return self.scene.tenant

    async def thread(self, *texts: str) -> str:
        """The uuid of a thread in which this was said, and answered."""
        thread = await self.scene.thread(self.agent)
        await self.say(thread, *texts)
        return thread

    async def say(self, thread: str, *texts: str) -> None:
        for text in texts:
            answer = await self.scene.say(thread, {"content": text})
            assert answer.status_code == 200, answer.text

    async def read(self, *scripts: Script, quiet_seconds: float = 0.0) -> list[dict[str, Any]]:
        """Has quiet threads read, for which the model answers so; the runs."""
        self.scene.model.scripts.extend(scripts)
        before = {run["uuid"] for run in await self.runs()}
        await tasks.start_quiet(self.database, quiet_seconds)
        begun = [run["uuid"] for run in await self.runs() if run["uuid"] not in before]
        return [await self.scene.ended(uuid) for uuid in begun]

    async def runs(self) -> list[dict[str, Any]]:
        answer = await self.tenant.get("/api/v1/runs?kind=memory_extraction&sort=created_at")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def memories(self, **parameters: Any) -> list[dict[str, Any]]:
        answer = await self.tenant.get("/api/v1/memories", params={"sort": "created_at", **parameters})
        return answer.json()["data"]

    async def contents(self, **parameters: Any) -> list[str]:
        return [each["content"] for each in await self.memories(**parameters)]

    def asked(self) -> str:
        """What the model was last asked."""
        return self.scene.model.asked[-1][1]


@pytest.fixture
async def reading(scene: Scene, database: Database) -> Reading:
    return Reading(scene, database, await scene.agent(memory={"extract": True}))
