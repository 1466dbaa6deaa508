"""Flows of Langflow."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from athena.bundles.format import write
from athena.importers.conversion import Imported, convert
from tests.importers.conftest import edges, nodes, only, outcomes, sound, why

Node = dict[str, Any]


def component(node_id: str, name: str = "", *, edited: bool = False, **fields: Any) -> Node:
    template = {key: field if isinstance(field, dict) else {"value": field} for key, field in fields.items()}
    node = {"display_name": name or node_id, "template": template, "edited": edited}
    return {
        "id": node_id,
        "type": "genericNode",
        "data": {"type": node_id.partition("-")[0], "id": node_id, "node": node},
    }


def wire(source: str, output: str, target: str, field: str) -> Node:
    ends = {"sourceHandle": {"id": source, "name": output}, "targetHandle": {"id": target, "fieldName": field}}
    return {"source": source, "target": target, "data": ends}


def flow(*parts: Node, name: str = "L") -> Node:
    found = [part for part in parts if "data" in part and "id" in part]
    return {"name": name, "data": {"nodes": found, "edges": [part for part in parts if "source" in part]}}


def imported(*parts: Node) -> Imported:
    return sound(convert(orjson.dumps(flow(*parts))))


CHAT: tuple[Node, ...] = (
    component("ChatInput-1", "Chat Input", input_value="Hello"),
    component("Prompt-1", "Prompt", template="Answer as a {role}, {{in braces}}.", role="pirate"),
    component(
        "OpenAIModel-1",
        "OpenAI",
        model_name="gpt-4o-mini",
        temperature=0.1,
        api_key={"value": "sk-canary", "password": True},
    ),
    component("ChatOutput-1", "Chat Output"),
    wire("ChatInput-1", "message", "OpenAIModel-1", "input_value"),
    wire("Prompt-1", "prompt", "OpenAIModel-1", "system_message"),
    wire("OpenAIModel-1", "text_output", "ChatOutput-1", "input_value"),
)


def test_a_prompt_a_model_and_a_chat() -> None:
    found = imported(*CHAT)
    given = nodes(found)
    assert given["chat_input"]["data"]["input_schema"]["required"] == ["input_value"]
    assert given["prompt"]["data"] == {"text": 'Answer as a {{ "pirate" }}, {in braces}.'}
    assert given["openai"]["data"] == {
        "model": "gpt-4o-mini",
        "account_uuid": {"$ref": "accounts/openai"},
        "temperature": 0.1,
        "prompt": "{{ nodes.chat_input.output.input_value }}",
        "system_prompt": "{{ nodes.prompt.output }}",
    }
    assert given["chat_output"]["data"] == {"text": "{{ nodes.openai.output.text }}"}
    assert set(outcomes(found).values()) == {"mapped"}
    assert "canary" not in "".join(write(found.bundle).values())


def test_handles_of_older_files_are_texts() -> None:
    old = {
        "source": "ChatInput-1",
        "target": "ChatOutput-1",
        "sourceHandle": "{œnameœ: œmessageœ}",
        "targetHandle": "{œfieldNameœ: œinput_valueœ}",
    }
    found = imported(CHAT[0], CHAT[3], old)
    assert nodes(found)["chat_output"]["data"] == {"text": "{{ nodes.chat_input.output.input_value }}"}


def test_an_agent_with_tools_and_a_custom_component() -> None:
    found = imported(
        CHAT[0],
        component("Agent-1", "Agent", agent_llm="Anthropic", model_name="claude-sonnet-4-5", system_prompt="Be kind."),
        component("CalculatorComponent-1", "Calculator"),
        component("TavilySearch-1", "Tavily"),
        component("CustomComponent-1", "Mine", edited=True),
        wire("ChatInput-1", "message", "Agent-1", "input_value"),
        wire("CalculatorComponent-1", "tool", "Agent-1", "tools"),
        wire("TavilySearch-1", "tool", "Agent-1", "tools"),
        wire("Agent-1", "response", "CustomComponent-1", "input_value"),
    )
    assert only(found.bundle, "agents") == {
        "name": "Agent",
        "model": "claude-sonnet-4-5",
        "account_uuid": {"$ref": "accounts/anthropic"},
        "system_prompt": "Be kind.",
        "tool_uuids": [{"$ref": "tools/calculator"}],
    }
    assert outcomes(found) == {
        "Chat Input": "mapped",
        "Agent": "mapped",
        "Calculator": "mapped",
        "Tavily": "dropped",
        "Mine": "dropped",
    }
    assert "a Python program of its own" in why(found, "Mine")


@pytest.mark.parametrize(
    ("operator", "ours"),
    [
        ("equals", '{{ nodes.chat_input.output.input_value.lower() == "Yes".lower() }}'),
        ("contains", '{{ nodes.chat_input.output.input_value.lower().contains("Yes".lower()) }}'),
        ("regex", '{{ nodes.chat_input.output.input_value.matches("Yes") }}'),
    ],
)
def test_routing(operator: str, ours: str) -> None:
    found = imported(
        CHAT[0],
        component("ConditionalRouter-1", "If", operator=operator, match_text="Yes"),
        component("ChatOutput-1", "True"),
        component("ChatOutput-2", "False"),
        wire("ChatInput-1", "message", "ConditionalRouter-1", "input_text"),
        wire("ConditionalRouter-1", "true_result", "ChatOutput-1", "input_value"),
        wire("ConditionalRouter-1", "false_result", "ChatOutput-2", "input_value"),
    )
    assert nodes(found)["if"]["data"] == {"condition": ours}
    assert {("if", "n_true", "true"), ("if", "n_false", "false")} <= edges(found)
    assert nodes(found)["n_true"]["data"]["text"] == "{{ nodes.chat_input.output.input_value }}"


def test_knowledge_is_searched_and_storing_it_is_dropped() -> None:
    found = imported(
        CHAT[0],
        component("AstraDB-1", "Search"),
        component("AstraDB-2", "Store"),
        component("File-1", "File"),
        component("OpenAIEmbeddings-1", "Embeddings"),
        component("ParseData-1", "Parse"),
        wire("ChatInput-1", "message", "AstraDB-1", "search_query"),
        wire("AstraDB-1", "search_results", "ParseData-1", "data"),
        wire("File-1", "data", "AstraDB-2", "ingest_data"),
        wire("OpenAIEmbeddings-1", "embeddings", "AstraDB-1", "embedding_model"),
    )
    assert nodes(found)["search"]["data"] == {"query": "{{ nodes.chat_input.output.input_value }}"}
    assert "nodes.search.output.map(each, each.content)" in nodes(found)["parse"]["data"]["text"]
    assert outcomes(found) | {"Parse": "", "Chat Input": ""} == {
        "Chat Input": "",
        "Search": "approximated",
        "Store": "dropped",
        "File": "dropped",
        "Embeddings": "dropped",
        "Parse": "",
    }


def test_several_flows_of_one_file_are_several_workflows() -> None:
    found = sound(convert(orjson.dumps({"name": "All", "flows": [flow(*CHAT, name="A"), flow(*CHAT, name="B")]}), None))
    keys = [each.key for each in found.bundle.resources if each.kind == "workflows"]
    assert keys == ["a", "b"]
    assert len(found.report.entries) == 8
