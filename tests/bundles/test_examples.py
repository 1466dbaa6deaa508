"""The bundles of ``examples/``: each is applied, and does what it says with a scripted model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from athena.bundles.format import read, write
from tests.bundles.conftest import Person, actions
from tests.runs.conftest import Scene, model, scene
from tests.runs.model_server import calling, saying

__all__ = ["model", "scene"]

EXAMPLES = Path(__file__).parents[2] / "examples" / "bundles"
NAMES = ("order-approval", "research-helper", "support-desk")


async def applied(scene: Scene, name: str) -> dict[str, str]:
    """The example's resources by name, whose agents have a model."""
    person = Person(scene.tenant)
    plan = await person.plan(read(EXAMPLES / name))
    assert plan["problems"] == []
    assert set(actions(plan).values()) == {"create"}
    made = await person.apply(plan["bundle_uuid"])
    for key, uuid in made.items():
        if key.startswith("agents/"):
            await person.put(f"agents/{uuid}", model="small", account_uuid=str(scene.account))
        if key.startswith("workflows/"):
            await person.put(f"workflows/{uuid}", status="active")
    return made


async def run(scene: Scene, workflow: str, given: Any) -> dict[str, Any]:
    """A workflow's execution, once it has ended."""
    answer = await scene.tenant.post(f"/api/v1/workflows/{workflow}/run", {"input": given, "background": True})
    assert answer.status_code == 202, answer.text
    return await ended(scene, answer.json()["data"]["uuid"])


async def ended(scene: Scene, uuid: str, *, waiting: bool = True) -> dict[str, Any]:
    """An execution at its end, or, unless that is over, while it waits."""
    async with asyncio.timeout(20):
        while True:
            found = (await scene.tenant.get(f"/api/v1/workflow-executions/{uuid}")).json()["data"]
            if found["status"] in ({"succeeded", "failed"} | ({"waiting"} if waiting else set())):
                return found
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_written_as_athena_writes_it(name: str) -> None:
    for path, text in write(read(EXAMPLES / name)).items():
        assert (EXAMPLES / name / path).read_bytes().decode() == text, path


def test_there_are_no_others() -> None:
    assert sorted(each.name for each in EXAMPLES.iterdir()) == list(NAMES)


async def test_the_support_desk_answers_from_what_it_has_learnt(scene: Scene) -> None:
    made = await applied(scene, "support-desk")
    agent = made["agents/support-desk"]
    for source in (await scene.tenant.get(f"/api/v1/agents/{agent}/sources")).json()["data"]:
        await scene.ended(source["run_uuid"])
    scene.model.scripts = [saying("14 days, in its box.")]
    answer = await scene.tenant.post(
        f"/api/v1/agents/{agent}/run", {"input": "May I return a helmet? 4111111111111111"}
    )
    assert answer.status_code == 200, answer.text
    asked = "\n".join(str(text) for _, text in scene.model.asked)
    assert "unopened box" in asked
    assert "4111111111111111" not in asked
    evaluation = await scene.tenant.post(
        "/api/v1/evaluations", {"dataset_uuid": made["evaluation_sets/returns"], "agent_uuid": agent}
    )
    assert (await scene.ended(evaluation.json()["data"]["run_uuid"]))["status"] == "succeeded"


async def test_a_large_order_waits_for_approval(scene: Scene) -> None:
    workflow = (await applied(scene, "order-approval"))["workflows/order"]
    scene.model.scripts = [saying("Thank you, Ada."), saying("Thank you, Bob.")]
    small = {"customer": "Ada", "items": [{"name": "Bell", "price": 12.5, "amount": 2}]}
    done = await run(scene, workflow, small)
    assert done["output"] == {"accepted": True, "text": "Thank you, Ada.", "total": 25}

    large = {"customer": "Bob", "items": [{"name": "Bicycle", "price": 900, "amount": 1}]}
    waiting = await run(scene, workflow, large)
    assert waiting["status"] == "waiting"
    [question] = (await scene.tenant.get("/api/v1/approvals")).json()["data"]
    assert question["title"] == "Accept an order of 900.0?"
    await scene.tenant.post(f"/api/v1/approvals/{question['uuid']}/answer", {"decision": "approved"})
    done = await ended(scene, waiting["uuid"], waiting=False)
    assert done["output"] == {"accepted": True, "text": "Thank you, Bob.", "total": 900}


async def test_the_research_helper_computes_and_reports(scene: Scene) -> None:
    workflow = (await applied(scene, "research-helper"))["workflows/report"]
    scene.model.scripts = [calling(("calculator", {"expression": "17.5 * 2"})), saying("It is 35.")]
    done = await run(scene, workflow, {"questions": ["What is 17.5 times 2?"]})
    assert done["output"] == "# Report\n\nWhat is 17.5 times 2?\n\nIt is 35.\n"
    assert "35" in str(scene.model.requests[-1]["messages"][-1])
