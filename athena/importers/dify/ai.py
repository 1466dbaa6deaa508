"""Dify's nodes that ask models, and its knowledge. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from athena.importers import foreign, models, texts
from athena.importers.dify.building import Site
from athena.importers.dify.tools import tool_of
from athena.importers.models import Model
from athena.importers.schemas import usable
from athena.importers.texts import Cel, Part, Untranslatable

KNOWLEDGE: Final = (
    "It searches what is known in the workspace; documents are not in the file: train an agent with them."
)
MEMORY: Final = "What was said before is not known to a workflow; talk to an agent, or give an agent's node a thread."
PARAMETER_TYPES: Final = {"number": "number", "bool": "boolean", "boolean": "boolean", "string": "string"}


def model_of(site: Site, given: dict[str, Any]) -> Model:
    """A model with its parameters."""
    parameters = foreign.mapping(given, "completion_params")
    return Model.of(
        site.building.collected,
        foreign.text(given, "provider"),
        foreign.text(given, "name") or foreign.text(given, "model"),
        foreign.number(parameters, "temperature"),
        foreign.number(parameters, "max_tokens"),
    )


def llm(site: Site) -> None:
    """A call of a model."""
    context = _context(site)
    said = _messages(site, context)
    data = {**model_of(site, foreign.mapping(site.data, "model")).of_node(), **said}
    access = {"text": ".text"}
    schema = usable(foreign.mapping(site.data, "structured_output", "schema"))
    if schema and foreign.flag(site.data, "structured_output_enabled"):
        data |= {"response_format": "json", "json_schema": schema}
        access["structured_output"] = ".json"
    if foreign.flag(site.data, "vision", "enabled"):
        site.entry.remark("It gets texts alone, no images.")
    site.done(site.add("model_call", data), access)
    site.entry.finished("model_call")


def _context(site: Site) -> list[Part]:
    if not foreign.flag(site.data, "context", "enabled"):
        return []
    try:
        found = site.value("context", "variable_selector")
    except Untranslatable as error:
        site.entry.remark(f"Its context is left out: {error}.")
        return []
    return [Cel(f'{found}.map(each, each.content).join("\\n\\n")')]


def _messages(site: Site, context: list[Part]) -> dict[str, Any]:
    rows = foreign.mappings(site.data, "prompt_template") or [
        {"role": "user", **foreign.mapping(site.data, "prompt_template")}
    ]
    system: list[str] = []
    others: list[dict[str, str]] = []
    for row in rows:
        if foreign.text(row, "edition_type") == "jinja2":
            site.entry.remark("A template in Jinja is taken as it is written.")
        text = _with_context(site, foreign.text(row, "jinja2_text") or foreign.text(row, "text"), context)
        if not text.strip():
            continue
        role = foreign.text(row, "role")
        if role == "system":
            system.append(text)
        else:
            others.append({"role": "assistant" if role == "assistant" else "user", "content": text})
    if foreign.mapping(site.data, "memory"):
        site.entry.remark(MEMORY)
    if not others or others[-1]["role"] != "user":
        others.append({"role": "user", "content": _query(site)})
    found: dict[str, Any] = {"system_prompt": "\n\n".join(system)} if system else {}
    return {**found, "prompt": others[0]["content"]} if len(others) == 1 else {**found, "messages": others}


def _query(site: Site) -> str:
    """What the user says, where the prompt itself does not say it."""
    text = foreign.text(site.data, "memory", "query_prompt_template")
    if not text:
        text = "{{#sys.query#}}" if site.building.chat else "Go on."
    return texts.written(site.parts(text))


def _with_context(site: Site, text: str, context: list[Part]) -> str:
    before, mark, after = text.partition("{{#context#}}")
    if not mark:
        return texts.written(site.parts(text))
    return texts.written([*site.parts(before), *context, *site.parts(after)])


def knowledge(site: Site) -> None:
    """A search in knowledge."""
    count = foreign.whole(site.data, "multiple_retrieval_config", "top_k") or 4
    query = f"{{{{ {site.value('query_variable_selector')} }}}}"
    site.done(site.add("memory_search", {"query": query, "limit": max(1, min(count, 100))}), {"result": ""})
    site.entry.approximated("memory_search", KNOWLEDGE)


def classifier(site: Site) -> None:
    """Questions by classes."""
    classes = foreign.mappings(site.data, "classes")[:100]
    categories: list[dict[str, str]] = []
    handles: dict[str, str | None] = {}
    for number, row in enumerate(classes, 1):
        text = foreign.text(row, "name")
        name = f"class {number}"
        categories.append({"name": name, "description": text[:2_000]})
        handles[foreign.text(row, "id")] = name
    if not categories:
        raise Untranslatable("it has no classes")
    model = model_of(site, foreign.mapping(site.data, "model")).of_node()
    model.pop("max_tokens", None)
    data: dict[str, Any] = {
        "text": f"{{{{ {site.value('query_variable_selector')} }}}}",
        "categories": categories,
        **model,
    }
    if instruction := site.text("instruction") or site.text("instructions"):
        data["instructions"] = instruction
    site.done(site.add("classify", data), {"class_name": ".category"}, handles)
    site.entry.finished("classify", "What fits no class goes on by the port other, to which nothing is connected.")


def extractor(site: Site) -> None:
    """Parameters out of a text."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for row in foreign.mappings(site.data, "parameters"):
        name, kind = foreign.text(row, "name"), foreign.text(row, "type")
        field: dict[str, Any] = {"type": PARAMETER_TYPES.get(kind, "string")}
        if kind.startswith("array"):
            inner = re.sub(r"^array\[(.*)\]$", r"\1", kind)
            field = {"type": "array", "items": {"type": PARAMETER_TYPES.get(inner, "object")}}
        if options := foreign.texts(row, "options"):
            field["enum"] = options
        properties[name] = {**field, "description": foreign.text(row, "description")}
        required += [name] if foreign.flag(row, "required") else []
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    data = {
        "text": f"{{{{ {site.value('query')} }}}}",
        "json_schema": schema,
        **model_of(site, foreign.mapping(site.data, "model")).of_node(),
    }
    if instruction := site.text("instruction"):
        data["instructions"] = instruction
    site.done(site.add("extract", data), {name: f".{name}" for name in properties if name.isidentifier()})
    site.entry.finished("extract")


def agent(site: Site) -> None:
    """An agent within a workflow."""
    given = {
        name: foreign.at(site.data, "agent_parameters", name, "value") for name in ("model", "instruction", "query")
    }
    turns = foreign.whole(site.data, "agent_parameters", "maximum_iterations", "value")
    found = [tool_of(site.building.collected, site.entry, each) for each in _tools(site)]
    more: dict[str, Any] = {"tool_uuids": [each for each in found if each]}
    if turns is not None:
        more["limits"] = {"turns": max(1, min(turns, 100))}
    prompt = foreign.text(given, "instruction")
    variables: dict[str, str] = {}
    made: list[str] = []
    for part in site.parts(prompt):
        name = f"value_{len(variables) + 1}"
        if isinstance(part, Cel):
            variables[name] = f"{{{{ string({part.text}) }}}}"
        made.append(f"{{{{{name}}}}}" if isinstance(part, Cel) else part)
    spec = models.agent(site.node.title, model_of(site, foreign.mapping(given, "model")), "".join(made), **more)
    reference = site.building.collected.add("agents", site.node.title, spec)
    question = texts.written(site.parts(foreign.text(given, "query"))).strip() or "Go on."
    data = {"agent_uuid": reference, "input": question, **({"variables": variables} if variables else {})}
    site.done(site.add("agent", data), {"text": ".text"})
    site.entry.finished(f"agent, and the agent {reference['$ref']}")


def _tools(site: Site) -> list[dict[str, Any]]:
    return foreign.mappings(site.data, "agent_parameters", "tools", "value")


def tool(site: Site) -> None:
    """A call of a tool."""
    provider = foreign.text(site.data, "provider_name") or foreign.text(site.data, "provider_id")
    name = f"{provider}/{foreign.text(site.data, 'tool_name')}"
    reference = tool_of(site.building.collected, site.entry, site.data)
    if reference is None:
        raise Untranslatable(f"the tool {name} does not exist here; an HTTP request, or an MCP server, may do its work")
    arguments: dict[str, Any] = {}
    for key, given in foreign.mapping(site.data, "tool_parameters").items():
        value = foreign.at(given, "value") if isinstance(given, dict) else given
        if isinstance(value, list):
            arguments[key] = f"{{{{ {site.of_selector(value)} }}}}"
        elif isinstance(value, str):
            arguments[key] = texts.written(site.parts(value))
    site.done(site.add("tool", {"tool_uuid": reference, "arguments": arguments}), {"text": ".content", "json": ".data"})
    site.entry.approximated("tool", "The built-in tool may name its arguments otherwise.")
