"""Flowise's chatflows: chains and agents, and what they are made of. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from athena.importers import foreign, models
from athena.importers.collected import Collected
from athena.importers.flowise import components
from athena.importers.flowise.components import INSTANCE
from athena.importers.report import Entry
from athena.importers.texts import Cel, Part, Untranslatable, written
from athena.importers.wiring import Flow, FlowNode, Station, Wire, Wiring, said

AGENTS: Final = (
    "toolAgent",
    "openAIFunctionAgent",
    "openAIToolAgent",
    "conversationalAgent",
    "conversationalRetrievalAgent",
    "conversationalRetrievalToolAgent",
    "reactAgentChat",
    "reactAgentLLM",
    "xmlAgent",
    "mistralAIToolAgent",
    "openAIToolAgentLlamaIndex",
    "anthropicAgentLlamaIndex",
    "conversationChain",
    "simpleChatEngine",
)
RETRIEVAL: Final = (
    "conversationalRetrievalQAChain",
    "retrievalQAChain",
    "contextChatEngine",
    "queryEngine",
    "subQuestionQueryEngine",
    "multiRetrievalQAChain",
)
TEAM: Final = ("worker", "seqAgent", "seqLLMNode")
CHAIN: Final = "llmChain"
PLACE: Final = re.compile(r"(?<!\{)\{([A-Za-z_][A-Za-z0-9_]*)\}(?!\})")
PROMPTS: Final = ("systemMessage", "systemMessagePrompt", "agentPrompt", "workerPrompt", "supervisorPrompt", "prefix")


def agents(flow: Flow, collected: Collected) -> None:
    """Adds an agent for each agent, conversation and retrieval chain."""
    workers = [_agent(flow, part, collected) for part in flow.parts.values() if part.type in TEAM]
    for part in flow.parts.values():
        if part.type in {*AGENTS, *RETRIEVAL}:
            _agent(flow, part, collected, recall=part.type in RETRIEVAL)
        elif part.type == "supervisor":
            part.entry.remark("It asks its team, and hands over to it, as it sees fit.")
            _agent(flow, part, collected, team=workers)


def _agent(
    flow: Flow, part: FlowNode, collected: Collected, *, recall: bool = False, team: list[dict[str, str]] | None = None
) -> dict[str, str]:
    prompt = next((text for name in PROMPTS if (text := foreign.text(part.inputs, name)).strip()), "")
    for each in components.used(flow, part, "chatPromptTemplate", "prompt"):
        prompt = foreign.text(each.inputs, "systemMessagePrompt") or foreign.text(each.inputs, "template") or prompt
        each.entry.mapped(f"the system prompt of {part.title}")
    more: dict[str, Any] = {"tool_uuids": components.tools(collected, flow, part)}
    if recall:
        more["memory"] = {"recall": True}
        part.entry.remark(components.KNOWLEDGE)
    if team:
        more["team_uuids"] = team[:64]
    if (turns := foreign.whole(part.inputs, "maxIterations")) is not None:
        more["limits"] = {"turns": max(1, min(turns, 100))}
    name = foreign.text(part.inputs, "workerName") or foreign.text(part.inputs, "agentName") or part.title
    model = components.connected_model(collected, flow, part)
    reference = collected.add("agents", name, models.agent(name, model, prompt, **more))
    became = f"the agent {reference['$ref']}"
    if part.entry.why or part.type in TEAM:
        part.entry.approximated(became)
    else:
        part.entry.mapped(became)
    return reference


def chain(station: Station) -> None:
    """A prompt for a model, in a workflow."""
    flow, part = station.wiring.flow, station.part
    model = components.connected_model(station.collected, flow, part)
    messages: list[tuple[str, str]] = []
    for each in components.used(flow, part, "prompt"):
        values = _values(each.inputs)
        for role, name in (("system", "systemMessagePrompt"), ("user", "humanMessagePrompt"), ("user", "template")):
            if text := foreign.text(each.inputs, name):
                messages.append((role, written(_filled(station, text, values))))
        each.entry.mapped(f"the prompt of {part.title}")
    if not messages:
        station.entry.remark("No prompt is connected to it: it gets the question.")
        messages = [("user", f"{{{{ {station.wiring.given('', 'question')} }}}}")]
    for each in components.used(flow, part, "outputParser"):
        each.entry.dropped("Choose JSON as the node's answer, and give it a schema.")
    node_id = station.add("model_call", {**model.of_node(), **said(messages)})
    station.done(node_id, ".text")
    if not any(flow.parts[wire.source].type == CHAIN for wire in flow.into(part.id)):
        station.wiring.draft.link(station.wiring.start, node_id)
    station.entry.finished("model_call")


def _values(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What fills a prompt's variables."""
    given = inputs.get("promptValues")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = {}
    return {name: value for name, value in foreign.mapping({"given": given}, "given").items() if isinstance(value, str)}


def _filled(station: Station, text: str, values: Mapping[str, str]) -> list[Part]:
    question = station.wiring.given("", "question")

    def read(name: str) -> str:
        value = values.get(name)
        if not value or re.fullmatch(r"\{\{\s*question\s*\}\}", value):
            return question
        if found := INSTANCE.fullmatch(value.strip()):
            return station.wiring.given(found[1])
        if value.strip() == "{{chat_history}}":
            raise Untranslatable("a workflow knows nothing of what was said before")
        return json.dumps(value, ensure_ascii=False)

    found = station.translated(PLACE.split(text), read, ("{", "}"))
    return [part if isinstance(part, Cel) else part.replace("{{", "{").replace("}}", "}") for part in found]


def rest(flow: Flow) -> None:
    """Says what became of the components, by their category."""
    for part in flow.parts.values():
        if part.entry.became or part.entry.why:
            continue
        outcome, became, why = components.PARTS.get(foreign.text(part.given, "category"), ("", "", ""))
        if outcome == "approximated":
            part.entry.approximated(became, why)
        elif outcome == "dropped":
            part.entry.dropped(why)
        else:
            part.entry.dropped(f"There is nothing like {part.type} here, or nothing that was brought in uses it.")


def chains(name: str, flow: Flow, collected: Collected, rules: Mapping[str, Any]) -> None:
    """Adds a workflow of the chains, if there are any, which begins with the question."""
    if not any(part.type == CHAIN for part in flow.parts.values()):
        return
    chosen = {part.id for part in flow.parts.values() if part.type in {CHAIN, "stickyNote"}}
    # A chain that fills a prompt of another one comes before it.
    for part_id in chosen:
        for prompt in components.used(flow, flow.parts[part_id], "prompt"):
            for value in _values(prompt.inputs).values():
                found = INSTANCE.fullmatch(value.strip())
                if found and found[1] in chosen and found[1] != part_id:
                    flow.wires.append(Wire(found[1], "", part_id, "promptValues"))
    wiring = Wiring(name, flow, collected)
    schema = {"type": "object", "properties": {"question": {"type": "string"}}, "required": ["question"]}
    wiring.start = wiring.draft.add(Entry("start", ""), "start", "manual_trigger", {"input_schema": schema}, (-280, 0))
    wiring.give("", f"nodes.{wiring.start}.output.question", "question")
    collected.add("workflows", name, wiring.build(rules, chosen))
