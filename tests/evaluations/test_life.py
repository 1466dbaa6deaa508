"""An evaluation ends once, whatever happens to it: it is cancelled, deleted, or its process dies."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from athena.engine.held import Interruption
from athena.permissions import Role
from athena.process import Process
from tests.conftest import MakeTenant, Tenant
from tests.evaluations.conftest import DATASETS, EVALUATIONS, Bench, expecting
from tests.runs.conftest import until
from tests.runs.model_server import saying


async def begun(bench: Bench, texts: str = "ABC") -> tuple[str, asyncio.Event]:
    """An evaluation of which A is done, and B waits for the event."""
    wait = asyncio.Event()
    bench.answers = {"B": saying("One ", "two.", until=wait)}
    dataset = await bench.dataset(*((text, [expecting(text, "not_contains")]) for text in texts))
    evaluation = await bench.start(dataset, await bench.scene.agent(), concurrency=1)
    await until(lambda: "B" in bench.asked)
    return evaluation, wait


async def ended_with(bench: Bench, statuses: list[str]) -> None:
    """How the agent's runs end, in any order."""
    runs = (await bench.scene.tenant.get("/api/v1/runs?kind=agent")).json()["data"]
    assert sorted([(await bench.scene.ended(each["uuid"]))["status"] for each in runs]) == statuses


async def test_a_cancelled_evaluation_keeps_what_it_has(bench: Bench) -> None:
    evaluation, wait = await begun(bench)
    shown = await bench.get(evaluation)
    assert (shown["status"], shown["summary"]["pending"], shown["summary"]["failed"]) == ("running", 2, 1)
    answer = await bench.scene.tenant.post(f"{EVALUATIONS}/{evaluation}/cancel")
    assert answer.status_code == 200
    done = await bench.ended(evaluation)
    assert (done["status"], done["summary"]["failed"], done["summary"]["cancelled"]) == ("cancelled", 1, 2)
    await ended_with(bench, ["cancelled", "succeeded"])
    wait.set()
    assert "C" not in bench.asked
    again = await bench.scene.tenant.post(f"{EVALUATIONS}/{evaluation}/cancel")
    assert again.json()["data"] == done


async def test_a_deleted_evaluation_stops(bench: Bench) -> None:
    evaluation, wait = await begun(bench)
    assert (await bench.scene.tenant.delete(f"{EVALUATIONS}/{evaluation}")).status_code == 204
    assert (await bench.scene.tenant.get(f"{EVALUATIONS}/{evaluation}")).status_code == 404
    assert (await bench.scene.ended(evaluation))["status"] == "cancelled"
    await ended_with(bench, ["cancelled", "succeeded"])
    wait.set()
    assert "C" not in bench.asked


async def test_an_evaluation_goes_with_its_dataset(bench: Bench) -> None:
    evaluation, wait = await begun(bench)
    dataset = (await bench.get(evaluation))["dataset_uuid"]
    assert (await bench.scene.tenant.delete(f"{DATASETS}/{dataset}")).status_code == 204
    wait.set()
    run = await bench.scene.ended(evaluation)
    assert (run["status"], run["error"]["code"]) == ("failed", "evaluation_deleted")
    assert "C" not in bench.asked


async def test_it_goes_on_in_another_process_and_answers_nothing_twice(bench: Bench, process: Process) -> None:
    evaluation, wait = await begun(bench, "ABCD")
    held = process.engine._held[UUID(evaluation)]
    held.interrupt(Interruption.HANDOVER)
    await held.done
    wait.set()
    done = await bench.ended(evaluation)
    assert (done["status"], done["summary"]["failed"], done["summary"]["passed"]) == ("succeeded", 3, 1)
    assert bench.asked == ["A", "B", "C", "D"]
    told = [each.type for each in await bench.scene.events_of(evaluation)]
    assert told.count("evaluation.item_completed") == 4


@pytest.mark.parametrize("fields", [{"version": 9}, {"channel": "staging"}])
async def test_what_is_not_there_is_not_evaluated(bench: Bench, fields: dict[str, object]) -> None:
    agent, dataset = await bench.scene.agent(), await bench.dataset(("A", [expecting("A")]))
    body = {"dataset_uuid": dataset, "agent_uuid": agent["uuid"], **fields}
    assert (await bench.scene.tenant.post(EVALUATIONS, body)).status_code == 404
    assert (await bench.scene.tenant.get(EVALUATIONS)).json()["data"] == []


async def test_bad_requests_say_why(bench: Bench) -> None:
    agent, empty = await bench.scene.agent(), await bench.dataset()
    body = {"dataset_uuid": empty, "agent_uuid": agent["uuid"]}
    answer = await bench.scene.tenant.post(EVALUATIONS, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["dataset_uuid"])
    for wrong in ({"concurrency": 17}, {"version": 1, "channel": "draft"}, {"agent_uuid": "x"}):
        assert (await bench.scene.tenant.post(EVALUATIONS, {**body, **wrong})).status_code == 422


async def test_evaluations_of_others_are_not_there(bench: Bench, stranger: Tenant) -> None:
    agent, dataset = await bench.scene.agent(), await bench.dataset(("A", [expecting("A")]))
    done = await bench.evaluated(dataset, agent)
    path = f"{EVALUATIONS}/{done['uuid']}"
    for answer in (
        await stranger.get(path),
        await stranger.get(f"{path}/results"),
        await stranger.post(f"{path}/cancel"),
        await stranger.delete(path),
        await stranger.get(f"{EVALUATIONS}/comparison?a={done['uuid']}&b={done['uuid']}"),
        await stranger.post(EVALUATIONS, {"dataset_uuid": dataset, "agent_uuid": agent["uuid"]}),
    ):
        assert answer.status_code == 404
    assert (await stranger.get(EVALUATIONS)).json()["data"] == []


async def test_who_may_not_run_the_agent_may_not_evaluate_it(bench: Bench, make_tenant: MakeTenant) -> None:
    agent, dataset = await bench.scene.agent(), await bench.dataset(("A", [expecting("A")]))
    body = {"dataset_uuid": dataset, "agent_uuid": agent["uuid"]}
    workspace = bench.scene.tenant.workspace_uuid
    operator = await make_tenant(Role.OPERATOR, workspace)
    narrow = await make_tenant(Role.BUILDER, workspace, ["evaluations.create"])
    for tenant, missing in ((operator, "evaluations.create"), (narrow, "agents.run")):
        answer = await tenant.post(EVALUATIONS, body)
        assert (answer.status_code, missing in answer.json()["detail"]) == (403, True)
