"""An agent with an output schema answers with JSON that fits it, or says why it could not."""

from __future__ import annotations

from tests.runs.conftest import Scene, check_told, text_of
from tests.runs.model_server import failing, saying

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
}
GOOD = '{"city": "Oslo", "people": 717710}'


async def ask(scene: Scene) -> tuple[str, str]:
    thread = await scene.thread(await scene.agent(output_schema=SCHEMA))
    return thread, f"/api/v1/threads/{thread}/run"


async def test_the_answer_is_there_as_text_and_as_data(scene: Scene) -> None:
    thread, _ = await ask(scene)
    scene.model.scripts = [saying(f"```json\n{GOOD}\n```")]
    message = (await scene.say(thread, "Which city?")).json()["data"]["output"]["message"]
    assert message["data"] == {"city": "Oslo", "people": 717710}
    asked = scene.model.requests[0]
    assert asked["response_format"]["json_schema"]["schema"] == SCHEMA
    assert '"people"' in asked["messages"][0]["content"]


async def test_an_answer_that_does_not_fit_is_sent_back_and_void_for_who_listens(scene: Scene) -> None:
    _, path = await ask(scene)
    scene.model.scripts = [saying('{"city": ', '"Oslo"}'), saying("no JSON at all"), saying(GOOD)]
    told = await scene.stream("POST", path, {"message": "Which city?", "stream": True})
    check_told(told, told[0].data["run_uuid"])
    assert text_of(told) == GOOD
    rejected = [event.data["problems"] for event in told if event.type == "answer.rejected"]
    assert len(rejected) == 2
    assert "people" in rejected[0][0]
    assert told[-1].data["output"]["message"]["data"]["people"] == 717710
    assert told[-1].data["usage"]["input_tokens"] == 21
    sent = scene.model.requests[1]["messages"]
    assert [message["role"] for message in sent[-2:]] == ["assistant", "user"]
    assert "people" in sent[-1]["content"]


async def test_an_answer_that_never_fits_is_an_error_and_is_kept_to_be_looked_at(scene: Scene) -> None:
    thread, _ = await ask(scene)
    scene.model.scripts = [saying("no"), saying("never"), saying("not this time")]
    answer = await scene.say(thread, "Which city?")
    assert (answer.status_code, answer.json()["code"]) == (502, "invalid_structure")
    assert len(scene.model.requests) == 3
    message = (await scene.messages(thread))[-1]
    assert (message["status"], message["content"]) == ("failed", "not this time")


async def test_a_provider_that_knows_no_schemas_is_asked_with_words(scene: Scene) -> None:
    thread, _ = await ask(scene)
    scene.model.scripts = [failing(400, "response_format is not supported"), saying(GOOD)]
    answer = await scene.say(thread, "Which city?")
    assert answer.json()["data"]["output"]["message"]["data"]["city"] == "Oslo"
    assert "response_format" not in scene.model.requests[1]
    assert '"people"' in scene.model.requests[1]["messages"][0]["content"]
