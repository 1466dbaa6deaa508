"""A prompt is run: with checked values, in the three ways to be told, as the version that it was."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2

from tests.conftest import Connect, Tenant
from tests.runs.conftest import Scene, check_told, text_of
from tests.runs.model_server import failing, saying

PATH = "/api/v1/prompts"


async def make(scene: Scene, **fields: Any) -> dict[str, Any]:
    body = {"name": "Greeting", "content": "Greet {{name}} {{count}} times.", "model": "small", **fields}
    body.setdefault("variables", [{"name": "count", "type": "integer", "default": 2}])
    answer = await scene.tenant.post(PATH, body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def ask(scene: Scene, prompt: dict[str, Any], variables: dict[str, Any], **options: Any) -> httpx2.Response:
    """Runs the prompt on the scene's account, whose models nobody has listed."""
    body = {"variables": variables, "account_uuid": str(scene.account), **options}
    return await scene.tenant.post(f"{PATH}/{prompt['uuid']}/run", body)


async def test_the_finished_run_is_the_answer(scene: Scene) -> None:
    prompt = await make(scene, metadata={"temperature": 0.5, "system_prompt": "Be brief, {{name}}."})
    scene.model.scripts = [saying("Hi ", "hi.")]
    answer = await ask(scene, prompt, {"name": "Ada"})
    assert answer.status_code == 200, answer.text
    run = answer.json()["data"]
    assert answer.headers["location"] == f"/api/v1/runs/{run['uuid']}"
    assert (run["kind"], run["status"], run["prompt_uuid"], run["prompt_version"]) == (
        "prompt",
        "succeeded",
        prompt["uuid"],
        1,
    )
    assert (run["agent_uuid"], run["thread_uuid"], run["share_uuid"]) == (None, None, None)
    assert run["output"]["message"]["content"] == "Hi hi."
    assert scene.model.asked == [("system", "Be brief, Ada."), ("user", "Greet Ada 2 times.")]
    assert scene.model.requests[-1]["temperature"] == 0.5


async def test_it_is_streamed_and_told_again(scene: Scene) -> None:
    prompt = await make(scene)
    body = {"variables": {"name": "Ada", "count": 1}, "stream": True, "account_uuid": str(scene.account)}
    scene.model.scripts = [saying("Hi ", "there.")]
    told = await scene.stream("POST", f"{PATH}/{prompt['uuid']}/run", body)
    run = told[0].data["run_uuid"]
    check_told(told, run)
    assert text_of(told) == "Hi there."
    assert told == await scene.events_of(run)


async def test_it_is_run_in_the_background_and_found_by_its_prompt(scene: Scene) -> None:
    prompt, other = await make(scene), await make(scene)
    for each in (prompt, other):
        answer = await ask(scene, each, {"name": "Ada"}, background=True)
        assert answer.status_code == 202
        assert (await scene.ended(answer.json()["data"]["uuid"]))["status"] == "succeeded"
    (found,) = (await scene.tenant.get(f"/api/v1/runs?kind=prompt&prompt_uuid={prompt['uuid']}")).json()["data"]
    assert found["prompt_uuid"] == prompt["uuid"]


async def test_a_run_takes_the_version_that_it_names(scene: Scene) -> None:
    prompt = await make(scene)
    await scene.tenant.put(f"{PATH}/{prompt['uuid']}", {"content": "Say goodbye."})
    for version, said in ((None, "Say goodbye."), (1, "Greet Ada 2 times."), (2, "Say goodbye.")):
        run = (await ask(scene, prompt, {"name": "Ada"} if version == 1 else {}, version=version)).json()["data"]
        assert (scene.model.asked, run["prompt_version"]) == ([("user", said)], version or 2)
    missing = await ask(scene, prompt, {}, version=7)
    assert missing.status_code == 404


async def test_a_run_keeps_its_text_when_the_prompt_is_gone(scene: Scene) -> None:
    prompt = await make(scene)
    run = (await ask(scene, prompt, {"name": "{{count}}"}, background=True)).json()["data"]
    assert (await scene.tenant.delete(f"{PATH}/{prompt['uuid']}")).status_code == 204
    assert (await scene.ended(run["uuid"]))["status"] == "succeeded"
    assert scene.model.asked == [("user", "Greet {{count}} 2 times.")]


async def test_the_runs_own_settings_go_over_the_prompts(scene: Scene) -> None:
    prompt = await make(scene, metadata={"temperature": 0.5, "max_tokens": 100})
    answer = await ask(scene, prompt, {"name": "Ada"}, model="other", metadata={"temperature": 1.5})
    run = answer.json()["data"]
    asked = scene.model.requests[-1]
    assert (run["model"], asked["model"], asked["temperature"], asked["max_tokens"]) == ("other", "other", 1.5, 100)


async def test_each_wrong_value_is_told(scene: Scene) -> None:
    prompt = await make(scene)
    answer = await scene.tenant.post(f"{PATH}/{prompt['uuid']}/run", {"variables": {"count": "3", "colour": "red"}})
    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "variables.colour": ["The prompt has no such variable."],
        "variables.count": ["It must be a whole number."],
        "variables.name": ["This variable is required."],
    }
    assert scene.model.requests == []


async def test_what_says_nothing_is_not_asked(scene: Scene) -> None:
    prompt = await make(scene, content="{{text}}", variables=[{"name": "text", "required": False}])
    answer = await scene.tenant.post(f"{PATH}/{prompt['uuid']}/run", {})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["variables"])


async def test_anothers_account_does_not_pay(scene: Scene, stranger: Tenant, connect: Connect) -> None:
    prompt = await make(scene)
    for account in (await connect(stranger), uuid4()):
        answer = await ask(scene, prompt, {"name": "Ada"}, account_uuid=str(account))
        assert (answer.status_code, answer.json()["detail"]) == (404, "The account does not exist in this workspace.")


async def test_a_model_that_fails_is_told(scene: Scene) -> None:
    prompt = await make(scene)
    scene.model.scripts = [failing(401, "bad key")]
    answer = await ask(scene, prompt, {"name": "Ada"})
    assert answer.status_code == 502
    run = (await scene.tenant.get(f"/api/v1/runs?prompt_uuid={prompt['uuid']}")).json()["data"][0]
    assert (run["status"], run["error"]["code"]) == ("failed", answer.json()["code"])
