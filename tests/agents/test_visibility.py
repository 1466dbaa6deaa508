"""A private agent exists for its creator, for owners and admins, and for those whom it is shared with."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.runs.conftest import Scene
from tests.runs.model_server import calling, saying
from tests.tools.conftest import make as make_tool
from tests.waiting import until
from tests.workflow_executions.conftest import create as create_workflow
from tests.workflow_executions.conftest import ended, node

PATH = "/api/v1/agents"
MISSING = "The agent does not exist in this workspace."


async def make(tenant: Tenant, **fields: Any) -> str:
    answer = await tenant.post(PATH, {"name": "Hidden", "visibility": "private", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


async def hide(tenant: Tenant, agent: str) -> None:
    answer = await tenant.put(f"{PATH}/{agent}", {"visibility": "private"})
    assert answer.status_code == 200, answer.text


async def names(tenant: Tenant, query: str = "") -> list[str]:
    return sorted(each["name"] for each in (await tenant.get(f"{PATH}?{query}")).json()["data"])


async def test_it_exists_for_its_creator_and_those_who_manage_the_workspace(
    owner: Tenant, make_tenant: MakeTenant
) -> None:
    creator, other = [await make_tenant(Role.BUILDER, owner.workspace_uuid) for _ in range(2)]
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    agent = await make(creator)
    assert (await creator.post(PATH, {"name": "Open"})).json()["data"]["visibility"] == "workspace"
    for tenant in (creator, owner, admin):
        shown = await tenant.get(f"{PATH}/{agent}")
        assert (shown.status_code, shown.json()["data"]["visibility"]) == (200, "private")
        assert await names(tenant) == ["Hidden", "Open"]
        assert await names(tenant, "visibility=private") == ["Hidden"]
    assert await names(other) == await names(other, "visibility=workspace") == ["Open"]
    assert await names(other, "visibility=private") == await names(other, "search=Hidden") == []
    assert (await other.get(PATH)).json()["meta"]["total"] == 1
    for answer in (
        await other.get(f"{PATH}/{agent}"),
        await other.put(f"{PATH}/{agent}", {"name": "Mine"}),
        await other.delete(f"{PATH}/{agent}"),
        await other.get(f"{PATH}/{agent}/versions/1"),
        await other.get(f"{PATH}/{agent}/channels/draft"),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (404, MISSING)
    assert (await admin.put(f"{PATH}/{agent}", {"name": "Ours"})).status_code == 200
    assert (await owner.delete(f"{PATH}/{agent}")).status_code == 204


async def test_who_has_it_says_for_whom_it_is_and_that_is_no_version(owner: Tenant, make_tenant: MakeTenant) -> None:
    creator, other = [await make_tenant(Role.BUILDER, owner.workspace_uuid) for _ in range(2)]
    agent = await make(creator, visibility="workspace")
    refused = await other.put(f"{PATH}/{agent}", {"visibility": "private"})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert (await other.put(f"{PATH}/{agent}", {"visibility": "workspace", "name": "Same"})).status_code == 200
    hidden = (await creator.put(f"{PATH}/{agent}", {"visibility": "private"})).json()["data"]
    assert (hidden["visibility"], hidden["version"]) == ("private", 1)
    assert (await other.get(f"{PATH}/{agent}")).status_code == 404
    shown = (await owner.put(f"{PATH}/{agent}", {"visibility": "workspace"})).json()["data"]
    assert (shown["visibility"], shown["version"]) == ("workspace", 1)
    assert (await other.get(f"{PATH}/{agent}")).status_code == 200


async def test_threads_stay_everybodys_without_it(scene: Scene, make_tenant: MakeTenant) -> None:
    owner = scene.tenant
    other = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    agent = await scene.agent(visibility="private")
    thread = await scene.thread(agent)
    shown = (await other.get(f"/api/v1/threads/{thread}?with=agent")).json()["data"]
    assert shown["agent"] is None
    assert (await owner.get(f"/api/v1/threads/{thread}?with=agent")).json()["data"]["agent"]["uuid"] == agent["uuid"]
    for path, body in (
        (f"/api/v1/threads/{thread}/run", {"message": "Hi"}),
        (f"{PATH}/{agent['uuid']}/run", {"input": "Hi"}),
        ("/api/v1/threads", {"agent_uuid": agent["uuid"]}),
    ):
        answer = await other.post(path, body)
        assert (answer.status_code, answer.json()["detail"]) == (404, MISSING)
    assert not await scene.messages(thread)
    assert (await scene.say(thread, "Hi")).status_code == 200
    named = await other.post(f"/api/v1/threads/{thread}/generate-name", {"model": "small"})
    # As a thread without an agent, whose account nobody else uses either.
    assert named.json()["code"] == "model_unavailable"


async def test_no_workflow_of_another_member_runs_it(scene: Scene, make_tenant: MakeTenant) -> None:
    owner = scene.tenant
    other = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    agent = await scene.agent(visibility="private")
    asking = node("ask", "agent", {"agent_uuid": agent["uuid"], "input": "Hi"})
    workflow = await create_workflow(owner, [node("start", "manual_trigger"), asking], [("start", "ask")])
    assert (await ended(owner, workflow))["status"] == "succeeded"
    failed = await ended(other, workflow)
    assert (failed["status"], failed["error"]["message"]) == ("failed", MISSING)


async def test_no_tool_and_no_team_reaches_it_for_another_member(scene: Scene, make_tenant: MakeTenant) -> None:
    owner = scene.tenant
    other, admin = [await make_tenant(role, owner.workspace_uuid) for role in (Role.BUILDER, Role.ADMIN)]
    agent = await scene.agent(name="Hidden", visibility="private")
    tool = await make_tool(owner, "agent", name="ask", config={"agent_uuid": agent["uuid"]})
    called = await other.post(f"/api/v1/tools/{tool['uuid']}/call", {"arguments": {"question": "Hi"}})
    assert called.json()["data"]["is_error"]
    assert MISSING in called.json()["data"]["content"]
    made = await other.post("/api/v1/tools", {"name": "t", "type": "agent", "config": {"agent_uuid": agent["uuid"]}})
    assert made.status_code == 404
    mate = await scene.agent(name="Open")
    lead = await scene.agent(name="Lead", team_uuids=[agent["uuid"], mate["uuid"]])
    for tenant, offered in ((other, {"ask_open", "hand_over_to_open"}), (admin, None)):
        scene.model.scripts = [saying("Done.")]
        answer = await tenant.post(f"{PATH}/{lead['uuid']}/run", {"input": "Hi"})
        assert answer.status_code == 200, answer.text
        functions = {each["function"]["name"] for each in scene.model.requests[-1]["tools"]}
        assert functions == (offered or {"ask_open", "hand_over_to_open", "ask_hidden", "hand_over_to_hidden"})


async def test_a_team_is_shown_and_changed_without_who_does_not_exist(scene: Scene, make_tenant: MakeTenant) -> None:
    owner = scene.tenant
    other = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    agent, mate = await scene.agent(visibility="private"), await scene.agent()
    lead = await scene.agent(team_uuids=[agent["uuid"]])
    path = f"{PATH}/{lead['uuid']}"
    assert (await other.get(path)).json()["data"]["team_uuids"] == []
    assert (await other.get(f"{path}/versions/1")).json()["data"]["team_uuids"] == []
    assert (await other.put(path, {"team_uuids": [agent["uuid"]]})).status_code == 404
    changed = await other.put(path, {"team_uuids": [mate["uuid"]]})
    assert changed.json()["data"]["team_uuids"] == [mate["uuid"]]
    assert (await owner.get(path)).json()["data"]["team_uuids"] == [mate["uuid"], agent["uuid"]]
    compared = (await other.get(f"{path}/versions/2/changes?since=1")).json()["data"]
    assert agent["uuid"] not in str(compared)


async def test_who_it_is_shared_with_runs_it_with_its_team(scene: Scene, stranger: Tenant) -> None:
    helper = await scene.agent(name="Helper", visibility="private")
    agent = await scene.agent(visibility="private", team_uuids=[helper["uuid"]])
    given = {"grantee": "user", "user_email": stranger.email, "permission": "run"}
    share = (await scene.tenant.post(f"{PATH}/{agent['uuid']}/share", given)).json()["data"]
    path = f"/api/v1/shared/{share['uuid']}"
    assert (await stranger.get(path)).json()["data"]["resource"]["uuid"] == agent["uuid"]
    scene.model.scripts = [calling(("ask_helper", {"question": "Why?"})), saying("Because."), saying("So.")]
    answer = await stranger.post(f"{path}/run", {"input": "Hi"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["output"]["message"]["content"] == "So."
    assert (await stranger.get(f"{PATH}/{agent['uuid']}")).status_code == 404


async def test_what_others_share_leads_to_it_no_more(scene: Scene, make_tenant: MakeTenant, stranger: Tenant) -> None:
    """A share of a thread or a workflow reaches what reaches who made it."""
    other = await make_tenant(Role.BUILDER, scene.tenant.workspace_uuid)
    agent = await scene.agent()
    thread = await scene.thread(agent)
    given = {"grantee": "user", "user_email": stranger.email, "permission": "run"}
    paths: list[str] = []
    for tenant in (other, scene.tenant):
        share = await tenant.post(f"/api/v1/threads/{thread}/share", given)
        paths.append(f"/api/v1/shared/{share.json()['data']['uuid']}/run")
    own = (await other.post(f"{PATH}/{agent['uuid']}/share", given)).json()["data"]
    await hide(scene.tenant, agent["uuid"])
    assert [(await stranger.post(path, {"message": "Hi"})).status_code for path in paths] == [404, 200]
    # It still is shared, by who does not see it any more; who does ends that.
    assert (await other.get(f"/api/v1/shares/{own['uuid']}")).status_code == 404
    assert (await other.put(f"/api/v1/shares/{own['uuid']}", {"permission": "edit"})).status_code == 404
    assert (await stranger.get(f"/api/v1/shared/{own['uuid']}")).status_code == 200
    assert (await scene.tenant.delete(f"/api/v1/shares/{own['uuid']}")).status_code == 204
    assert (await stranger.get(f"/api/v1/shared/{own['uuid']}")).status_code == 404


async def test_metrics_and_leaderboard_do_not_name_it(scene: Scene, make_tenant: MakeTenant) -> None:
    owner = scene.tenant
    other = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    agents = {name: await scene.agent(name=name) for name in ("Open", "Hidden")}
    for agent in agents.values():
        assert (await owner.post(f"{PATH}/{agent['uuid']}/run", {"input": "Hi"})).status_code == 200
        await scene.thread(agent)
    await hide(owner, agents["Hidden"]["uuid"])
    hidden = agents["Hidden"]["uuid"]
    for kind in ("agents", "threads"):
        path = f"/api/v1/metrics/{kind}"
        seen, all_of_it = (await other.get(path)).json()["data"], (await owner.get(path)).json()["data"]
        assert [each["name"] for each in seen["breakdown"]] == ["Open"]
        assert {each["name"] for each in all_of_it["breakdown"]} == {"Open", "Hidden"}
        assert seen["total"] == all_of_it["total"] == 2
        asked, none = [(await other.get(f"{path}?agent_uuid={uuid}")).json()["data"] for uuid in (hidden, str(uuid4()))]
        assert asked == none
        assert (await owner.get(f"{path}?agent_uuid={hidden}")).json()["data"]["total"] == 1
    board = (await other.get(f"{PATH}/leaderboard?period=day")).json()
    assert [each["agent"]["name"] for each in board["data"]] == ["Open"]
    assert (board["meta"]["total"], board["data"][0]["rank"]) == (1, 1)
    assert len((await owner.get(f"{PATH}/leaderboard?period=day")).json()["data"]) == 2


async def test_a_run_goes_on_when_its_agent_becomes_private(scene: Scene, make_tenant: MakeTenant) -> None:
    other = await make_tenant(Role.BUILDER, scene.tenant.workspace_uuid)
    builtin = await make_tool(scene.tenant, "builtin", config={"name": "time"}, requires_approval=True)
    agent = await scene.agent(tool_uuids=[builtin["uuid"]])
    scene.model.scripts = [calling(("time", {})), saying("Noon.")]
    begun = await other.post(f"{PATH}/{agent['uuid']}/run", {"input": "What time is it?", "background": True})
    run = begun.json()["data"]["uuid"]

    async def waits() -> bool:
        return (await scene.run(run))["status"] == "waiting"

    await until(waits)
    await hide(scene.tenant, agent["uuid"])
    assert (await other.post(f"/api/v1/runs/{run}/approve", {"decision": "approved"})).status_code == 200
    assert (await scene.ended(run))["status"] == "succeeded"
