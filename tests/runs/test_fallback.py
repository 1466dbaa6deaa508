"""When a model does not answer, another one does, and whoever listens is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Connect
from tests.runs.conftest import Scene, check_told, text_of
from tests.runs.model_server import ModelServer, failing, saying


@dataclass
class Pair:
    """A scene with a second provider behind another account."""

    scene: Scene
    other: ModelServer
    account: str

    async def thread(self, *causes: str, **fields: Any) -> str:
        stand_in: dict[str, Any] = {"model": "large", "account_uuid": self.account}
        if causes:
            stand_in["causes"] = list(causes)
        return await self.scene.thread(await self.scene.agent(fallback_models=[stand_in], **fields))


@pytest.fixture
async def pair(scene: Scene, connect: Connect) -> AsyncGenerator[Pair]:
    other = ModelServer()
    await other.start()
    yield Pair(scene, other, str(await connect(scene.tenant, other.url)))
    await other.stop()


async def test_a_second_provider_answers_when_the_first_is_over_its_limit(pair: Pair) -> None:
    thread = await pair.thread()
    pair.scene.model.scripts = [failing(429, headers={"Retry-After": "60"})]
    pair.other.scripts = [saying("Here I am.")]
    run = (await pair.scene.say(thread, "Hello?")).json()["data"]
    assert (run["output"]["message"]["content"], run["output"]["message"]["model"]) == ("Here I am.", "large")
    assert (await pair.scene.messages(thread))[-1]["model"] == "large"
    (told,) = [event for event in await pair.scene.events_of(run["uuid"]) if event.type == "model.fallback"]
    assert (told.data["from"], told.data["to"], told.data["cause"]) == ("small", "large", "rate_limit")
    assert told.data["error"]["code"] == "rate_limited"
    assert told.data["usage"] is None


async def test_text_that_was_shown_already_is_called_void_and_its_cost_is_told(pair: Pair) -> None:
    thread = await pair.thread()
    pair.scene.model.scripts = [saying("Half of an ans", drop=True)]
    pair.other.scripts = [saying("A whole answer.")]
    told = await pair.scene.stream("POST", f"/api/v1/threads/{thread}/run", {"message": "Hello?", "stream": True})
    check_told(told, told[0].data["run_uuid"])
    kinds = [event.type for event in told]
    assert kinds.index("message.delta") < kinds.index("model.fallback") < kinds.index("message.restarted")
    assert text_of(told) == "A whole answer."
    assert told[kinds.index("model.fallback")].data["usage"]["output_tokens"] > 0


@pytest.mark.parametrize(
    ("causes", "status", "message", "stands_in"),
    [
        (("context_too_long",), 400, "maximum context length is 5 tokens", True),
        (("context_too_long",), 429, "slow down", False),
        (("rate_limit",), 401, "bad key", False),
        (("error",), 401, "bad key", True),
        (("refusal",), 400, "content_filter", True),
        (("error",), 400, "content_filter", False),
    ],
)
async def test_each_stands_in_for_the_causes_that_it_names(
    pair: Pair, causes: tuple[str, ...], status: int, message: str, *, stands_in: bool
) -> None:
    thread = await pair.thread(*causes)
    pair.scene.model.scripts = [failing(status, message, headers={"Retry-After": "0"})] * 4
    answer = await pair.scene.say(thread, "Hello?")
    assert (answer.status_code == 200) is stands_in, answer.text
    assert len(pair.other.requests) == int(stands_in)


async def test_a_model_that_keeps_failing_is_not_asked_for_a_while(pair: Pair) -> None:
    thread = await pair.thread()
    pair.scene.model.scripts = [failing(503)] * 3
    for number in range(5):
        run = (await pair.scene.say(thread, f"Hello {number}?")).json()["data"]
        assert run["output"]["message"]["model"] == "large"
    assert (len(pair.scene.model.requests), len(pair.other.requests)) == (3, 5)


async def test_when_nobody_answers_the_last_one_s_reason_is_told(pair: Pair) -> None:
    thread = await pair.thread()
    pair.scene.model.scripts = [failing(500)]
    pair.other.scripts = [failing(401)]
    answer = await pair.scene.say(thread, "Hello?")
    assert (answer.status_code, answer.json()["code"]) == (502, "authentication")


async def test_an_account_that_is_gone_is_stood_in_for_as_well(pair: Pair) -> None:
    thread = await pair.thread(model="small", account_uuid=pair.account)
    agent = (await pair.scene.tenant.get(f"/api/v1/threads/{thread}?with=agent")).json()["data"]["agent"]
    stand_in = {"model": "small", "account_uuid": str(pair.scene.account)}
    await pair.scene.tenant.put(f"/api/v1/agents/{agent['uuid']}", {"fallback_models": [stand_in]})
    run = await pair.scene.begin(thread, "Hello?")
    await pair.scene.ended(run["uuid"])
    pair.other.scripts = [failing(503)]
    assert (await pair.scene.say(thread, "Again?")).status_code == 200
