"""Who runs an agent may ask for one of its versions, or for a channel."""

from __future__ import annotations

from typing import Any

from tests.runs.conftest import Scene

PATH = "/api/v1/agents"


async def versioned(scene: Scene) -> dict[str, Any]:
    """An agent with three versions, each with its number for instructions."""
    agent = await scene.agent(system_prompt="1")
    for number in ("2", "3"):
        await scene.tenant.put(f"{PATH}/{agent['uuid']}", {"system_prompt": number})
    return agent


def instructed(scene: Scene) -> str:
    return scene.model.asked[0][1]


async def test_a_version_or_a_channel_answers_as_it_was(scene: Scene) -> None:
    agent = await versioned(scene)
    path = f"{PATH}/{agent['uuid']}"
    await scene.tenant.put(f"{path}/channels/production", {"version": 2})
    for asked, number in (({}, 3), ({"version": 1}, 1), ({"channel": "production"}, 2), ({"channel": "draft"}, 3)):
        run = await scene.tenant.post(f"{path}/run", {"input": "Hello", **asked})
        assert run.status_code == 200, run.text
        assert (run.json()["data"]["agent_version"], instructed(scene)) == (number, str(number))


async def test_a_thread_keeps_its_part_of_a_split(scene: Scene) -> None:
    agent = await versioned(scene)
    split = {"version": 1, "split": {"version": 2, "weight": 0.5}}
    await scene.tenant.put(f"{PATH}/{agent['uuid']}/channels/production", split)
    for _ in range(3):
        thread = await scene.thread(agent)
        versions: set[int] = set()
        for way in ("thread", "agent"):
            if way == "thread":
                answer = await scene.say(thread, "Hello", channel="production")
            else:
                body = {"input": "Hello", "thread_uuid": thread, "channel": "production"}
                answer = await scene.tenant.post(f"{PATH}/{agent['uuid']}/run", body)
            versions.add(answer.json()["data"]["agent_version"])
            assert instructed(scene) == str(answer.json()["data"]["agent_version"])
        assert versions in ({1}, {2})
        answers = [each for each in await scene.messages(thread) if each["role"] == "assistant"]
        assert {each["metadata"]["agent_version"] for each in answers} == versions


async def test_what_is_not_there_does_not_run(scene: Scene) -> None:
    agent = await versioned(scene)
    for asked, status in (
        ({"version": 9}, 404),
        ({"channel": "staging"}, 404),
        ({"version": 1, "channel": "draft"}, 422),
        ({"version": 0}, 422),
        ({"channel": "No name"}, 422),
    ):
        answer = await scene.tenant.post(f"{PATH}/{agent['uuid']}/run", {"input": "Hello", **asked})
        assert (answer.status_code, asked) == (status, asked)
    assert scene.model.requests == []
    alone = (await scene.tenant.post("/api/v1/threads", {})).json()["data"]["uuid"]
    assert (await scene.say(alone, "Hello", version=1)).status_code == 422


async def test_a_prompt_is_run_as_its_channel_says(scene: Scene) -> None:
    body = {"name": "Sum up", "content": "Old: {{text}}", "model": "small"}
    prompt = (await scene.tenant.post("/api/v1/prompts", body)).json()["data"]
    path = f"/api/v1/prompts/{prompt['uuid']}"
    await scene.tenant.put(f"{path}/channels/production", {"version": 1})
    await scene.tenant.put(path, {"content": "New: {{text}}"})
    for channel, said in (("production", "Old: it"), ("draft", "New: it")):
        run = {"variables": {"text": "it"}, "channel": channel, "account_uuid": str(scene.account)}
        answer = await scene.tenant.post(f"{path}/run", run)
        assert answer.status_code == 200, answer.text
        assert scene.model.asked[-1] == ("user", said)
        assert answer.json()["data"]["prompt_version"] == (1 if channel == "production" else 2)
