"""Apps of Dify."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest

from athena.bundles.format import write
from athena.importers.conversion import Imported, convert
from athena.importers.kinds import Kind
from athena.importers.source import ImportRefused
from tests.importers.conftest import edges, nodes, only, outcomes, sample, sound, why

Node = dict[str, Any]
MODEL: Node = {"provider": "openai", "name": "gpt-4o-mini", "completion_params": {"temperature": 0.5}}
START: Node = {"id": "1", "data": {"type": "start", "title": "Start", "variables": [{"variable": "q", "type": "text"}]}}


def node(node_id: str, kind: str, parent: str = "", **data: Any) -> Node:
    return {"id": node_id, "parentId": parent, "data": {"type": kind, "title": kind, **data}}


def imported(*given: Node, mode: str = "workflow", ways: Any = None, **more: Any) -> Imported:
    """The nodes follow one another, unless the ways are given as (from, handle, to)."""
    pairs = [(one["id"], "source", two["id"]) for one, two in pairwise(given)] if ways is None else ways
    found = [{"source": source, "sourceHandle": handle, "target": target} for source, handle, target in pairs]
    graph = {"nodes": list(given), "edges": found}
    document = {"kind": "app", "app": {"name": "D", "mode": mode}, "workflow": {"graph": graph, **more}}
    return sound(convert(orjson.dumps(document)))


def test_a_workflow_with_a_model_a_branch_and_code() -> None:
    found = sample("dify_ticket.yml")
    given = nodes(found)
    assert {node_id: each["type"] for node_id, each in given.items()} == {
        "start": "manual_trigger",
        "urgent": "if",
        "answer": "model_call",
        "hand_on": "template",
        "either": "template",
        "count": "code",
        "end": "set",
    }
    assert given["answer"]["data"] == {
        "model": "mock-t8",
        "account_uuid": {"$ref": "accounts/openai"},
        "temperature": 0.1,
        "system_prompt": "You answer tickets of {{ workspace.variables.DESK_URL }}.",
        "prompt": "Ticket: {{ nodes.start.output.ticket }}",
    }
    assert ("urgent", "hand_on", "true") in edges(found)
    assert given["end"]["data"]["fields"]["length"] == "{{ nodes.count.output.length }}"
    assert outcomes(found)["text_to_speech"] == "dropped"


def test_values_of_secrets_are_not_taken_over() -> None:
    found = sample("dify_ticket.yml")
    assert "canary" not in "".join(write(found.bundle).values()) + str(found.report.as_json())
    assert {(each.name, each.kind) for each in found.bundle.manifest.variables} == {
        ("DESK_URL", "variable"),
        ("DESK_KEY", "secret"),
    }


def test_an_iteration_is_a_loop_whose_result_is_what_was_selected() -> None:
    inner = node(
        "3", "code", "2", code="def main(x):\n    return {'y': x}", variables=[VARIABLE], code_language="python3"
    )
    given = (
        START,
        node(
            "2",
            "iteration",
            iterator_selector=["1", "q"],
            output_selector=["3", "y"],
            is_parallel=True,
            parallel_nums=5,
            error_handle_mode="continue-on-error",
        ),
        node("2s", "iteration-start", "2"),
        inner,
        node("4", "end", outputs=[{"variable": "all", "value_selector": ["2", "output"]}]),
    )
    ways = [("1", "source", "2"), ("2s", "source", "3"), ("2", "source", "4")]
    found = imported(*given, ways=ways)
    assert nodes(found)["iteration"]["data"] == {
        "items": "{{ nodes.start.output.q }}",
        "concurrency": 5,
        "on_item_error": "null",
    }
    assert nodes(found)["code"]["data"]["inputs"] == {"x": "{{ item.n }}"}
    assert nodes(found)["iteration_result"]["data"]["text"] == "{{ to_json(default(nodes.code.output.y, null)) }}"
    assert nodes(found)["end"]["data"]["fields"] == {"all": "{{ nodes.iteration.output.results }}"}
    assert {
        ("iteration", "code", "item"),
        ("code", "iteration_result"),
        ("iteration_result", "iteration", "next"),
        ("iteration", "end", "done"),
    } <= edges(found)


VARIABLE: Node = {"variable": "x", "value_selector": ["2", "item", "n"]}


def test_a_loop_with_variables_says_what_it_does_not_do() -> None:
    loop = node("2", "loop", loop_count=3, loop_variables=[{"label": "num", "value": "1"}])
    step = node(
        "3",
        "template-transform",
        "2",
        template="{{ n }}",
        variables=[{"variable": "n", "value_selector": ["2", "num"]}],
    )
    ways = [("1", "source", "2"), ("2s", "source", "3")]
    found = imported(START, loop, node("2s", "loop-start", "2"), step, ways=ways)
    assert nodes(found)["loop"]["data"] == {"items": "{{ lists.range(3) }}"}
    assert "keeps no variables in between (num)" in why(found, "loop")
    assert outcomes(found)["template-transform"] == "dropped"


@pytest.mark.parametrize(
    ("operator", "value", "kind", "ours"),
    [
        ("contains", "a", "string", 'default(nodes.start.output.q, "").contains("a")'),
        ("not contains", "a", "array[string]", '!("a" in default(nodes.start.output.q, []))'),
        ("≥", "3", "number", "nodes.start.output.q >= 3"),
        ("empty", "", "string", 'size(default(nodes.start.output.q, "")) == 0'),
        ("is", "{{#1.q#}}", "string", "default(nodes.start.output.q, null) == (nodes.start.output.q)"),
        ("in", ["a", "b"], "string", 'nodes.start.output.q in ["a", "b"]'),
    ],
)
def test_conditions(operator: str, value: Any, kind: str, ours: str) -> None:
    row = {"variable_selector": ["1", "q"], "comparison_operator": operator, "value": value, "varType": kind}
    found = imported(START, node("2", "if-else", cases=[{"case_id": "true", "conditions": [row]}]))
    assert nodes(found)["if_else"]["data"] == {"condition": f"{{{{ {ours} }}}}"}


def test_several_cases_are_a_switch() -> None:
    def case(name: str) -> Node:
        row = {"variable_selector": ["1", "q"], "comparison_operator": "is", "value": name}
        return {"case_id": f"id-{name}", "conditions": [row]}

    ways = [("1", "source", "2"), ("2", "id-a", "3"), ("2", "id-b", "4"), ("2", "false", "5")]
    ends = [node(each, "end", outputs=[], title=f"End {each}") for each in "345"]
    found = imported(START, node("2", "if-else", cases=[case("a"), case("b")]), *ends, ways=ways)
    assert {
        ("if_else", "end_3", "case_1"),
        ("if_else", "end_4", "case_2"),
        ("if_else", "end_5", "default"),
    } <= edges(found)


def test_a_chatflow_is_run_with_what_the_user_says() -> None:
    found = imported(
        node("1", "start", title="Start", variables=[]),
        node("2", "knowledge-retrieval", query_variable_selector=["sys", "query"]),
        node(
            "3",
            "llm",
            model=MODEL,
            context={"enabled": True, "variable_selector": ["2", "result"]},
            prompt_template=[{"role": "system", "text": "Known: {{#context#}}"}],
            memory={"window": {"enabled": False}, "query_prompt_template": "{{#sys.query#}}"},
        ),
        node("4", "answer", answer="{{#3.text#}} ({{#conversation.mood#}})"),
        mode="advanced-chat",
    )
    given = nodes(found)
    assert given["start"]["data"]["input_schema"]["required"] == ["query"]
    assert given["llm"]["data"]["prompt"] == "{{ nodes.start.output.query }}"
    context = 'Known: {{ nodes.knowledge_retrieval.output.map(each, each.content).join("\\n\\n") }}'
    assert given["llm"]["data"]["system_prompt"] == context
    assert given["answer"]["data"] == {"text": "{{ nodes.llm.output.text }} (\\{{#conversation.mood#}})"}
    assert "keeps no variables from one message to the next" in why(found, "answer")


def test_requests_lose_their_keys() -> None:
    found = imported(
        START,
        node(
            "2",
            "http-request",
            method="post",
            url="https://a.example/{{#1.q#}}",
            headers="X-Team: blue\nX-Api-Key: canary",
            params="page: 1",
            body={"type": "json", "data": [{"value": '{"q": "{{#1.q#}}", "n": 1}'}]},
            authorization={"type": "api-key", "config": {"type": "bearer", "api_key": "canary"}},
        ),
    )
    assert nodes(found)["http_request"]["data"] == {
        "method": "POST",
        "url": "https://a.example/{{ nodes.start.output.q }}",
        "response_format": "text",
        "fail_on_status": [],
        "headers": {
            "X-Team": "blue",
            "X-Api-Key": "{{ secrets.HTTP_REQUEST_X_API_KEY }}",
            "Authorization": "Bearer {{ secrets.HTTP_REQUEST_KEY }}",
        },
        "query": {"page": "1"},
        "body": {"type": "json", "value": {"q": "{{ nodes.start.output.q }}", "n": 1}},
    }


def test_classifying_and_extracting() -> None:
    classes = [{"id": "c1", "name": "Complaints"}, {"id": "c2", "name": "Praise"}]
    parameter = {"name": "city", "type": "string", "description": "The city.", "required": True}
    found = imported(
        START,
        node("2", "question-classifier", model=MODEL, query_variable_selector=["1", "q"], classes=classes),
        node("3", "parameter-extractor", model=MODEL, query=["1", "q"], parameters=[parameter]),
        ways=[("1", "source", "2"), ("2", "c2", "3")],
    )
    assert ("question_classifier", "parameter_extractor", "class 2") in edges(found)
    assert nodes(found)["parameter_extractor"]["data"]["json_schema"]["required"] == ["city"]


def test_a_chat_app_is_an_agent() -> None:
    config = {
        "model": MODEL,
        "pre_prompt": "You help in {{ language }}.",
        "user_input_form": [{"text-input": {"variable": "language", "required": True}}],
        "opening_statement": "Hello!",
        "agent_mode": {"max_iteration": 5, "tools": [{"tool_name": "current_time"}, {"tool_name": "dalle3"}]},
        "dataset_configs": {"datasets": {"datasets": [{"dataset": {"id": "x", "enabled": True}}]}},
    }
    document = {"kind": "app", "app": {"name": "Helper", "mode": "agent-chat"}, "model_config": config}
    found = sound(convert(orjson.dumps(document)))
    assert only(found.bundle, "agents") == {
        "name": "Helper",
        "model": "gpt-4o-mini",
        "account_uuid": {"$ref": "accounts/openai"},
        "metadata": {"temperature": 0.5},
        "system_prompt": "You help in {{language}}.",
        "tool_uuids": [{"$ref": "tools/current-time"}],
        "limits": {"turns": 5},
        "memory": {"recall": True},
    }
    assert outcomes(found) == {
        "model": "mapped",
        "pre_prompt": "mapped",
        "user_input_form: language": "mapped",
        "tool: current_time": "mapped",
        "tool: dalle3": "dropped",
        "dataset 1": "approximated",
        "opening_statement": "dropped",
    }


def test_a_completion_app_is_a_prompt() -> None:
    form = [{"select": {"variable": "tone", "options": ["kind", "short"], "required": False}}]
    config = {"model": MODEL, "pre_prompt": "Write {{tone}}: {{query}}", "user_input_form": form}
    document = {"kind": "app", "app": {"name": "Writer", "mode": "completion"}, "model_config": config}
    found = sound(convert(orjson.dumps(document)))
    assert only(found.bundle, "prompts") == {
        "name": "Writer",
        "content": "Write {{tone}}: {{query}}",
        "variables": [{"name": "tone", "type": "enum", "options": ["kind", "short"], "required": False}],
        "model": "gpt-4o-mini",
        "metadata": {"temperature": 0.5},
    }


def test_a_mode_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ImportRefused, match="Apps of the mode pipeline are not known"):
        convert(b"app: {mode: pipeline, name: X}\nkind: app\n", Kind.DIFY)
