"""Front ends run agents and models by AG-UI: each event is read by the protocol's own types, in its rules of order."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from ag_ui.core import AssistantMessage, Context, ResumeEntry, SystemMessage, Tool, ToolMessage, UserMessage

from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.dialects.ag_ui_client import asking, check, decoded, kinds, run, text_of
from tests.dialects.conftest import workflow
from tests.runs.conftest import Scene, until
from tests.runs.model_server import calling, failing, saying
from tests.tools.conftest import make

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LAMP = Tool(name="lamp", description="Switches the lamp.", parameters={"type": "object", "properties": {}})


async def test_an_agent_answers_in_the_thread_that_the_front_end_names(scene: Scene) -> None:
    agent = await scene.agent(name="Bike Shop")
    body = asking("Which tyres?", thread_id="my thread")
    first = await run(scene.tenant, "bike-shop", body)
    assert kinds(first) == [
        *("RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"),
        "RUN_FINISHED",
    ]
    assert text_of(first) == "Answer 1."
    assert (first[0].protocol_version, first[-1].outcome.type) == ("1.0", "success")
    assert (first[-1].usage[0].model, first[-1].usage[0].total_tokens) == ("small", 10)
    answer = AssistantMessage(id=first[1].message_id, content="Answer 1.")
    said = UserMessage(id="u1", content="Which tyres?")
    await run(scene.tenant, "bike-shop", asking(said, answer, "How wide?", thread_id="my thread"))
    run_uuid = first[0].metadata["run_uuid"]
    found = await scene.run(run_uuid)
    assert found["agent_uuid"] == agent["uuid"]
    texts = [each[1] for each in await scene.said(found["thread_uuid"])]
    assert texts == ["Which tyres?", "Answer 1.", "How wide?", "Answer 2."]


async def test_a_thread_of_the_workspace_goes_by_its_uuid_and_is_told_to_who_knows_less(scene: Scene) -> None:
    agent = await scene.agent(name="Shop")
    thread = await scene.thread(agent)
    assert (await scene.say(thread, "Which tyres?")).status_code == 200
    events = await run(scene.tenant, "shop", asking("How wide?", thread_id=thread))
    snapshot = events[1].messages
    assert [(each.role, each.content) for each in snapshot] == [
        ("user", "Which tyres?"),
        ("assistant", "Answer 1."),
        ("user", "How wide?"),
    ]
    assert scene.model.asked[-3:] == [(each.role, each.content) for each in snapshot]


async def test_a_thread_of_the_same_name_is_each_users_own(
    scene: Scene, stranger: Tenant, make_tenant: MakeTenant
) -> None:
    agent = await scene.agent(name="Shop")
    thread = await scene.thread(agent)
    colleague = await make_tenant(Role.ADMIN, scene.tenant.workspace_uuid)
    for name in ("default", str(new_uuid())):
        for tenant in (scene.tenant, colleague):
            await run(tenant, "shop", asking("Hello", thread_id=name))
            assert scene.model.asked == [("user", "Hello")]
    theirs = (await stranger.post("/api/v1/threads", {"name": "Secret"})).json()["data"]["uuid"]
    await run(scene.tenant, "shop", asking("Hello", thread_id=theirs))
    assert (await stranger.get(f"/api/v1/messages?thread_uuid={theirs}")).json()["data"] == []
    assert (await scene.messages(thread)) == []


async def test_what_was_said_before_comes_along_into_a_new_thread(scene: Scene) -> None:
    await scene.agent(name="Shop", system_prompt="Sell tyres.")
    before = [
        SystemMessage(id="s", content="Be brief."),
        UserMessage(id="a", content="Which?"),
        AssistantMessage(id="b", content="Wide ones."),
    ]
    context = [Context(description="The page", value="Tyres")]
    events = await run(scene.tenant, "shop", asking(*before, "How wide?", context=context, state={"size": 28}))
    assert events[1].snapshot == {"size": 28}
    system, *said = scene.model.asked
    assert system[1].startswith("Sell tyres.\n\nBe brief.\n\nThe page:\nTyres")
    assert '{"size":28}' in system[1]
    assert said == [("user", "Which?"), ("assistant", "Wide ones."), ("user", "How wide?")]


async def test_tools_of_an_agent_are_told_with_their_results(scene: Scene) -> None:
    tool = await make(scene.tenant)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [
        calling(("sum", {"numbers": [1, 2]}), says="Let me see."),
        calling(("sum", {"numbers": [3, 3]}), ("none", {})),
        saying("6 in all."),
    ]
    events = await run(scene.tenant, "shop", asking("1, 2 and 3?"))
    assert text_of(events) == "Let me see.6 in all."
    calls = {each.tool_call_id: each.tool_call_name for each in events if each.type.value == "TOOL_CALL_START"}
    assert calls == {"call_0": "sum", "call_0.2": "sum", "call_1": "none"}
    results = {each.tool_call_id: each.content for each in events if each.type.value == "TOOL_CALL_RESULT"}
    assert results.keys() == calls.keys()
    assert len({each.message_id for each in events if each.type.value == "TEXT_MESSAGE_START"}) == 2


async def test_a_model_calls_functions_of_the_front_ends(offered: Scene) -> None:
    offered.model.scripts = [calling(("lamp", {"on": True}), says="One moment."), saying("It is on.")]
    asked = UserMessage(id="u", content="Light!")
    events = await run(offered.tenant, "small", asking(asked, tools=[LAMP]))
    [start] = [each for each in events if each.type.value == "TOOL_CALL_START"]
    assert events[-1].outcome.pending_tool_call_ids == [start.tool_call_id]
    called = AssistantMessage.model_validate(
        {
            "id": "a",
            "toolCalls": [
                {"id": "call_0", "type": "function", "function": {"name": "lamp", "arguments": '{"on": true}'}}
            ],
        }
    )
    result = ToolMessage(id="t", tool_call_id="call_0", content="done")
    again = await run(offered.tenant, "small", asking(asked, called, result, tools=[LAMP]))
    assert text_of(again) == "It is on."
    assert offered.model.requests[-1]["messages"][-1]["role"] == "tool"


async def test_an_agent_calls_its_own_tools_alone(scene: Scene) -> None:
    await scene.agent(name="Shop")
    answer = await scene.tenant.post("/ag-ui/shop", asking("Light!", tools=[LAMP]))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["tools"])


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        ({"status": "resolved", "payload": {"decision": "approved"}}, "3"),
        ({"status": "resolved", "payload": {"approved": True, "editedArgs": {"numbers": [2, 2]}}}, "4"),
        ({"status": "resolved", "payload": False}, "refused"),
        ({"status": "cancelled"}, "refused"),
    ],
)
async def test_an_interrupted_run_goes_on_with_an_answer(scene: Scene, entry: Any, outcome: str) -> None:
    tool = await make(scene.tenant, requires_approval=True)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]}), says="Let me see."), saying("Done.")]
    body = asking("1 and 2?")
    first = await run(scene.tenant, "shop", body)
    [interrupt] = first[-1].outcome.interrupts
    assert interrupt.message.startswith("Call sum?")
    assert interrupt.tool_call_id == "call_0"
    assert interrupt.response_schema["required"] == ["decision"]
    waiting = await scene.tenant.post("/ag-ui/shop", {**body, "runId": "other"})
    assert (waiting.status_code, waiting.json()["code"]) == (409, "run_interrupted")
    resume = [ResumeEntry.model_validate({"interruptId": interrupt.id, **entry})]
    second = await run(scene.tenant, "shop", asking(thread_id=body["threadId"], resume=resume))
    assert second[0].metadata == first[0].metadata
    assert text_of(second) == "Done."
    [result] = [each for each in second if each.type.value == "TOOL_CALL_RESULT"]
    assert outcome in result.content


async def test_two_interrupts_of_a_run_are_answered_one_after_the_other(scene: Scene) -> None:
    tool = await make(scene.tenant, requires_approval=True)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]}), ("sum", {"numbers": [5, 5]})), saying("Done.")]
    body = asking("Both?")
    events = await run(scene.tenant, "shop", body)
    answered: set[str] = set()
    while events[-1].outcome.type == "interrupt":
        interrupt = events[-1].outcome.interrupts[0]
        assert interrupt.id not in answered
        answered.add(interrupt.id)
        resume = [ResumeEntry(interrupt_id=interrupt.id, status="resolved", payload=True)]
        events = await run(scene.tenant, "shop", asking(thread_id=body["threadId"], resume=resume))
    assert len(answered) == 2
    assert text_of(events) == "Done."


async def test_a_stream_that_broke_off_goes_on_after_any_event(scene: Scene) -> None:
    tool = await make(scene.tenant)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]}), says="Let me see."), saying("3", " in all.")]
    whole = (await scene.tenant.post("/ag-ui/shop", asking("1 and 2?"))).text
    check(decoded(whole))
    blocks = [block for block in whole.split("\n\n") if block]
    for number, block in enumerate(blocks):
        if block.startswith("id: "):
            headers = {"Last-Event-ID": block.split("\n")[0].removeprefix("id: ")}
            again = await scene.tenant.get("/ag-ui/shop", headers=headers)
            assert [each for each in again.text.split("\n\n") if each] == blocks[number + 1 :]
    for wrong in ("x", "WzFd", ""):
        assert (await scene.tenant.get("/ag-ui/shop", headers={"Last-Event-ID": wrong})).status_code == 422
    assert (await scene.tenant.get("/ag-ui/shop")).status_code == 405


async def test_a_repeated_request_with_its_key_begins_nothing(scene: Scene) -> None:
    await scene.agent(name="Shop")
    body = asking("Which?")
    first = await run(scene.tenant, "shop", body, **{"Idempotency-Key": "once"})
    again = await run(scene.tenant, "shop", body, **{"Idempotency-Key": "once"})
    assert again == first
    assert len(scene.model.requests) == 1


async def test_a_run_that_fails_or_is_cancelled_ends_so(scene: Scene) -> None:
    agent = await scene.agent(name="Shop")
    never = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=never)]
    running = asyncio.create_task(run(scene.tenant, "shop", asking("Which?")))
    await until(lambda: scene.model.requests)
    [found] = (await scene.tenant.get(f"/api/v1/runs?agent_uuid={agent['uuid']}")).json()["data"]
    assert (await scene.tenant.post(f"/api/v1/runs/{found['uuid']}/cancel")).status_code == 200
    assert (await running)[-1].outcome.type == "cancelled"
    never.set()
    scene.model.scripts = [failing(400, "No such thing.")]
    events = await run(scene.tenant, "shop", asking("Which?"))
    assert events[-1].type.value == "RUN_ERROR"
    assert events[-1].message


async def test_files_come_with_what_the_user_says(scene: Scene) -> None:
    await scene.agent(name="Shop")
    image = {
        "type": "image",
        "source": {"type": "data", "value": base64.b64encode(PNG).decode(), "mimeType": "image/png"},
    }
    said = UserMessage.model_validate({"id": "u", "content": [{"type": "text", "text": "What is this?"}, image]})
    body = asking(said)
    await run(scene.tenant, "shop", body)
    events = await run(scene.tenant, "shop", asking("And?", thread_id=body["threadId"]))
    assert events[1].messages[0].content[1].source.type == "file"
    for source in ({"type": "url", "value": "http://127.0.0.1/a.png"}, {"type": "file", "value": str(new_uuid())}):
        body["messages"][0]["content"][1]["source"] = source
        refused = await scene.tenant.post("/ag-ui/shop", {**body, "threadId": "other"})
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["messages.0.content.1.source.value"])


async def test_workflows_and_what_is_unknown_cannot_be_run(scene: Scene) -> None:
    flow = await workflow(scene.tenant)
    for name in (flow["uuid"], str(new_uuid()), "nothing"):
        assert (await scene.tenant.post(f"/ag-ui/{name}", asking("Hello"))).status_code in {404, 409}
    assert scene.model.requests == []


async def test_who_may_only_look_runs_nothing(scene: Scene, make_tenant: MakeTenant) -> None:
    await scene.agent(name="Shop")
    viewer = await make_tenant(Role.VIEWER, scene.tenant.workspace_uuid)
    assert (await viewer.post("/ag-ui/shop", asking("Hello"))).status_code == 403
    assert scene.model.requests == []
