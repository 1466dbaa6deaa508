"""n8n's agents, chains and models. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from athena.importers import foreign, models, texts
from athena.importers.models import Model
from athena.importers.n8n.ai_tools import tools
from athena.importers.n8n.graph import SourceNode
from athena.importers.n8n.shapes import Shape, renamed
from athena.importers.n8n.site import Site
from athena.importers.schemas import from_example, usable

LANGUAGE_MODEL: Final = "ai_languageModel"
MEMORY: Final = "ai_memory"
PARSER: Final = "ai_outputParser"
THREADS: Final = (
    "What was said before is kept by the threads of the agent, not by the workflow: give the node a thread."
)
CHAT: Final = "={{ $json.chatInput }}"
GO_ON: Final = "Go on."
"""What is said where the source says nothing."""


def agent(site: Site) -> None:
    """An agent with its model, memory, tools and parser."""
    provided = site.building.source.provided(site.node.name)
    model = _model(site, provided.get(LANGUAGE_MODEL, []))
    options = foreign.mapping(site.parameters, "options")
    prompt = _constant(site, options.get("systemMessage") or site.parameters.get("systemMessage") or "")
    more: dict[str, Any] = {}
    if tool_references := tools(site, provided.get("ai_tool", [])):
        more["tool_uuids"] = tool_references
    if (turns := foreign.whole(options, "maxIterations")) is not None:
        more["limits"] = {"turns": max(1, min(turns, 100))}
    if schema := _schema(site, provided.get(PARSER, [])):
        more["output_schema"] = schema
    for node in provided.get(MEMORY, []):
        node.entry.approximated("threads", THREADS)
    spec = models.agent(site.node.name, model, prompt[0], **more)
    reference = site.building.collected.add("agents", site.node.name, spec)
    data: dict[str, Any] = {"agent_uuid": reference, "input": _question(site)}
    if prompt[1]:
        data["variables"] = prompt[1]
    site.done(site.add("agent", data), Shape(names=renamed(output="text")))
    site.entry.finished(f"agent, and the agent {reference['$ref']}")


def _question(site: Site) -> str:
    """What the agent is asked."""
    given = site.parameters.get("text")
    if site.word("promptType", default="auto") == "auto" and (not given or site.node.version >= 1.7):  # noqa: PLR2004
        given = CHAT
    return site.text(given or CHAT).strip() or GO_ON


def _constant(site: Site, value: Any) -> tuple[str, dict[str, str]]:
    """A system prompt, and the expressions that fill its variables."""
    made: list[str] = []
    variables: dict[str, str] = {}
    for part in site.parts(value):
        if isinstance(part, texts.Cel):
            name = f"value_{len(variables) + 1}"
            variables[name] = f"{{{{ string({part.text}) }}}}"
            made.append(f"{{{{{name}}}}}")
        else:
            made.append(part)
    if variables:
        site.entry.remark("Expressions in its system message are variables, which the node fills in.")
    return "".join(made), variables


def _model(site: Site, nodes: list[SourceNode]) -> Model:
    if not nodes:
        site.entry.remark("No model is connected to it: choose one.")
        return Model()
    node, *others = nodes
    for each in others:
        each.entry.approximated("nothing", "Name it as a fallback model of the agent.")
    model = model_of(site, node)
    node.entry.mapped(f"the model of {site.node.name}", "Its credential is not taken over: enter it as an account.")
    return model


def model_of(site: Site, node: SourceNode) -> Model:
    """The model that a node names."""
    given = node.parameters.get("model") or node.parameters.get("modelName") or node.parameters.get("modelId") or ""
    name = foreign.text(given, "value") if isinstance(given, dict) else foreign.text({"value": given}, "value")
    if name.startswith("="):
        node.entry.remark("Its model is chosen by an expression: choose one.")
        name = ""
    options = foreign.mapping(node.parameters, "options")
    limit = foreign.number(options, "maxTokens") or foreign.number(options, "maxTokensToSample")
    name = name.removeprefix("models/")
    return Model.of(site.building.collected, node.type, name, foreign.number(options, "temperature"), limit)


def _schema(site: Site, nodes: list[SourceNode]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = None
    for node in nodes:
        schema = schema_of(node)
        if schema is None:
            node.entry.dropped("Its schema could not be read.")
        else:
            found = schema
            node.entry.mapped(f"the output schema of {site.node.name}")
    return found


def schema_of(node: SourceNode) -> dict[str, Any] | None:
    """The JSON Schema of a structured output."""
    text = foreign.text(node.parameters, "inputSchema") or foreign.text(node.parameters, "jsonSchema")
    if text:
        return usable(text)
    return from_example(foreign.text(node.parameters, "jsonSchemaExample"))


def chain(site: Site) -> None:
    """A prompt for a model."""
    provided = site.building.source.provided(site.node.name)
    model = _model(site, provided.get(LANGUAGE_MODEL, []))
    messages = [
        (ROLES.get(foreign.text(row, "type"), "user"), site.text(row.get("message")))
        for row in foreign.mappings(site.parameters, "messages", "messageValues")
    ]
    given = site.parameters.get("text") or site.parameters.get("prompt") or CHAT
    data = {**model.of_node(), **_said([*messages, ("user", site.text(given))])}
    schema = _schema(site, provided.get(PARSER, []))
    if schema:
        data |= {"response_format": "json", "json_schema": schema}
    names = renamed(output="json", text="text") if schema else renamed(text="text", response="text", output="text")
    site.done(site.add("model_call", data), Shape(names=names))
    site.entry.finished("model_call")


ROLES: Final = {
    "SystemMessagePromptTemplate": "system",
    "HumanMessagePromptTemplate": "user",
    "AIMessagePromptTemplate": "assistant",
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "model": "assistant",
}


def _said(messages: list[tuple[str, str]]) -> dict[str, Any]:
    """A conversation, as a node that asks a model has it."""
    system = "\n\n".join(text for role, text in messages if role == "system" and text.strip())
    others = [(role, text) for role, text in messages if role != "system" and text.strip()]
    found: dict[str, Any] = {"system_prompt": system} if system else {}
    if len(others) > 1 and others[-1][0] == "user":
        return {**found, "messages": [{"role": role, "content": text} for role, text in others]}
    return {**found, "prompt": others[-1][1] if others else GO_ON}


def message(site: Site) -> None:
    """A message to a model by a node of its provider."""
    resource, operation = site.word("resource", default="text"), site.word("operation", default="message")
    if resource not in {"text", "chat"} or operation not in {"message", "response", "complete", "text"}:
        site.placeholder(
            f"Of {site.node.type}, messages to a model alone have a counterpart, not {resource} ({operation})."
        )
        return
    rows = foreign.mappings(site.parameters, "messages", "values") or foreign.mappings(
        site.parameters, "responses", "values"
    )
    rows = rows or foreign.mappings(site.parameters, "prompt", "messages")
    messages = [(ROLES.get(foreign.text(row, "role"), "user"), site.text(row.get("content"))) for row in rows]
    if not messages:
        messages = [("user", site.text(site.parameters.get("prompt")))]
    data = {**model_of(site, site.node).of_node(), **_said(messages)}
    names = renamed(message="", content="text", text="text", output="text")
    if foreign.flag(site.parameters, "jsonOutput"):
        data["response_format"] = "json"
    if tools(site, site.building.source.provided(site.node.name).get("ai_tool", [])):
        site.entry.remark("A call of a model has no tools: make it an agent.")
    site.done(site.add("model_call", data), Shape(names=names))
    site.entry.finished("model_call", "Its answer is in text, its credential is entered anew as an account.")


def classifier(site: Site) -> None:
    """A text by categories."""
    model = _model(site, site.building.source.provided(site.node.name).get(LANGUAGE_MODEL, []))
    rows = foreign.mappings(site.parameters, "categories", "categories")
    categories: list[dict[str, str]] = []
    for row in rows[:100]:
        name = re.sub(r"[^A-Za-z0-9 _.-]", "", foreign.text(row, "category")).strip(" _.-")[:60].strip(" _.-")
        taken = {each["name"].casefold() for each in categories} | {"other", "error", ""}
        name = name if name.casefold() not in taken else f"category {len(categories)}"
        categories.append({"name": name, "description": foreign.text(row, "description")[:2_000]})
    if not categories:
        site.placeholder("It has no categories.")
        return
    data = {"text": site.text(site.parameters.get("inputText")), "categories": categories, **model.of_node()}
    data.pop("max_tokens", None)
    shape = Shape(f".input{site.shape.prefix}", names=site.shape.names, lost=site.shape.lost)
    site.done(site.add("classify", data), shape, ports=(*(each["name"] for each in categories), "other"))
    site.entry.finished("classify")


def extractor(site: Site) -> None:
    """Data out of a text."""
    model = _model(site, site.building.source.provided(site.node.name).get(LANGUAGE_MODEL, []))
    schema = schema_of(site.node) or _attributes(site)
    data = {"text": site.text(site.parameters.get("text")).strip() or GO_ON, "json_schema": schema, **model.of_node()}
    if system := foreign.text(site.parameters, "options", "systemPromptTemplate"):
        data["instructions"] = site.text(system)
    site.done(site.add("extract", data), Shape(names={"output": ""}))
    site.entry.finished("extract")


def _attributes(site: Site) -> dict[str, Any]:
    kinds = {"number": "number", "boolean": "boolean"}
    rows = foreign.mappings(site.parameters, "attributes", "attributes")
    properties = {
        foreign.text(row, "name"): {
            "type": kinds.get(foreign.text(row, "type"), "string"),
            "description": foreign.text(row, "description"),
        }
        for row in rows
    }
    required = [foreign.text(row, "name") for row in rows if foreign.flag(row, "required")]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}
