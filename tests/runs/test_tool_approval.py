"""A call that a human must approve: the run waits, as a row, and what was shown is what is called."""

from __future__ import annotations

from typing import Any

import pytest

from athena.runs import tool_calls
from tests.runs.conftest import Scene
from tests.runs.model_server import calling, saying
from tests.tools.conftest import make

ADD = ("sum", {"numbers": [1, 2]})


async def waiting(scene: Scene, *calls: Any, **fields: Any) -> tuple[str, str, list[dict[str, Any]]]:
    """A run that waits: its thread, its uuid, and what it asks."""
    settings: dict[str, Any] = {"requires_approval": True, **fields}
    tool = await make(scene.tenant, "code", **settings)
    thread = await scene.thread(await scene.agent(tool_uuids=[tool["uuid"]]))
    scene.model.scripts = [calling(*(calls or (ADD,))), saying("Done.")]
    run = (await scene.begin(thread, "Add."))["uuid"]
    while (await scene.run(run))["status"] != "waiting":
        pass
    asked = (await scene.tenant.get(f"/api/v1/approvals?run_uuid={run}&sort=created_at")).json()["data"]
    return thread, run, asked


async def approve(scene: Scene, run: str, **body: Any) -> None:
    answer = await scene.tenant.post(f"/api/v1/runs/{run}/approve", body)
    assert answer.status_code == 200, answer.text


def result(scene: Scene) -> str:
    return next(m["content"] for m in scene.model.requests[-1]["messages"] if m["role"] == "tool")


async def test_it_is_called_when_it_is_approved(scene: Scene) -> None:
    _, run, (asked,) = await waiting(scene)
    assert asked["payload"] == {"name": "sum", "arguments": {"numbers": [1, 2]}}
    told = await scene.tenant.get(f"/api/v1/approvals/{asked['uuid']}")
    assert told.json()["data"]["status"] == "open"
    assert len(scene.model.requests) == 1
    await approve(scene, run, decision="approved")
    assert (await scene.ended(run))["output"]["message"]["content"] == "Done."
    assert result(scene) == "3"
    kinds = [event.type for event in await scene.events_of(run)]
    assert kinds.index("approval.required") < kinds.index("tool_call.started") < kinds.index("tool_call.completed")


async def test_it_is_called_with_the_arguments_as_they_were_edited(scene: Scene) -> None:
    thread, run, _ = await waiting(scene)
    await approve(scene, run, decision="approved", payload={"name": "sum", "arguments": {"numbers": [40, 2]}})
    await scene.ended(run)
    assert result(scene) == "42"
    call = next(part for part in (await scene.messages(thread))[-1]["content"] if part["type"] == "tool_call")
    assert call["arguments"] == '{"numbers":[40,2]}'


async def test_a_refusal_is_told_to_the_model_with_its_reason(scene: Scene) -> None:
    _, run, _ = await waiting(scene)
    await approve(scene, run, decision="refused", comment="Too expensive.")
    assert (await scene.ended(run))["status"] == "succeeded"
    assert result(scene) == "Not called: a human refused this call. The reason: Too expensive."
    assert "tool_call.started" not in [event.type for event in await scene.events_of(run)]


async def test_several_calls_wait_side_by_side_and_each_goes_on_by_itself(scene: Scene) -> None:
    _, run, asked = await waiting(scene, ADD, ("sum", {"numbers": [5]}))
    assert len(asked) == 2
    for each in reversed(asked):
        answer = await scene.tenant.post(f"/api/v1/approvals/{each['uuid']}/answer", {"decision": "approved"})
        assert answer.status_code == 200, answer.text
    await scene.ended(run)
    assert [m["content"] for m in scene.model.requests[-1]["messages"] if m["role"] == "tool"] == ["3", "5"]


async def test_only_arguments_that_the_tool_names_need_approval(scene: Scene) -> None:
    _, run, asked = await waiting(
        scene,
        ("sum", {"numbers": [1]}),
        ("sum", {"numbers": [1, 2, 3, 4]}),
        ("sum", {"numbers": "nonsense"}),
        requires_approval=False,
        approval_condition="size(arguments.numbers) > 3",
    )
    assert [each["payload"]["arguments"] for each in asked] == [{"numbers": [1, 2, 3, 4]}]
    await approve(scene, run, decision="approved")
    await scene.ended(run)
    found = [m["content"] for m in scene.model.requests[-1]["messages"] if m["role"] == "tool"]
    assert found[:2] == ["1", "10"]


async def test_a_run_that_is_cancelled_asks_nobody_any_more(scene: Scene) -> None:
    _, run, (asked,) = await waiting(scene)
    assert (await scene.tenant.post(f"/api/v1/runs/{run}/cancel")).status_code == 200
    assert (await scene.ended(run))["status"] == "cancelled"
    assert (await scene.tenant.get(f"/api/v1/approvals/{asked['uuid']}")).json()["data"]["status"] == "cancelled"


async def test_nobody_s_answer_in_time_is_a_refusal(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_calls, "APPROVAL_SECONDS", 0.5)
    _, run, _ = await waiting(scene)
    assert (await scene.ended(run))["status"] == "succeeded"
    assert result(scene) == "Not called: nobody approved this call in time."


@pytest.mark.parametrize("written", ['```json\n{"numbers": [1, 2]}\n```', 'Sure: {"numbers": [1, 2]}'])
async def test_however_the_model_writes_its_arguments_the_call_is_approved_first(scene: Scene, written: str) -> None:
    _, run, (asked,) = await waiting(scene, ("sum", written))
    assert asked["payload"] == {"name": "sum", "arguments": {"numbers": [1, 2]}}
    await approve(scene, run, decision="approved")
    await scene.ended(run)
    assert result(scene) == "3"
