"""The nodes `agent` and `prompt`: runs of their own, which the execution waits for."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from athena.engine.held import Interruption
from athena.permissions import Role
from athena.process import Process
from tests.conftest import Tenant
from tests.node_types.conftest import Bench, problems
from tests.runs.conftest import until
from tests.runs.model_server import ModelServer, failing, saying
from tests.workflow_executions.conftest import create, node

Asking = dict[str, Any]


async def agent(tenant: Tenant, asking: Asking, **more: Any) -> str:
    answer = await tenant.post("/api/v1/agents", {"name": "A", **asking, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


async def prompt(tenant: Tenant, **more: Any) -> str:
    answer = await tenant.post("/api/v1/prompts", {"name": "P", "content": "Say {{word}}.", "model": "small", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


async def runs(tenant: Tenant, kind: str) -> list[dict[str, Any]]:
    return (await tenant.get(f"/api/v1/runs?kind={kind}")).json()["data"]


async def test_an_agent_answers_in_a_run_of_its_own(
    bench: Bench, owner: Tenant, asking: Asking, model: ModelServer
) -> None:
    model.scripts = [saying("Hello, Ada.", usage={"prompt_tokens": 9, "completion_tokens": 4})]
    uuid = await agent(owner, asking, system_prompt="Greet {{name}}.")
    data = {"agent_uuid": uuid, "input": "I am {{ input }}.", "variables": {"name": "{{ input }}"}}
    result = await bench.perform("agent", data, given="Ada")
    assert model.asked == [("system", "Greet Ada."), ("user", "I am Ada.")]
    [run] = await runs(owner, "agent")
    assert (run["agent_uuid"], run["status"], result.details) == (uuid, "succeeded", {"run_uuid": run["uuid"]})
    assert result.outputs["output"] == {
        "text": "Hello, Ada.",
        "message_uuid": run["message_uuid"],
        "model": "small",
        "finish_reason": "stop",
    }
    assert result.usage is not None
    assert (result.usage.input_tokens, result.usage.output_tokens) == (9, 4)


async def test_an_agent_answers_in_a_thread(bench: Bench, owner: Tenant, asking: Asking, model: ModelServer) -> None:
    model.scripts = [saying("Hi.")]
    uuid = await agent(owner, asking)
    thread = (await owner.post("/api/v1/threads", {"agent_uuid": uuid})).json()["data"]["uuid"]
    await bench.perform("agent", {"agent_uuid": uuid, "input": "Hello", "thread_uuid": thread})
    messages = (await owner.get(f"/api/v1/messages?thread_uuid={thread}&sort=created_at")).json()["data"]
    assert [message["content"] for message in messages] == ["Hello", "Hi."]


async def test_an_agent_goes_on_with_a_conversation(
    bench: Bench, owner: Tenant, asking: Asking, model: ModelServer
) -> None:
    messages = [
        {"role": "user", "content": "A"},
        {"role": "assistant", "content": "B"},
        {"role": "user", "content": "C"},
    ]
    await bench.perform("agent", {"agent_uuid": await agent(owner, asking), "messages": messages})
    assert model.asked == [("user", "A"), ("assistant", "B"), ("user", "C")]


async def test_a_repetition_finds_the_run_that_is_there(
    bench: Bench, owner: Tenant, asking: Asking, model: ModelServer
) -> None:
    data = {"agent_uuid": await agent(owner, asking), "input": "Hello"}
    first, again = [await bench.perform("agent", data, key="k") for _ in range(2)]
    assert first == again
    assert len(model.requests) == 1
    other = await bench.perform("agent", data, key="after a failure")
    assert other.details != first.details


async def test_what_the_run_failed_with_is_what_the_node_fails_with(
    bench: Bench, owner: Tenant, asking: Asking, model: ModelServer
) -> None:
    data = {"agent_uuid": await agent(owner, asking), "input": "Hello"}
    model.scripts = [failing(401)]
    error = await bench.failure("agent", data)
    [run] = await runs(owner, "agent")
    assert (error.code, error.retryable, error.details["run_uuid"]) == ("authentication", False, run["uuid"])
    model.scripts = [failing(503, headers={"Retry-After": "0.01"})] * 4
    error = await bench.failure("agent", data, key="k-2")
    assert (error.code, error.retryable) == ("overloaded", True)


async def test_a_run_that_takes_too_long_is_stopped(
    bench: Bench, owner: Tenant, asking: Asking, model: ModelServer, gate: asyncio.Event
) -> None:
    model.scripts = [saying("a", "b", until=gate)]
    error = await bench.failure("agent", {"agent_uuid": await agent(owner, asking), "input": "Hi"}, seconds=0.4)
    assert (error.code, error.retryable, error.unknown) == ("timeout", True, False)
    [run] = await runs(owner, "agent")
    assert bench.stopped == [UUID(run["uuid"])]


async def test_a_run_that_somebody_cancels_is_a_failure(
    bench: Bench, owner: Tenant, asking: Asking, model: ModelServer, gate: asyncio.Event
) -> None:
    model.scripts = [saying("a", "b", until=gate)]
    data = {"agent_uuid": await agent(owner, asking), "input": "Hi"}
    work = asyncio.create_task(bench.failure("agent", data))
    await until(lambda: model.requests)
    [run] = await runs(owner, "agent")
    await owner.post(f"/api/v1/runs/{run['uuid']}/cancel")
    assert (await work).code == "run_cancelled"


async def test_the_agent_must_be_the_workspace_s_and_the_caller_one_who_may(
    bench: Bench, owner: Tenant, stranger: Tenant, asking: Asking
) -> None:
    data = {"agent_uuid": await agent(stranger, {"model": "small"}), "input": "Hi"}
    assert (await bench.failure("agent", data)).code == "not_found"
    bench.role = Role.VIEWER
    data["agent_uuid"] = await agent(owner, asking)
    assert (await bench.failure("agent", data)).code == "permission_denied"


async def test_a_prompt_is_run_with_its_variables(
    bench: Bench, owner: Tenant, asking: Asking, model: ModelServer
) -> None:
    model.scripts = [saying("yes"), saying("no")]
    uuid = await prompt(owner)
    await owner.put(f"/api/v1/prompts/{uuid}", {"content": "Now say {{word}}."})
    account = asking["account_uuid"]
    data = {"prompt_uuid": uuid, "variables": {"word": "{{ input }}"}, "account_uuid": account, "max_tokens": 9}
    result = await bench.perform("prompt", data, given="yes")
    assert (result.outputs["output"]["text"], model.asked) == ("yes", [("user", "Now say yes.")])
    assert model.requests[0]["max_tokens"] == 9
    await bench.perform("prompt", {**data, "version": 1}, given="no", key="k-2")
    assert model.asked == [("user", "Say no.")]
    assert {run["prompt_version"] for run in await runs(owner, "prompt")} == {1, 2}


async def test_values_that_do_not_fit_the_prompt_are_told(bench: Bench, owner: Tenant) -> None:
    error = await bench.failure("prompt", {"prompt_uuid": await prompt(owner), "variables": {"other": 1}})
    assert (error.code, error.retryable) == ("validation_failed", False)
    assert set(error.details["errors"]) == {"variables.word", "variables.other"}
    assert (await bench.failure("prompt", {"prompt_uuid": str(uuid4())})).code == "not_found"


@pytest.mark.parametrize("given", [{}, {"input": "a", "messages": [{"role": "user", "content": "b"}]}])
def test_an_agent_is_given_one_thing_to_answer(given: dict[str, Any]) -> None:
    [(path, message)] = problems("agent", {"agent_uuid": str(uuid4()), **given})
    assert (path, message) == ("data", "Give either input or messages.")


# -- within an execution --------------------------------------------------------------------------------------------


async def begun(owner: Tenant, asking: Asking, model: ModelServer, gate: asyncio.Event) -> dict[str, Any]:
    """An execution whose agent waits for ``gate`` in the middle of its answer."""
    model.scripts = [saying("a", "b", until=gate)]
    data = {"agent_uuid": await agent(owner, asking), "input": "Hi"}
    workflow = await create(owner, [node("ask", "agent", data)], [("start", "ask")])
    assert workflow["problems"] == []
    answer = await owner.post(f"/api/v1/workflows/{workflow['uuid']}/run", {"background": True})
    assert answer.status_code == 202, answer.text
    await until(lambda: model.requests)
    return answer.json()["data"]


async def ended(tenant: Tenant, run_uuid: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            run = (await tenant.get(f"/api/v1/runs/{run_uuid}")).json()["data"]
            if run["finished_at"] is not None:
                return run
            await asyncio.sleep(0.02)


async def test_who_cancels_the_execution_cancels_the_agent(
    owner: Tenant, asking: Asking, model: ModelServer, gate: asyncio.Event
) -> None:
    execution = await begun(owner, asking, model, gate)
    await owner.post(f"/api/v1/runs/{execution['uuid']}/cancel")
    assert (await ended(owner, execution["uuid"]))["status"] == "cancelled"
    [run] = await runs(owner, "agent")
    assert (await ended(owner, run["uuid"]))["status"] == "cancelled"


async def test_an_execution_that_changes_hands_finds_its_agent_at_work(
    owner: Tenant, asking: Asking, model: ModelServer, gate: asyncio.Event, process: Process
) -> None:
    execution = await begun(owner, asking, model, gate)
    held = process.engine._held[UUID(execution["uuid"])]
    held.interrupt(Interruption.HANDOVER)
    await held.done
    gate.set()
    done = await ended(owner, execution["uuid"])
    assert (done["status"], done["output"]["text"]) == ("succeeded", "ab")
    assert [run["status"] for run in await runs(owner, "agent")] == ["succeeded"]
    assert len(model.requests) == 1
