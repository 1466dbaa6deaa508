"""Users and workspaces use what is shared with them: as far as the share says, and nothing else of its owner's."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from athena.kit import clock
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.runs.conftest import Scene, check_told, text_of
from tests.runs.model_server import calling, failing, saying
from tests.shares.conftest import Sharing
from tests.tools.conftest import make as make_tool

Superuser = asyncpg.Connection


async def test_an_agent_is_seen_without_what_is_behind_it(sharing: Sharing, stranger: Tenant) -> None:
    agent = await sharing.agent(description="Helps.", tags=["a"], metadata={"team": "blue"})
    shown = await stranger.get(await sharing.to(stranger, "agent", agent, permission="view"))
    assert shown.status_code == 200
    data = shown.json()["data"]
    assert data["resource"].keys() == {"uuid", "updated_at", "name", "description", "tags"}
    assert (data["share"]["permission"], data["share"]["name"]) == ("view", "Agent")
    for secret in (str(sharing.scene.account), "plan", "blue", "small", str(sharing.owner.workspace_uuid)):
        assert secret not in shown.text
    edited = (await stranger.get(await sharing.to(stranger, "agent", agent, permission="edit"))).json()["data"]
    assert edited["resource"]["system_prompt"] == "Say nothing of the plan."
    assert "account_uuid" not in edited["resource"]


async def test_what_is_shared_is_listed_by_name(sharing: Sharing, stranger: Tenant, make_tenant: MakeTenant) -> None:
    colleague = await make_tenant(Role.VIEWER, stranger.workspace_uuid)
    await sharing.to(stranger, "agent", await sharing.agent(name="Beta"), run_limit=2)
    prompt = await sharing.prompt(name="Alpha")
    await sharing.give("prompt", prompt, grantee="workspace", workspace_uuid=str(stranger.workspace_uuid))
    await sharing.give("prompt", prompt, grantee="user", user_uuid=str(uuid4()))

    async def found(tenant: Tenant, query: str = "") -> list[tuple[str, str]]:
        answer = await tenant.get(f"/api/v1/shared?{query}")
        assert answer.status_code == 200, answer.text
        return [(each["name"], each["grantee"]) for each in answer.json()["data"]]

    assert await found(stranger) == await found(stranger, "cursor=") == [("Alpha", "workspace"), ("Beta", "user")]
    assert await found(stranger, "search=alp") == [("Alpha", "workspace")]
    assert await found(stranger, "shareable_type=agent") == [("Beta", "user")]
    assert await found(colleague) == [("Alpha", "workspace")]
    assert await found(sharing.owner) == []
    (item,) = (await stranger.get("/api/v1/shared?grantee=user")).json()["data"]
    assert item["runs_left"] == 2
    page = (await stranger.get("/api/v1/shared?per_page=1&page=2")).json()
    assert (page["meta"]["total"], page["data"][0]["name"]) == (2, "Beta")


async def test_an_agent_is_run_at_its_owners_cost(sharing: Sharing, stranger: Tenant) -> None:
    agent = await sharing.agent()
    path = await sharing.to(stranger, "agent", agent)
    sharing.scene.model.scripts = [saying("Wide ", "ones.")]
    answer = await stranger.post(f"{path}/run", {"input": "Which tyres?"})
    assert answer.status_code == 200, answer.text
    run = answer.json()["data"]
    assert answer.headers["location"] == f"{path}/runs/{run['uuid']}"
    assert (run["status"], run["output"]["message"]["content"]) == ("succeeded", "Wide ones.")
    for inside in ("usage", "cost", "model", "small", str(sharing.scene.account), agent):
        assert inside not in answer.text
    assert (await stranger.get(answer.headers["location"])).json()["data"] == run
    assert sharing.scene.model.asked == [("system", "Say nothing of the plan."), ("user", "Which tyres?")]
    seen = await sharing.scene.run(run["uuid"])
    share = path.rpartition("/")[2]
    assert (seen["share_uuid"], seen["agent_uuid"], seen["usage"]["input_tokens"]) == (share, agent, 7)
    assert (await stranger.get(f"/api/v1/runs/{run['uuid']}")).status_code == 404
    (listed,) = (await sharing.owner.get(f"/api/v1/runs?share_uuid={share}")).json()["data"]
    assert listed["uuid"] == run["uuid"]
    assert (await sharing.owner.get(f"/api/v1/shares/{share}")).json()["data"]["runs"] == 1


async def test_who_ran_it_is_noted(sharing: Sharing, stranger: Tenant, superuser: Superuser[Any]) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent())
    run = (await stranger.post(f"{path}/run", {"input": "Hello"})).json()["data"]
    given = await superuser.fetchval("SELECT input FROM runs WHERE uuid = $1", run["uuid"])
    assert json.loads(given)["user_uuid"] == str(stranger.user_uuid)
    log = (await sharing.owner.get(f"/api/v1/audit-events?resource_uuid={run['uuid']}")).json()["data"]
    assert str(stranger.user_uuid) in [each["actor_user_uuid"] for each in log]


async def test_a_conversation_is_given_with_the_request(sharing: Sharing, stranger: Tenant) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent(system_prompt="For {{who}}."))
    messages = [
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": "Three"},
    ]
    answer = await stranger.post(f"{path}/run", {"messages": messages, "variables": {"who": "Ada"}})
    assert answer.status_code == 200, answer.text
    assert sharing.scene.model.asked[0] == ("system", "For Ada.")
    assert [text for _, text in sharing.scene.model.asked[1:]] == ["One", "Two", "Three"]


async def test_a_run_is_streamed_and_resumed_without_what_is_inside(
    sharing: Sharing, stranger: Tenant, scene: Scene
) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent())
    visitor = Scene(stranger, scene.account, scene.model, scene.server_url)
    scene.model.scripts = [saying("Wide ", "ones.")]
    told = await visitor.stream("POST", f"{path}/run", {"input": "Which tyres?", "stream": True})
    run = told[0].data["run_uuid"]
    check_told(told, run)
    assert text_of(told) == "Wide ones."
    assert told[-1].data["output"]["message"]["content"] == "Wide ones."
    text = json.dumps([event.data for event in told])
    assert not [inside for inside in ("small", "usage", "tokens", "cost") if inside in text]
    again = await visitor.stream("GET", f"{path}/runs/{run}/events", headers={"Last-Event-ID": "2"})
    assert again == told[2:]


async def test_a_run_in_the_background_is_polled(sharing: Sharing, stranger: Tenant) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent())
    answer = await stranger.post(f"{path}/run", {"input": "Hello", "background": True})
    assert answer.status_code == 202
    await sharing.scene.ended(answer.json()["data"]["uuid"])
    run = (await stranger.get(answer.headers["location"])).json()["data"]
    assert run["status"] == "succeeded"


async def test_a_prompt_is_run_with_its_variables(sharing: Sharing, stranger: Tenant, mockllm: str) -> None:
    account = sharing.scene.account
    await sharing.owner.put(
        f"/api/v1/accounts/{account}", {"credentials": {"base_url": mockllm, "api_key": "sk-x-12345"}}
    )
    assert (await sharing.owner.post(f"/api/v1/accounts/{account}/verify", {})).status_code == 200
    (known, *_) = (await sharing.owner.get(f"/api/v1/large-language-models?account_uuid={account}")).json()["data"]
    path = await sharing.to(stranger, "prompt", await sharing.prompt(content="[[echo]] {{name}}", model=known["name"]))
    shown = (await stranger.get(path)).json()["data"]["resource"]
    assert (shown["content"], [each["name"] for each in shown["variables"]]) == ("[[echo]] {{name}}", ["name"])
    assert "model" not in shown
    answer = await stranger.post(f"{path}/run", {"variables": {"name": "Ada"}})
    assert answer.status_code == 200, answer.text
    assert "Ada" in answer.json()["data"]["output"]["message"]["content"]
    wrong = await stranger.post(f"{path}/run", {"variables": {"name": 1}})
    assert list(wrong.json()["errors"]) == ["variables.name"]


async def test_a_thread_is_read_and_spoken_in(sharing: Sharing, stranger: Tenant) -> None:
    thread = await sharing.scene.thread()
    await sharing.scene.say(thread, "Which tyres?")
    path = await sharing.to(stranger, "thread", thread)
    shown = await stranger.get(path)
    messages = shown.json()["data"]["resource"]["messages"]
    assert [(each["role"], each["content"]) for each in messages] == [
        ("user", "Which tyres?"),
        ("assistant", "Answer 1."),
    ]
    assert messages[0].keys() == {"uuid", "parent_uuid", "created_at", "role", "status", "content"}
    answer = await stranger.post(f"{path}/run", {"message": "Why?"})
    assert answer.status_code == 200, answer.text
    assert len((await stranger.get(path)).json()["data"]["resource"]["messages"]) == 4
    assert [each["content"] for each in (await sharing.scene.messages(thread))][2:] == ["Why?", "Answer 2."]
    assert (await stranger.get(f"/api/v1/threads/{thread}")).status_code == 404


async def test_each_type_takes_its_own(sharing: Sharing, stranger: Tenant) -> None:
    agent = await sharing.to(stranger, "agent", await sharing.agent(), permission="edit")
    thread = await sharing.to(stranger, "thread", await sharing.scene.thread(), permission="edit")
    for path, body, field in (
        (agent, {"message": "x"}, "message"),
        (agent, {}, "body"),
        (agent, {"input": "x", "variables": {"a": 1}}, "variables.a"),
        (agent, {"input": "x", "model": "other"}, "model"),
        (agent, {"input": "x", "thread_uuid": str(uuid4())}, "thread_uuid"),
        (agent, {"input": [{"type": "image", "media_uuid": str(uuid4())}]}, "input"),
        (thread, {}, "message"),
        (thread, {"message": "x", "variables": {}}, "variables"),
    ):
        answer = await stranger.post(f"{path}/run", body)
        assert answer.status_code == 422, answer.text
        assert list(answer.json()["errors"]) == [field]
    for path, body, field in (
        (agent, {"content": "x"}, "content"),
        (agent, {"account_uuid": None}, "account_uuid"),
        (thread, {"agent_uuid": str(uuid4())}, "agent_uuid"),
        (thread, {"description": "x"}, "description"),
    ):
        answer = await stranger.put(path, body)
        assert answer.status_code == 422
        assert list(answer.json()["errors"]) == [field]
    assert sharing.scene.model.requests == []


async def test_what_is_shared_to_be_edited_is_edited(sharing: Sharing, stranger: Tenant) -> None:
    agent = await sharing.agent()
    path = await sharing.to(stranger, "agent", agent, permission="edit")
    etag = (await stranger.get(path)).headers["etag"]
    changed = await stranger.put(path, {"name": "New", "metadata": {"temperature": 0}}, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    assert changed.json()["data"]["share"]["name"] == changed.json()["data"]["resource"]["name"] == "New"
    assert (await stranger.put(path, {"name": "Old"}, headers={"If-Match": etag})).status_code == 412
    seen = (await sharing.owner.get(f"/api/v1/agents/{agent}")).json()["data"]
    assert (seen["name"], seen["metadata"]["temperature"], seen["version"]) == ("New", 0, 2)
    assert seen["account_uuid"] == str(sharing.scene.account)
    prompt = await sharing.prompt()
    prompt_path = await sharing.to(stranger, "prompt", prompt, permission="edit")
    edited = (await stranger.put(prompt_path, {"content": "{{a}}"})).json()["data"]["resource"]
    assert (edited["version"], [each["name"] for each in edited["variables"]]) == (2, ["a"])


async def test_a_share_gives_no_more_than_it_says(sharing: Sharing, stranger: Tenant) -> None:
    agent = await sharing.agent()
    viewing = await sharing.to(stranger, "agent", agent, permission="view")
    running = await sharing.to(stranger, "agent", agent, permission="run")
    for answer in (
        await stranger.post(f"{viewing}/run", {"input": "x"}),
        await stranger.get(f"{viewing}/runs/{uuid4()}"),
        await stranger.put(viewing, {"name": "x"}),
        await stranger.put(running, {"name": "x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "share_permission_missing")


async def test_a_members_role_limits_what_is_shared_with_the_workspace(
    sharing: Sharing, stranger: Tenant, make_tenant: MakeTenant
) -> None:
    share = await sharing.give(
        "agent",
        await sharing.agent(),
        grantee="workspace",
        workspace_uuid=str(stranger.workspace_uuid),
        permission="edit",
    )
    path = f"/api/v1/shared/{share['uuid']}"
    viewer = await make_tenant(Role.VIEWER, stranger.workspace_uuid)
    operator = await make_tenant(Role.OPERATOR, stranger.workspace_uuid)
    assert (await viewer.get(path)).status_code == 200
    assert "agents.run" in (await viewer.post(f"{path}/run", {"input": "x"})).json()["detail"]
    run = await operator.post(f"{path}/run", {"input": "x"})
    assert run.status_code == 200
    assert "agents.update" in (await operator.put(path, {"name": "x"})).json()["detail"]
    assert (await stranger.put(path, {"name": "x"})).status_code == 200
    # What one member ran is no other's to see.
    assert (await operator.get(run.headers["location"])).status_code == 200
    assert (await stranger.get(run.headers["location"])).status_code == 404


async def test_a_runs_address_holds_for_its_own_share_alone(sharing: Sharing, stranger: Tenant) -> None:
    agent = await sharing.agent()
    one, two = await sharing.to(stranger, "agent", agent), await sharing.to(stranger, "agent", agent)
    run = (await stranger.post(f"{one}/run", {"input": "x"})).json()["data"]["uuid"]
    own = (await sharing.owner.post(f"/api/v1/agents/{agent}/run", {"input": "x"})).json()["data"]["uuid"]
    answers = [await stranger.get(f"{two}/runs/{each}") for each in (run, own, uuid4())]
    answers += [await stranger.get(f"{two}/runs/{each}/events") for each in (run, own, uuid4())]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
        (404, "There is no such run of this share.")
    }


async def test_a_revoked_or_expired_share_was_never_there(
    sharing: Sharing, stranger: Tenant, superuser: Superuser[Any]
) -> None:
    agent = await sharing.agent()
    gone, late = await sharing.to(stranger, "agent", agent), await sharing.to(stranger, "agent", agent)
    assert (await sharing.owner.delete(f"/api/v1/shares/{gone.rpartition('/')[2]}")).status_code == 204
    await superuser.execute(
        "UPDATE shares SET expires_at = $2 WHERE uuid = $1", late.rpartition("/")[2], clock.now() - timedelta(seconds=1)
    )
    answers = [await stranger.get(path) for path in (gone, late, f"/api/v1/shared/{uuid4()}")]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {(404, "There is no such share.")}
    assert (await stranger.get("/api/v1/shared")).json()["data"] == []
    (shown,) = (await sharing.owner.get("/api/v1/shares")).json()["data"]
    assert shown["status"] == "expired"


async def test_an_address_that_is_not_verified_opens_nothing(
    sharing: Sharing, stranger: Tenant, superuser: Superuser[Any]
) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent())
    await superuser.execute("UPDATE users SET email_verified = false WHERE uuid = $1", stranger.user_uuid)
    assert (await stranger.get(path)).status_code == 404
    await superuser.execute("UPDATE users SET email_verified = true WHERE uuid = $1", stranger.user_uuid)
    assert (await stranger.get(path)).status_code == 200


async def test_as_many_runs_as_the_limit_says_and_not_one_more(sharing: Sharing, stranger: Tenant) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent(), run_limit=5)
    body = {"input": "Hello", "background": True}
    answers = await asyncio.gather(*(stranger.post(f"{path}/run", body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [409] * 15
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"share_exhausted"}
    for answer in answers:
        if answer.status_code == 202:
            await sharing.scene.ended(answer.json()["data"]["uuid"])
    assert len(sharing.scene.model.requests) == 5
    (share,) = (await sharing.owner.get("/api/v1/shares")).json()["data"]
    assert (share["runs"], share["status"]) == (5, "exhausted")
    assert (await stranger.get(path)).json()["data"]["share"]["runs_left"] == 0


async def test_a_failure_tells_nothing_of_the_account(sharing: Sharing, stranger: Tenant) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent())
    sharing.scene.model.scripts = [failing(401, "key sk-canary of organisation acme")]
    answer = await stranger.post(f"{path}/run", {"input": "x"})
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_failed")
    assert answer.json()["detail"] == "The model could not answer."
    unset = await sharing.to(stranger, "agent", await sharing.agent(model="unknown-model", account_uuid=None))
    answer = await stranger.post(f"{unset}/run", {"input": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "share_unusable")
    assert "unknown-model" not in answer.text


async def test_a_repeated_request_runs_once(sharing: Sharing, stranger: Tenant) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent())
    headers = {"Idempotency-Key": "one"}
    first, second = [await stranger.post(f"{path}/run", {"input": "x"}, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len(sharing.scene.model.requests) == 1


async def test_a_repeated_stream_is_the_same_run(sharing: Sharing, stranger: Tenant, scene: Scene) -> None:
    path = await sharing.to(stranger, "agent", await sharing.agent())
    visitor = Scene(stranger, scene.account, scene.model, scene.server_url)
    body, headers = {"input": "x", "stream": True}, {"Idempotency-Key": "one"}
    first, second = [await visitor.stream("POST", f"{path}/run", body, headers) for _ in range(2)]
    assert first == second
    check_told(second, second[0].data["run_uuid"])
    assert len(scene.model.requests) == 1


async def test_of_what_an_agent_s_tools_gave_only_the_answer_is_told(sharing: Sharing, stranger: Tenant) -> None:
    tool = await make_tool(sharing.owner, config={"code": "result = 'the secret price is 7'"})
    address = await sharing.to(stranger, "agent", await sharing.agent(tool_uuids=[tool["uuid"]]))
    sharing.scene.model.scripts = [calling(("sum", {"numbers": [1]}), says="Let me see."), saying("Seven.")]
    ran = await stranger.post(f"{address}/run", {"input": "How much?"})
    assert ran.status_code == 200, ran.text
    data = ran.json()["data"]
    assert data["output"]["message"]["content"] == "Seven."
    events = await stranger.get(f"{address}/runs/{data['uuid']}/events")
    assert "tool_call.completed" in events.text
    for text in (ran.text, events.text):
        assert "secret price" not in text
        assert tool["uuid"] not in text
        assert "numbers" not in text
