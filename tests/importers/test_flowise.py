"""Chatflows and agentflows of Flowise."""

from __future__ import annotations

from typing import Any

import orjson

from athena.importers.conversion import Imported, convert
from tests.importers.conftest import edges, nodes, only, outcomes, sound, why

Node = dict[str, Any]


def component(node_id: str, category: str = "", label: str = "", **inputs: Any) -> Node:
    kind = node_id.rpartition("_")[0]
    data = {"id": node_id, "name": kind, "label": label or node_id, "category": category, "inputs": inputs}
    return {"id": node_id, "position": {"x": 0, "y": 0}, "data": {**data, "inputParams": []}}


def of(node_id: str) -> str:
    return f"{{{{{node_id}.data.instance}}}}"


def imported(*given: Node, ways: tuple[tuple[str, str], ...] = ()) -> Imported:
    """Ways are (from, to), with the number of an output as in `conditionAgentflow_0:1`."""
    found: list[Node] = []
    for source, target in ways:
        name, _, output = source.partition(":")
        handle = f"{name}-output-{output or 'x'}"
        found.append({"source": name, "sourceHandle": handle, "target": target, "targetHandle": target})
    return sound(convert(orjson.dumps({"name": "F", "nodes": list(given), "edges": found})))


MODEL = component("chatOpenAI_0", "Chat Models", modelName="gpt-4o-mini", temperature="0.2", maxTokens="")


def test_an_agent_with_its_tools_memory_and_model() -> None:
    found = imported(
        component(
            "toolAgent_0",
            "Agents",
            "Helper",
            systemMessage="Be kind.",
            tools=[of("calculator_0"), of("serpAPI_0")],
            memory=of("bufferMemory_0"),
            model=of("chatOpenAI_0"),
            maxIterations="4",
        ),
        MODEL,
        component("calculator_0", "Tools", "Calculator"),
        component("serpAPI_0", "Tools"),
        component("bufferMemory_0", "Memory"),
    )
    assert only(found.bundle, "agents") == {
        "name": "Helper",
        "model": "gpt-4o-mini",
        "account_uuid": {"$ref": "accounts/openai"},
        "metadata": {"temperature": 0.2},
        "system_prompt": "Be kind.",
        "tool_uuids": [{"$ref": "tools/calculator"}],
        "limits": {"turns": 4},
    }
    assert outcomes(found) == {
        "Helper": "mapped",
        "chatOpenAI_0": "mapped",
        "Calculator": "mapped",
        "serpAPI_0": "dropped",
        "bufferMemory_0": "approximated",
    }


def test_what_retrieves_documents_recalls_memories() -> None:
    found = imported(
        component(
            "conversationalRetrievalQAChain_0",
            "Chains",
            "Docs",
            vectorStoreRetriever=of("faiss_0"),
            model=of("chatOpenAI_0"),
        ),
        MODEL,
        component("faiss_0", "Vector Stores", document=[of("textFile_0")]),
        component("textFile_0", "Document Loaders"),
    )
    assert only(found.bundle, "agents")["memory"] == {"recall": True}
    assert outcomes(found) == {
        "Docs": "approximated",
        "chatOpenAI_0": "mapped",
        "faiss_0": "approximated",
        "textFile_0": "dropped",
    }


def test_chains_that_feed_each_other_are_a_workflow() -> None:
    found = imported(
        component("llmChain_0", "Chains", "Name", model=of("chatOpenAI_0"), prompt=of("promptTemplate_0")),
        component("llmChain_1", "Chains", "Slogan", model=of("chatOpenAI_0"), prompt=of("promptTemplate_1")),
        MODEL,
        component(
            "promptTemplate_0", "Prompts", template="A name for {product}?", promptValues='{"product":"{{question}}"}'
        ),
        component(
            "promptTemplate_1",
            "Prompts",
            template="A slogan for {name}, as {{json}}",
            promptValues={"name": of("llmChain_0")},
        ),
    )
    given = nodes(found)
    assert given["name"]["data"]["prompt"] == "A name for {{ nodes.start.output.question }}?"
    assert given["slogan"]["data"]["prompt"] == "A slogan for {{ nodes.name.output.text }}, as {json}"
    assert edges(found) == {("start", "name"), ("name", "slogan")}
    assert set(outcomes(found).values()) == {"mapped"}


def mention(name: str) -> str:
    """A variable as Flowise's editor writes it."""
    span = f'<span class="variable" data-type="mention" data-id="{name}">{{{{ {name} }}}}</span>'
    return f"<p>Say: {span} </p><p>&amp; more</p>"


def test_an_agentflow_is_a_workflow() -> None:
    config = {"modelName": "gpt-4o-mini", "temperature": 0.9}
    found = imported(
        component("startAgentflow_0", label="Start", startInputType="chatInput"),
        component(
            "conditionAgentAgentflow_0",
            label="Which",
            conditionAgentModel="chatOpenAI",
            conditionAgentModelConfig=config,
            conditionAgentInput=mention("question"),
            conditionAgentScenarios=[{"scenario": "About us"}, {"scenario": "Other"}],
        ),
        component(
            "agentAgentflow_0",
            label="Helper",
            agentModel="chatOpenAI",
            agentModelConfig=config,
            agentMessages=[{"role": "system", "content": "<p>Be kind.</p>"}],
            agentTools=[{"agentSelectedTool": "currentDateTime"}],
        ),
        component("directReplyAgentflow_0", label="No", directReplyMessage=mention("$flow.state.x")),
        component("directReplyAgentflow_1", label="Yes", directReplyMessage=mention("agentAgentflow_0")),
        ways=(
            ("startAgentflow_0", "conditionAgentAgentflow_0"),
            ("conditionAgentAgentflow_0:0", "agentAgentflow_0"),
            ("conditionAgentAgentflow_0:1", "directReplyAgentflow_0"),
            ("agentAgentflow_0", "directReplyAgentflow_1"),
        ),
    )
    given = nodes(found)
    assert given["which"]["data"]["text"] == "Say: {{ nodes.start.output.question }} \n& more"
    assert {("which", "helper", "case 0"), ("which", "no", "case 1"), ("helper", "yes")} <= edges(found)
    assert given["helper"]["data"] == {
        "agent_uuid": {"$ref": "agents/helper"},
        "input": "{{ nodes.start.output.question }}",
    }
    assert only(found.bundle, "agents")["system_prompt"] == "Be kind."
    assert given["yes"]["data"]["text"] == "Say: {{ nodes.helper.output.text }} \n& more"
    assert given["no"]["data"]["text"] == "Say: \\{{ $flow.state.x }} \n& more"
    assert "keeps no state" in why(found, "No")


def test_conditions_iterations_and_people() -> None:
    inner = component(
        "llmAgentflow_0", label="Each", llmModel="chatOpenAI", llmUserMessage="<p>{{ $iteration.name }}</p>"
    )
    condition = {"type": "string", "value1": "{{ question }}", "operation": "contains", "value2": "<p>yes</p>"}
    found = imported(
        component("startAgentflow_0", label="Start"),
        component("conditionAgentflow_0", label="If", conditions=[condition]),
        component("iterationAgentflow_0", label="All", iterationInput='[{"name": "a"}]'),
        {**inner, "parentNode": "iterationAgentflow_0"},
        component("humanInputAgentflow_0", label="Ask", humanInputDescription="<p>Go on?</p>"),
        component("loopAgentflow_0", label="Again", loopBackToNode="llmAgentflow_0-Each"),
        ways=(
            ("startAgentflow_0", "conditionAgentflow_0"),
            ("conditionAgentflow_0:0", "iterationAgentflow_0"),
            ("conditionAgentflow_0:1", "humanInputAgentflow_0"),
            ("humanInputAgentflow_0:1", "loopAgentflow_0"),
        ),
    )
    case = {"name": "case_0", "condition": '{{ nodes.start.output.question.contains("yes") }}'}
    assert nodes(found)["if"]["data"] == {"cases": [case]}
    assert nodes(found)["each"]["data"]["prompt"] == "{{ item.name }}"
    assert {
        ("if", "all", "case_0"),
        ("if", "ask", "default"),
        ("all", "each", "item"),
        ("each", "all", "next"),
        ("ask", "again", "refused"),
    } <= edges(found)
    assert outcomes(found)["Again"] == "dropped"


def test_a_supervisor_has_its_workers_as_a_team() -> None:
    found = imported(
        component("supervisor_0", "Multi Agents", "Boss", supervisorPrompt="Lead.", model=of("chatOpenAI_0")),
        component(
            "worker_0", "Multi Agents", "Writer", workerPrompt="Write.", workerName="Writer", model=of("chatOpenAI_0")
        ),
        MODEL,
    )
    (boss,) = [dict(each.spec) for each in found.bundle.resources if each.key == "boss"]
    assert boss["team_uuids"] == [{"$ref": "agents/writer"}]
