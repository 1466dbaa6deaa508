"""What Flowise's chains and agents are made of: models, tools, prompts, memories, knowledge. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.collected import Collected
from athena.importers.models import Model
from athena.importers.report import Entry
from athena.importers.schemas import of_object
from athena.importers.wiring import Flow, FlowNode

INSTANCE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_-]+)\.data\.instance\s*\}\}")
TAG: Final = re.compile(r"<[^<>]{0,2000}>")
BREAK: Final = re.compile(r"</p>\s*<p>|<br\s*/?>|</li>|</h[1-6]>", re.IGNORECASE)
BUILTINS: Final[Mapping[str, str]] = {
    "calculator": "calculator",
    "currentDateTime": "time",
    "webBrowser": "fetch",
    "webScraperTool": "fetch",
    "codeInterpreterE2B": "python",
    "pythonInterpreter": "python",
}
RETRIEVING: Final = frozenset({"retrieverTool", "queryEngineToolLlamaIndex", "chainTool"})
KNOWLEDGE: Final = (
    "It searches what is known in the workspace; the documents are not in the file: train the agent with them."
)
THREADS: Final = "What was said before is kept by the agent's threads."
PARTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "Memory": ("approximated", "threads", THREADS),
    "Vector Stores": ("approximated", "the workspace's memories", KNOWLEDGE),
    "Retrievers": ("approximated", "the workspace's memories", KNOWLEDGE),
    "Embeddings": ("approximated", "the workspace's embeddings", "Which model is used is a setting of the workspace."),
    "Document Loaders": ("dropped", "", "Documents are not in the file: train the agent with them."),
    "Text Splitters": ("dropped", "", "Documents are split when an agent is trained."),
    "Record Manager": ("dropped", "", "Training the same source again replaces it."),
    "Response Synthesizer": ("dropped", "", "The agent itself makes its answer of what it recalls."),
    "Output Parsers": ("dropped", "", "Give the agent an output schema."),
    "Moderation": ("dropped", "", "Make a guardrail of it."),
    "Cache": ("dropped", "", "Answers are not kept to be given again."),
}
"""By category: the outcome, what it became, and why."""


def plain_text(value: Any) -> str:
    """A text without the markup of Flowise's editor."""
    text = foreign.text({"value": value}, "value")
    if "<" not in text:
        return text
    return html.unescape(TAG.sub("", BREAK.sub("\n", text))).strip()


def used(flow: Flow, part: FlowNode, *names: str) -> list[FlowNode]:
    """The components in some inputs of a node."""
    found: list[FlowNode] = []
    for name in names:
        given = part.inputs.get(name)
        for value in given if isinstance(given, list) else [given]:  # pyright: ignore[reportUnknownVariableType]
            match = INSTANCE.fullmatch(value.strip()) if isinstance(value, str) else None
            if match and match[1] in flow.parts and flow.parts[match[1]] not in found:
                found.append(flow.parts[match[1]])
    for wire in flow.into(part.id):
        if wire.input in names and flow.parts[wire.source] not in found:
            found.append(flow.parts[wire.source])
    return found


def model_of(collected: Collected, name: str, inputs: Mapping[str, Any]) -> Model:
    """A model with its parameters."""
    chosen = foreign.text(inputs, "modelName") or foreign.text(inputs, "customModel") or foreign.text(inputs, "model")
    limit = foreign.number(inputs, "maxTokens") or foreign.number(inputs, "maxTokensToSample")
    return Model.of(collected, name, chosen, foreign.number(inputs, "temperature"), limit)


def connected_model(collected: Collected, flow: Flow, part: FlowNode) -> Model:
    """The model that is connected to a chain or an agent."""
    found = used(flow, part, "model", "llm", "chatModel")
    if not found:
        part.entry.remark("No model is connected to it: choose one.")
        return Model()
    found[0].entry.mapped(f"the model of {part.title}", "Its credential is entered anew as an account.")
    return model_of(collected, found[0].type, found[0].inputs)


def tools(collected: Collected, flow: Flow, part: FlowNode) -> list[dict[str, str]]:
    """The tools of an agent as references."""
    found: list[dict[str, str]] = []
    for each in used(flow, part, "tools", "queryEngineTools"):
        name = texts.label(
            foreign.text(each.inputs, "name") or foreign.text(each.inputs, "toolName") or each.title, "Tool"
        )
        description = foreign.text(each.inputs, "description") or foreign.text(each.inputs, "toolDesc")
        made = tool(collected, each.entry, each.type, name, description, each.inputs)
        if made:
            found.append(made)
    return found


def tool(
    collected: Collected, entry: Entry, kind: str, name: str, description: str, inputs: Mapping[str, Any]
) -> dict[str, str] | None:
    """A tool as a reference; ``None`` where there is none like it, and the entry says so."""
    builtin = BUILTINS.get(kind) or ("memory_search" if kind in RETRIEVING else None)
    spec: dict[str, Any] = {"name": name, "description": description[:2_000]}
    if builtin:
        became = f"the built-in tool {builtin}"
        entry.approximated(became, KNOWLEDGE) if builtin == "memory_search" else entry.mapped(became)
        return collected.add("tools", name, {**spec, "type": "builtin", "config": {"name": builtin}})
    if kind in {"requestsGet", "requestsPost"}:
        url = foreign.text(inputs, "url") or foreign.text(inputs, f"{kind}Url")
        if url.lower().startswith(("http://", "https://")) and "{" not in url:
            entry.approximated("an HTTP tool", "Its headers and its body are to be looked at.")
            config = {"method": "GET" if kind == "requestsGet" else "POST", "url": url}
            return collected.add("tools", name, {**spec, "type": "http", "config": config})
    if kind == "customTool" and of_object(foreign.at(inputs, "schema")):
        entry.dropped("Its program is JavaScript, and code here is Python.")
        return None
    entry.dropped(f"There is no tool like {kind} here; an HTTP tool, or an MCP server, may do its work.")
    return None
