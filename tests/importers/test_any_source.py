"""What holds of any file, whoever wrote it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena.importers.conversion import convert
from athena.importers.kinds import Kind
from athena.importers.source import MAXIMUM_BYTES, MAXIMUM_NODES, ImportRefused, detect, parse
from tests.importers.conftest import SAMPLES, sound

SHORT = st.text(max_size=12)
PLAIN = st.none() | st.booleans() | st.integers(-3, 400) | st.floats(allow_nan=False) | SHORT
TRICKY = st.sampled_from(
    (
        "={{ $json.a }}",
        "={{ $('B').all()[0].json }}",
        "={{ }}",
        "{{#b.text#}}",
        "{{#sys.query#}}",
        "{{",
        "}}",
        "{a}",
        "{{ question }}",
        "{{b.data.instance}}",
        "<p>{{ $form.a }}</p>",
        "\ud7ff\x00",
        "https://a.example",
        "a" * 300,
    )
)
JSON = st.recursive(
    PLAIN | TRICKY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SHORT | TRICKY, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(("A", "B", "C"))


def fields(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these fields, whatever is in them."""
    return st.dictionaries(st.sampled_from(names), JSON, max_size=5)


N8N_TYPES = (
    *("webhook", "scheduleTrigger", "httpRequest", "set", "if", "filter", "switch", "merge", "splitInBatches", "wait"),
    *("respondToWebhook", "stopAndError", "code", "splitOut", "aggregate", "summarize", "sort", "limit", "dateTime"),
    *(
        "removeDuplicates",
        "agent",
        "chainLlm",
        "openAi",
        "textClassifier",
        "informationExtractor",
        "slack",
        "lmChatOpenAi",
    ),
    *("toolHttpRequest", "formTrigger", "itemLists", "stickyNote", "gmail"),
)
N8N_PARAMETERS = fields(
    *(
        "conditions",
        "rules",
        "assignments",
        "values",
        "url",
        "method",
        "options",
        "jsonBody",
        "sendBody",
        "amount",
        "unit",
    ),
    *(
        "fieldToSplitOut",
        "aggregate",
        "fieldsToSummarize",
        "sortFieldsUi",
        "maxItems",
        "rule",
        "mode",
        "text",
        "messages",
    ),
    *("batchSize", "responseBody", "respondWith", "categories", "attributes", "model", "operation", "headerParameters"),
)
N8N_NODE = st.fixed_dictionaries(
    {
        "name": NAMES,
        "type": st.sampled_from(N8N_TYPES).map("n8n-nodes-base.{}".format),
        "typeVersion": st.sampled_from((1, 2, 3.4)),
    },
    optional={"parameters": N8N_PARAMETERS, "position": JSON, "disabled": JSON, "onError": JSON, "retryOnFail": JSON},
)
N8N_TARGETS = st.lists(
    st.lists(st.fixed_dictionaries({"node": NAMES, "index": st.integers(0, 2)}), max_size=2), max_size=3
)
N8N_WAYS = st.dictionaries(st.sampled_from(("main", "ai_tool", "ai_languageModel")), N8N_TARGETS, max_size=2)
N8N = st.fixed_dictionaries(
    {"nodes": st.lists(N8N_NODE, max_size=5), "connections": st.dictionaries(NAMES, N8N_WAYS, max_size=3)}
)

DIFY_TYPES = (
    *("start", "llm", "if-else", "code", "template-transform", "http-request", "question-classifier", "answer", "end"),
    *(
        "parameter-extractor",
        "variable-aggregator",
        "iteration",
        "loop",
        "iteration-start",
        "tool",
        "agent",
        "assigner",
    ),
    *("knowledge-retrieval", "trigger-schedule", "list-operator"),
)
DIFY_DATA = fields(
    *(
        "variables",
        "cases",
        "conditions",
        "code",
        "template",
        "url",
        "headers",
        "body",
        "classes",
        "parameters",
        "outputs",
    ),
    *("iterator_selector", "output_selector", "loop_count", "model", "prompt_template", "context", "memory", "answer"),
    *(
        "query_variable_selector",
        "tool_parameters",
        "agent_parameters",
        "retry_config",
        "error_strategy",
        "cron_expression",
    ),
)
DIFY_NODE = st.builds(
    lambda node_id, kind, data, parent: {"id": node_id, "parentId": parent, "data": {**data, "type": kind}},
    NAMES,
    st.sampled_from(DIFY_TYPES),
    DIFY_DATA,
    st.just("") | NAMES,
)
DIFY_EDGE = st.fixed_dictionaries({"source": NAMES, "target": NAMES}, optional={"sourceHandle": SHORT})
DIFY = st.builds(
    lambda nodes, edges, mode, config: {
        "app": {"mode": mode, "name": "D"},
        "model_config": config,
        "workflow": {"graph": {"nodes": nodes, "edges": edges}},
    },
    st.lists(DIFY_NODE, max_size=5),
    st.lists(DIFY_EDGE, max_size=5),
    st.sampled_from(("workflow", "advanced-chat", "chat", "completion")),
    fields("model", "pre_prompt", "user_input_form", "agent_mode", "dataset_configs", "opening_statement"),
)

FLOWISE_TYPES = (
    *(
        "llmChain",
        "toolAgent",
        "startAgentflow",
        "llmAgentflow",
        "agentAgentflow",
        "conditionAgentflow",
        "iterationAgentflow",
    ),
    *("conditionAgentAgentflow", "directReplyAgentflow", "httpAgentflow", "humanInputAgentflow", "toolAgentflow"),
    *("retrieverAgentflow", "chatOpenAI", "promptTemplate", "calculator", "supervisor", "worker"),
)
FLOWISE_INPUTS = fields(
    *("model", "prompt", "template", "promptValues", "tools", "systemMessage", "llmMessages", "llmStructuredOutput"),
    *("agentMessages", "agentTools", "conditions", "conditionAgentScenarios", "iterationInput", "directReplyMessage"),
    *("url", "headers", "body", "formInputTypes", "startInputType", "humanInputDescription", "retrieverQuery"),
)
FLOWISE_NODE = st.builds(
    lambda node_id, kind, inputs, parent: {
        "id": node_id,
        "parentNode": parent,
        "data": {"name": kind, "inputs": inputs},
    },
    NAMES,
    st.sampled_from(FLOWISE_TYPES),
    FLOWISE_INPUTS,
    st.just("") | NAMES,
)
FLOWISE = st.fixed_dictionaries({"nodes": st.lists(FLOWISE_NODE, max_size=5), "edges": st.lists(DIFY_EDGE, max_size=5)})

LANGFLOW_TYPES = (
    *("ChatInput", "TextInput", "Prompt", "OpenAIModel", "Agent", "ChatOutput", "ConditionalRouter", "SmartRouter"),
    *(
        "CombineText",
        "ParseData",
        "Memory",
        "AstraDB",
        "APIRequest",
        "URL",
        "StructuredOutput",
        "CustomComponent",
        "note",
    ),
)
LANGFLOW_TEMPLATE = st.dictionaries(
    st.sampled_from(
        ("input_value", "template", "a", "model_name", "operator", "match_text", "urls", "routes", "output_schema")
    ),
    st.fixed_dictionaries({"value": JSON}),
    max_size=4,
)
LANGFLOW_NODE = st.builds(
    lambda node_id, kind, template: {"id": node_id, "data": {"type": kind, "node": {"template": template}}},
    NAMES,
    st.sampled_from(LANGFLOW_TYPES),
    LANGFLOW_TEMPLATE,
)
LANGFLOW_EDGE = st.builds(
    lambda source, target, field: {"source": source, "target": target, "data": {"targetHandle": {"fieldName": field}}},
    NAMES,
    NAMES,
    st.sampled_from(("input_value", "input_text", "tools", "model", "a", "text1", "search_query")),
)
LANGFLOW = st.builds(
    lambda nodes, edges: {"data": {"nodes": nodes, "edges": edges}},
    st.lists(LANGFLOW_NODE, max_size=5),
    st.lists(LANGFLOW_EDGE, max_size=5),
)
ASSISTANTS = st.fixed_dictionaries(
    {
        "assistants": st.lists(
            fields("id", "name", "model", "instructions", "tools", "metadata", "response_format"), max_size=3
        ),
        "threads": st.lists(fields("id", "metadata", "messages", "assistant_id"), max_size=3),
    }
)


def imported_or_refused(content: bytes, kind: Kind | None = None) -> None:
    """Whatever it is, it becomes something sound, or is refused with a reason."""
    try:
        sound(convert(content, kind))
    except ImportRefused as refused:
        assert str(refused)


@given(content=st.binary(max_size=200) | JSON.map(orjson.dumps) | SHORT.map(str.encode))
@settings(max_examples=25, deadline=None)
def test_any_bytes_are_imported_or_refused(content: bytes) -> None:
    for kind in (None, *Kind):
        imported_or_refused(content, kind)


@pytest.mark.parametrize(
    ("kind", "documents", "field"),
    [
        (Kind.N8N, N8N, ("nodes",)),
        (Kind.DIFY, DIFY, ("workflow", "graph", "nodes")),
        (Kind.FLOWISE, FLOWISE, ("nodes",)),
        (Kind.LANGFLOW, LANGFLOW, ("data", "nodes")),
        (Kind.ASSISTANTS, ASSISTANTS, ("assistants",)),
    ],
)
def test_whatever_stands_in_nodes_it_is_sound_and_each_is_told_of_once(
    kind: Kind, documents: st.SearchStrategy[dict[str, Any]], field: tuple[str, ...]
) -> None:
    @given(document=documents)
    @settings(max_examples=30, deadline=None)
    def holds(document: dict[str, Any]) -> None:
        try:
            found = sound(convert(json.dumps(document).encode(), kind))
        except ImportRefused as refused:
            assert str(refused)
            return
        rows: Any = document
        for name in field:
            rows = rows[name]
        told = len(found.report.entries)
        if kind in {Kind.N8N, Kind.FLOWISE, Kind.LANGFLOW}:
            assert told == len(rows)
        elif kind is not Kind.DIFY or document["app"]["mode"] in {"workflow", "advanced-chat"}:
            assert told >= len(rows)

    holds()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" " * (MAXIMUM_BYTES + 1), "10,000,000 are the most"),
        (b'{"nodes": [', "begins as JSON, and is none"),
        (b"a: &a [1]\nb: *a\n", "aliases"),
        (b"a: [b: c]: d", "neither JSON nor YAML: an error in line 1"),
        (b"[" * 100_000, "begins as JSON"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested more than 64 deep"),
        (b"- " * 200 + b"a", "nested too deeply"),
        (b"", "does not look like a file"),
        (b"just words", "does not look like a file"),
        (orjson.dumps({"connections": {}, "nodes": [{}] * (MAXIMUM_NODES + 1)}), "401 nodes; 400 are the most"),
    ],
)
def test_what_is_too_much_or_nothing_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        convert(content)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("n8n_orders.json", Kind.N8N), ("dify_ticket.yml", Kind.DIFY), ("assistants.json", Kind.ASSISTANTS)],
)
def test_where_a_file_comes_from_is_seen(name: str, kind: Kind) -> None:
    assert detect(parse((SAMPLES / name).read_bytes())) is kind


def test_large_workflows_take_no_time_to_speak_of() -> None:
    """Every node leads to every other one: as far as a source may go."""
    names = [f"N{number}" for number in range(60)]
    nodes = [{"name": name, "type": "n8n-nodes-base.splitInBatches", "typeVersion": 3} for name in names]
    targets = [{"node": name, "index": 0} for name in names]
    connections = {name: {"main": [targets]} for name in names}
    found = sound(convert(orjson.dumps({"nodes": nodes, "connections": connections})))
    assert len(found.report.entries) == len(names)
