"""Which of Langflow's components become what."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from athena.importers import foreign
from athena.importers.collected import Collected
from athena.importers.langflow import components
from athena.importers.report import Report
from athena.importers.rules import Rule, by_type
from athena.importers.source import MAXIMUM_NODES, ImportRefused
from athena.importers.wiring import MAXIMUM_WAYS, Flow, FlowNode, Station, Wire, Wiring

Convert = Callable[[Station], None]

STORES: Final = (
    "AstraDB",
    "Chroma",
    "FAISS",
    "Milvus",
    "Pinecone",
    "QdrantVectorStoreComponent",
    "pgvector",
    "Weaviate",
    "KnowledgeRetrieval",
    "KnowledgeBase",
)
MODELS: Final = (
    "OpenAIModel",
    "AnthropicModel",
    "AzureOpenAIModel",
    "GoogleGenerativeAIModel",
    "GroqModel",
    "MistralModel",
    "OllamaModel",
    "OpenRouterComponent",
    "LanguageModelComponent",
)
RULES: Final[tuple[Rule[Convert], ...]] = (
    Rule(("ChatInput", "TextInput"), "a field of the `manual_trigger`", components.given),
    Rule(("Prompt", "Prompt Template"), "`template`", components.prompt),
    Rule(MODELS, "`model_call`, or the model of what it is wired to", components.model),
    Rule(("Agent", "ToolCallingAgent", "OpenAIToolsAgent"), "`agent`, and an agent", components.agent, "few tools"),
    Rule(("ChatOutput", "TextOutput"), "`template`", components.output),
    Rule(("ConditionalRouter",), "`if`", components.router, "nothing leads back"),
    Rule(("SmartRouter",), "`classify`", components.smart_router),
    Rule(("CombineText",), "`template`", components.combined),
    Rule(
        ("ParseData", "ParseDataFrame", "ParserComponent", "TypeConverterComponent"),
        "`template`",
        components.passed,
        "values as they are",
    ),
    Rule(("Memory",), "nothing", components.memory, "an agent's threads keep what was said"),
    Rule(STORES, "`memory_search`", components.search, "documents are trained anew; storing them is dropped"),
    Rule(("APIRequest",), "`http_request`", components.request, "credentials anew"),
    Rule(("URL", "URLComponent"), "`tool` that reads a page", components.page, "one page"),
    Rule(("StructuredOutput", "StructuredOutputComponent"), "`extract`", components.extract),
    Rule(("note",), "`note`", components.note),
)


def convert(document: Any, collected: Collected, report: Report) -> None:
    """Adds the flow, or each of several, to what is collected."""
    flows = foreign.mappings(document, "flows") or foreign.mappings(document) or [foreign.mapping(document)]
    if len(flows) > 1:
        collected.name = foreign.text(document, "name") or collected.name
    total = sum(len(foreign.items(_data(flow), "nodes")) for flow in flows)
    if total > MAXIMUM_NODES:
        raise ImportRefused(f"It has {total} nodes; {MAXIMUM_NODES} are the most.")
    for given in flows:
        name = foreign.text(given, "name") or collected.name
        if len(flows) == 1:
            collected.name = name
            collected.description = foreign.text(given, "description") or collected.description
        wiring = Wiring(name, read(given, report), collected)
        wiring.all_run = True
        _custom(wiring)
        only = [part.id for part in wiring.flow.parts.values() if not _is_component(part, wiring)]
        spec = wiring.build(by_type(RULES), only)
        for part in wiring.flow.parts.values():
            if not (part.entry.became or part.entry.why):
                part.entry.dropped(f"There is nothing like {part.type} here, or nothing that was brought in uses it.")
        collected.add("workflows", name, {**spec, "description": foreign.text(given, "description")[:2_000]})


def _is_component(part: FlowNode, wiring: Wiring) -> bool:
    return components.is_part_of_another(part, Station(wiring, part))


def _custom(wiring: Wiring) -> None:
    """Says of components with programs of their own that they are left out."""
    known = by_type(RULES)
    for part in wiring.flow.parts.values():
        own = part.type == "CustomComponent" or foreign.flag(part.given, "node", "edited")
        if own and part.type not in known:
            station = Station(wiring, part)
            station.placeholder("It is a component with a Python program of its own. Write a code node, or a plugin.")


def _data(flow: dict[str, Any]) -> dict[str, Any]:
    return foreign.mapping(flow, "data") or flow


def read(document: dict[str, Any], report: Report) -> Flow:
    """The nodes and wires of a flow; :class:`ImportRefused` when there are none."""
    rows, edges = foreign.mappings(_data(document), "nodes"), foreign.mappings(_data(document), "edges")
    if not rows:
        raise ImportRefused("There are no nodes in it.")
    if len(edges) > MAXIMUM_WAYS:
        raise ImportRefused(f"It has more than {MAXIMUM_WAYS} connections.")
    flow = Flow()
    for row in rows:
        data = foreign.mapping(row, "data")
        kind = "note" if foreign.text(row, "type") == "noteNode" else foreign.text(data, "type") or "component"
        title = foreign.text(data, "node", "display_name") or foreign.text(data, "display_name") or kind
        entry = report.begin(title, kind)
        place = foreign.mapping(row, "position")
        position = (foreign.number(place, "x") or 0, foreign.number(place, "y") or 0)
        part_id = foreign.text(row, "id") or entry.source
        inputs = foreign.mapping(data, "node", "template")
        if part_id in flow.parts:
            entry.dropped("Another node has the same id, and connections lead to that one.")
        else:
            flow.parts[part_id] = FlowNode(part_id, kind, entry.source, inputs, position, entry, data)
    for edge in edges:
        ends = foreign.text(edge, "source"), foreign.text(edge, "target")
        if ends[0] in flow.parts and ends[1] in flow.parts:
            output = foreign.text(_handle(edge, "sourceHandle"), "name")
            flow.wires.append(Wire(ends[0], output, ends[1], foreign.text(_handle(edge, "targetHandle"), "fieldName")))
    return flow


def _handle(edge: dict[str, Any], name: str) -> dict[str, Any]:
    """An end of an edge; in older files it stands in a text, with other quotation marks."""
    if found := foreign.mapping(edge, "data", name):
        return found
    try:
        return foreign.mapping({"v": orjson.loads(re.sub("œ", '"', foreign.text(edge, name)))}, "v")
    except orjson.JSONDecodeError:
        return {}
