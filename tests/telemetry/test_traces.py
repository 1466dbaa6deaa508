"""A run is one trace: across requests, workers, models and tools, whichever way it came, and without what was said."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import athena
from athena.kit import logging, tracing
from athena.kit.db import Database
from athena.process import Process
from tests.dialects.conftest import client_of as openai_client
from tests.dialects.mcp_client import send, session_of
from tests.runs.conftest import Scene, until
from tests.runs.model_server import calling, failing, saying
from tests.tools.conftest import make

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ABOVE = "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE}-{ABOVE}-01"}
PACKAGE = Path(athena.__file__).parent
SAID = ("What is Marvin's canary?", "It is yellow-canary.")


def ids(span: ReadableSpan) -> tuple[str, str]:
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


class Spans:
    """What was exported."""

    def __init__(self, found: Sequence[ReadableSpan], trace: str = TRACE) -> None:
        self.of_trace = [each for each in found if ids(each)[0] == trace]

    def __iter__(self) -> Iterator[ReadableSpan]:
        return iter(self.of_trace)

    def named(self, name: str) -> list[ReadableSpan]:
        return [each for each in self if each.name == name]

    def tree(self, above: str = ABOVE) -> dict[str, Any]:
        """The names of the spans beneath a span, each with those beneath it."""
        return {
            each.name: self.tree(ids(each)[1])
            for each in self
            if each.parent is not None and f"{each.parent.span_id:016x}" == above
        }


Recorded = Callable[..., AbstractAsyncContextManager[Spans]]


@pytest.fixture
def recorded(process: Process) -> Recorded:
    """Has traces made meanwhile; they are there afterwards."""

    @asynccontextmanager
    async def record(**options: Any) -> AsyncGenerator[Spans]:
        exporter, found = InMemorySpanExporter(), Spans([])
        tracing.start(exporter, instance="test", **options)
        try:
            yield found
            # A run's answer comes a moment before its span has ended.
            await until(lambda: not process.engine._held)
        finally:
            await tracing.stop()
            found.of_trace = Spans(exporter.get_finished_spans()).of_trace

    return record


async def asked(scene: Scene, agent: str, text: str = "Hello", **body: Any) -> dict[str, Any]:
    path = f"/api/v1/agents/{agent}/run"
    answer = await scene.tenant.request("POST", path, json={"input": text, **body}, headers=CALLER)
    assert answer.status_code in {200, 202}, answer.text
    return answer.json()["data"]


async def kept(database: Database) -> str | None:
    async with database.system() as session:
        return await session.value("SELECT traceparent FROM runs ORDER BY created_at DESC LIMIT 1")


async def test_a_run_is_one_trace_with_its_calls_of_models_and_tools(scene: Scene, recorded: Recorded) -> None:
    tool = await make(scene.tenant)
    agent = await scene.agent(tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]})), saying("3.")]
    async with recorded() as spans:
        run = await asked(scene, agent["uuid"])
    route = "POST /api/v1/agents/{agent_uuid}/run"
    assert spans.tree() == {route: {"invoke_agent": {"chat small": {}, "execute_tool sum": {}}}}
    [invoked] = spans.named("invoke_agent")
    assert invoked.attributes is not None
    assert invoked.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert invoked.attributes["gen_ai.agent.id"] == agent["uuid"]
    assert invoked.attributes["athena.run.uuid"] == run["uuid"]
    assert invoked.attributes["athena.run.status"] == "succeeded"
    chat = spans.named("chat small")[0].attributes
    assert chat is not None
    assert (chat["gen_ai.operation.name"], chat["gen_ai.provider.name"]) == ("chat", "openai")
    assert (chat["gen_ai.request.model"], chat["server.address"]) == ("small", "127.0.0.1")
    assert (chat["gen_ai.usage.input_tokens"], chat["gen_ai.usage.output_tokens"]) == (11, 5)
    assert chat["gen_ai.response.finish_reasons"] == ("tool_calls",)
    called = spans.named("execute_tool sum")[0].attributes
    assert called is not None
    assert (called["gen_ai.tool.name"], called["gen_ai.tool.type"]) == ("sum", "code")


async def test_work_in_the_background_belongs_to_the_trace_that_it_was_accepted_in(
    scene: Scene, recorded: Recorded
) -> None:
    agent = await scene.agent()
    async with recorded() as spans:
        run = await asked(scene, agent["uuid"], background=True)
        await scene.ended(run["uuid"])
    assert [*spans.tree()["POST /api/v1/agents/{agent_uuid}/run"]] == ["invoke_agent"]


async def test_the_dialects_give_a_run_the_same_trace(scene: Scene, server_url: str, recorded: Recorded) -> None:
    agent = await scene.agent(name="Traced")
    async with recorded() as spans:
        async with openai_client(scene.tenant, server_url) as client:
            messages: Any = [{"role": "user", "content": "Hello"}]
            await client.chat.completions.create(model=agent["uuid"], messages=messages, extra_headers=CALLER)
            await client.responses.create(model=agent["uuid"], input="Hello", extra_headers=CALLER)
        called = {"name": "traced", "arguments": {"input": "Hello"}}
        answer = await send(scene.tenant, "tools/call", called, headers={**CALLER, **await session_of(scene.tenant)})
        assert answer.status_code == 200, answer.text
    beneath = {name: tree for name, tree in spans.tree().items() if tree}
    assert beneath == {
        "POST /v1/chat/completions": {"invoke_agent": {"chat small": {}}},
        "POST /v1/responses": {"invoke_agent": {"chat small": {}}},
        "POST /mcp": {"invoke_agent": {"chat small": {}}},
    }


async def test_a_workflow_and_the_agent_that_it_asks_are_in_one_trace(scene: Scene, recorded: Recorded) -> None:
    agent = await scene.agent()
    nodes = [
        {"id": "t", "type": "manual_trigger"},
        {"id": "a", "type": "agent", "data": {"agent_uuid": agent["uuid"], "input": "Hello"}},
    ]
    body = {"name": "W", "nodes": nodes, "edges": [{"source": "t", "target": "a"}]}
    made = (await scene.tenant.post("/api/v1/workflows", body)).json()["data"]
    async with recorded() as spans:
        path = f"/api/v1/workflows/{made['uuid']}/run"
        answer = await scene.tenant.request("POST", path, json={"input": {}}, headers=CALLER)
        assert answer.status_code == 200, answer.text
    route = "POST /api/v1/workflows/{workflow_uuid}/run"
    # The workflow is no work while it waits for the agent, and is one again after that.
    assert spans.tree()[route]["invoke_workflow"] == {"execute_node agent": {"invoke_agent": {"chat small": {}}}}


async def test_what_was_said_is_in_no_span_and_neither_is_a_credential(scene: Scene, recorded: Recorded) -> None:
    agent = await scene.agent(system_prompt="Keep the canary.", name="canary-name")
    scene.model.scripts = [saying(SAID[1]), failing(400, "canary-refused sk-canary-0123456789")]
    async with recorded() as spans:
        await asked(scene, agent["uuid"], SAID[0])
        await scene.tenant.request(
            "POST", f"/api/v1/agents/{agent['uuid']}/run", json={"input": SAID[0]}, headers=CALLER
        )
    assert len(spans.named("chat small")) == 2
    text = "".join(each.to_json() for each in spans)
    assert "canary" not in text
    assert scene.tenant.token not in text


async def test_what_failed_is_marked_by_its_code(scene: Scene, recorded: Recorded) -> None:
    agent = await scene.agent()
    scene.model.scripts = [failing(400)]
    async with recorded() as spans:
        await scene.tenant.request(
            "POST", f"/api/v1/agents/{agent['uuid']}/run", json={"input": "Hello"}, headers=CALLER
        )
    failed = {each.name: (each.attributes or {}).get("error.type") for each in spans if not each.status.is_ok}
    assert failed.items() >= {("chat small", "invalid_request"), ("invoke_agent", "invalid_request")}


async def test_with_content_spans_hold_what_was_said_and_still_no_credential(scene: Scene, recorded: Recorded) -> None:
    tool = await make(scene.tenant)
    agent = await scene.agent(system_prompt="Be brief.", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]})), saying(SAID[1])]
    async with recorded(content=True) as spans:
        await asked(scene, agent["uuid"], SAID[0])
    chat, called = spans.named("chat small")[-1].attributes or {}, spans.named("execute_tool sum")[0].attributes or {}
    assert SAID[0] in str(chat["gen_ai.input.messages"])
    assert SAID[1] in str(chat["gen_ai.output.messages"])
    assert "Be brief." in str(chat["gen_ai.system_instructions"])
    assert (called["gen_ai.tool.call.arguments"], called["gen_ai.tool.call.result"]) == ('{"numbers": [1, 2]}', "3")
    assert "sk-canary" not in "".join(each.to_json() for each in spans)


@pytest.mark.parametrize("hosts", [(), ("127.0.0.1",)])
async def test_only_hosts_that_are_named_are_told_of_the_trace(
    scene: Scene, hosts: tuple[str, ...], recorded: Recorded
) -> None:
    agent = await scene.agent()
    async with recorded(hosts=hosts) as spans:
        await asked(scene, agent["uuid"])
    [chat] = spans.named("chat small")
    told = scene.model.headers[-1].get("traceparent")
    assert told == (f"00-{TRACE}-{ids(chat)[1]}-01" if hosts else None)


async def test_without_a_collector_a_run_keeps_no_trace(scene: Scene, database: Database) -> None:
    agent = await scene.agent()
    await asked(scene, agent["uuid"])
    assert await kept(database) is None
    assert not tracing.current().ids


def test_without_a_collector_opentelemetry_is_not_loaded() -> None:
    loading = re.compile(
        r"^(?:from|import) (?:opentelemetry|athena\.kit\.spans|athena\.kit import .*\bspans\b)", re.MULTILINE
    )
    found = [path for path in PACKAGE.rglob("*.py") if loading.search(path.read_text("utf-8"))]
    assert found == [PACKAGE / "kit" / "spans.py"]


async def test_lines_of_the_log_have_the_ids_of_the_trace(recorded: Recorded) -> None:
    async with recorded():
        with tracing.span("work", parent=CALLER["traceparent"]) as span:
            line = logging._add_ids(None, "info", {"event": "hello"})
    assert line == {"event": "hello", "trace_id": TRACE, "span_id": (span.traceparent or "").split("-")[2]}
    assert "trace_id" not in logging._add_ids(None, "info", {"event": "hello"})


async def test_what_is_accepted_outside_of_any_request_begins_a_trace(recorded: Recorded) -> None:
    async with recorded():
        first, second = tracing.handed_on("workflow"), tracing.handed_on("workflow")
        with tracing.span("request"):
            within = tracing.handed_on("agent")
            assert within == tracing.current().traceparent
    assert first is not None
    assert second is not None
    assert first.split("-")[1] != second.split("-")[1]


async def test_whatever_a_caller_sends_as_its_trace_is_taken_or_passed_over(recorded: Recorded) -> None:
    @given(st.one_of(st.text(max_size=70), st.from_regex(tracing.TRACEPARENT, fullmatch=True)))
    def check(header: str) -> None:
        made = tracing.span("GET", "server", parent=header or None).traceparent
        assert made is not None
        assert tracing.TRACEPARENT.fullmatch(made)
        if tracing.TRACEPARENT.fullmatch(header):
            assert made.split("-")[1] == header.split("-")[1]

    async with recorded():
        check()
