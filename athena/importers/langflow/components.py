"""Langflow's components, each as a node, or as a part of the one that it is wired to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from athena.importers import foreign, models, schemas, texts
from athena.importers.credentials import guarded, guarded_fields, sendable
from athena.importers.models import Model
from athena.importers.texts import Cel, Part, Untranslatable, as_expression, quoted, written
from athena.importers.wiring import FlowNode, Station, categories, with_variables

PLACE: Final = re.compile(r"(?<!\{)\{([A-Za-z_][A-Za-z0-9_]*)\}(?!\})")
DOUBLE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
BUILTINS: Final[Mapping[str, str]] = {
    "Calculator": "calculator",
    "CalculatorComponent": "calculator",
    "CalculatorTool": "calculator",
    "CurrentDate": "time",
    "URL": "fetch",
    "URLComponent": "fetch",
    "PythonREPLComponent": "python",
    "PythonREPLToolComponent": "python",
    "PythonCodeStructuredTool": "python",
}
THREADS: Final = "What was said before is kept by an agent's threads; a workflow knows nothing of it."
KNOWLEDGE: Final = (
    "It searches what is known in the workspace; documents are not in the file: train an agent with them."
)
MODEL_FIELDS: Final = ("model", "llm", "language_model", "agent_llm")
FIELD_TYPES: Final = {"int": "integer", "float": "number", "bool": "boolean", "dict": "object"}
COMPARISONS: Final[Mapping[str, str]] = {
    "equals": "{l} == {r}",
    "not equals": "{l} != {r}",
    "contains": "{l}.contains({r})",
    "not contains": "!{l}.contains({r})",
    "starts with": "{l}.startsWith({r})",
    "ends with": "{l}.endsWith({r})",
    "regex": "{l}.matches({r})",
    "less than": "double({l}) < double({r})",
    "less than or equal": "double({l}) <= double({r})",
    "greater than": "double({l}) > double({r})",
    "greater than or equal": "double({l}) >= double({r})",
}


def value(part: FlowNode, name: str) -> Any:
    """What was entered in a field; of secret fields nothing."""
    field = foreign.mapping(part.inputs, name)
    return None if foreign.flag(field, "password") or foreign.flag(field, "load_from_db") else field.get("value")


def word(part: FlowNode, *names: str) -> str:
    """What was entered in the first of these fields that has something."""
    return next((text for name in names if (text := foreign.text({"v": value(part, name)}, "v")).strip()), "")


def parts(station: Station, *names: str) -> list[Part]:
    """What comes to the first of these fields that has something: by a wire, or as it was entered."""
    for name in names:
        for wire in station.wiring.flow.into(station.part.id, name):
            return station.translated(["", f"{wire.source}.{wire.output}"], _reader(station), ("", ""))
        if text := word(station.part, name):
            return [text]
    return []


def _reader(station: Station) -> Any:
    def read(name: str) -> str:
        source, _, output = name.partition(".")
        return station.wiring.given(source, output)

    return read


def text(station: Station, *names: str) -> str:
    """The same as a text."""
    return written(parts(station, *names))


def is_part_of_another(part: FlowNode, station: Station) -> bool:
    """Whether it only provides a model or a tool to others."""
    wires = [wire for wire in station.wiring.flow.wires if wire.source == part.id]
    return bool(wires) and all(wire.input in {*MODEL_FIELDS, "tools"} for wire in wires)


def given(station: Station) -> None:
    """What the user gives."""
    name = "input_value" if station.part.type == "ChatInput" else texts.identifier(station.part.title, "text")
    wiring = station.wiring
    if not wiring.start:
        schema: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        wiring.start = station.add("manual_trigger", {"input_schema": schema})
    node = wiring.draft.nodes[wiring.start]
    schema = node["data"]["input_schema"]
    while name in schema["properties"]:
        name = f"{name}_2"
    schema["properties"][name] = {"type": "string", "title": station.part.title}
    schema["required"].append(name)
    wiring.leave(station.part.id, "", wiring.start, None)
    wiring.give(station.part.id, f"nodes.{wiring.start}.output.{name}")
    if foreign.texts({"v": value(station.part, "files")}, "v"):
        station.entry.remark("Files are media of the workspace; they are not given with it.")
    station.entry.finished(f"{name} of the manual_trigger")


def prompt(station: Station) -> None:
    """A template."""
    template = word(station.part, "template")
    double = foreign.flag({"v": value(station.part, "use_double_brackets")}, "v")
    pattern = DOUBLE if double else PLACE

    def read(name: str) -> str:
        for wire in station.wiring.flow.into(station.part.id, name):
            return station.wiring.given(wire.source, wire.output)
        return quoted(word(station.part, name))

    found = station.translated(pattern.split(template), read, ("{{", "}}") if double else ("{", "}"))
    if not double:
        found = [part if isinstance(part, Cel) else part.replace("{{", "{").replace("}}", "}") for part in found]
    station.done(station.add("template", {"text": written(found)}))
    station.entry.finished("template")


def model_of(station: Station, part: FlowNode) -> Model:
    """The model that a component names."""
    chosen = foreign.mapping({"v": foreign.at(part.inputs, "model", "value", 0)}, "v")
    provider = foreign.text(chosen, "provider") or word(part, "agent_llm", "provider") or part.type
    name = foreign.text(chosen, "name") or word(part, "model_name", "model", "model_id", "deployment_name")
    numbers = (foreign.number({"v": value(part, each)}, "v") for each in ("temperature", "max_tokens"))
    return Model.of(station.collected, provider, name, *numbers)


def _model(station: Station) -> Model:
    """The model of a component: its own, or that of another one that is wired to it."""
    for name in MODEL_FIELDS:
        for wire in station.wiring.flow.into(station.part.id, name):
            part = station.wiring.flow.parts[wire.source]
            part.entry.mapped(f"the model of {station.part.title}", "Its credential is entered anew as an account.")
            return model_of(station, part)
    return model_of(station, station.part)


def model(station: Station) -> None:
    """A call of a model."""
    system, asked = text(station, "system_message"), text(station, "input_value")
    if not asked.strip():
        station.entry.remark("Nothing is wired to its input.")
    data = {**_model(station).of_node(), "prompt": asked if asked.strip() else "Go on."}
    station.done(station.add("model_call", {**data, **({"system_prompt": system} if system else {})}), ".text")
    station.entry.finished("model_call")


def agent(station: Station) -> None:
    """An agent."""
    said, variables = with_variables(parts(station, "system_prompt", "agent_description"))
    references: list[dict[str, str]] = []
    for wire in station.wiring.flow.into(station.part.id, "tools"):
        part = station.wiring.flow.parts[wire.source]
        builtin = BUILTINS.get(part.type)
        if builtin is None:
            part.entry.dropped(
                f"There is no tool like {part.type} here; an HTTP tool, or an MCP server, may do its work."
            )
            continue
        part.entry.mapped(f"the built-in tool {builtin}")
        spec = {"name": part.title, "type": "builtin", "config": {"name": builtin}}
        references.append(station.collected.add("tools", part.title, spec))
    if foreign.flag({"v": value(station.part, "add_current_date_tool")}, "v"):
        spec = {"name": "Time", "type": "builtin", "config": {"name": "time"}}
        references.append(station.collected.add("tools", "Time", spec))
    more: dict[str, Any] = {"tool_uuids": references}
    if (turns := foreign.whole({"v": value(station.part, "max_iterations")}, "v")) is not None:
        more["limits"] = {"turns": max(1, min(turns, 100))}
    title = station.part.title
    reference = station.collected.add("agents", title, models.agent(title, _model(station), said, **more))
    asked = text(station, "input_value")
    data = {"agent_uuid": reference, "input": asked if asked.strip() else "Go on."}
    station.done(station.add("agent", {**data, **({"variables": variables} if variables else {})}), ".text")
    station.entry.finished(f"agent, and the agent {reference['$ref']}")


def output(station: Station) -> None:
    """What the user is told."""
    station.done(station.add("template", {"text": text(station, "input_value")}))
    station.entry.finished("template")


def passed(station: Station) -> None:
    """Data as a text."""
    found = parts(station, "input_data", "data", "df", "input_value", "data_input", "input_text")
    station.done(station.add("template", {"text": written(found)}))
    station.entry.approximated("template", "Values are written as they are; its own template is left out.")


def combined(station: Station) -> None:
    """Two texts as one."""
    delimiter = foreign.text({"v": value(station.part, "delimiter")}, "v", default=" ")
    found = [*parts(station, "text1"), delimiter, *parts(station, "text2")]
    station.done(station.add("template", {"text": written(found)}))
    station.entry.finished("template")


def memory(station: Station) -> None:
    """What was said before."""
    station.wiring.give(station.part.id, '""')
    station.entry.approximated("nothing", THREADS)


def router(station: Station) -> None:
    """Two ways."""
    operator = word(station.part, "operator") or "equals"
    shape = COMPARISONS.get(operator)
    if shape is None:
        raise Untranslatable(f"the comparison {operator} does not exist here")
    left, right = as_expression(parts(station, "input_text")), as_expression(parts(station, "match_text"))
    if (
        not foreign.flag({"v": value(station.part, "case_sensitive")}, "v")
        and "double" not in shape
        and operator != "regex"
    ):
        left, right = f"{left}.lower()", f"{right}.lower()"
    node_id = station.add("if", {"condition": f"{{{{ {shape.format(l=left, r=right)} }}}}"})
    station.done(node_id, "", {"true_result": "true", "false_result": "false"})
    for name, message in (("true_result", "true_case_message"), ("false_result", "false_case_message")):
        station.wiring.give(station.part.id, as_expression(parts(station, message, "message", "input_text")), name)
    if foreign.whole({"v": value(station.part, "max_iterations")}, "v"):
        station.entry.remark("Nothing leads back outside of loops, so it counts no rounds.")
    station.entry.finished("if")


def smart_router(station: Station) -> None:
    """A model that chooses the way."""
    rows = foreign.mappings({"v": value(station.part, "routes")}, "v")
    found = categories(
        [f"{foreign.text(row, 'route_category')} {foreign.text(row, 'route_description')}" for row in rows]
    )
    if not found:
        raise Untranslatable("it has no routes")
    given_ = _model(station).of_node()
    given_.pop("max_tokens", None)
    node_id = station.add("classify", {"text": text(station, "input_text"), "categories": found, **given_})
    ports: dict[str, str | None] = {f"category_{n}_result": each["name"] for n, each in enumerate(found, 1)}
    station.done(node_id, "", {**ports, "default_result": "other"})
    station.wiring.give(station.part.id, as_expression(parts(station, "input_text")))
    station.entry.finished("classify")


def search(station: Station) -> None:
    """A search in a vector store."""
    query = text(station, "search_query", "query", "input_value")
    if not query.strip():
        station.placeholder("It stores documents, which are not in the file: train an agent with them.")
        return
    node_id = station.add("memory_search", {"query": query})
    station.done(node_id, '.map(each, each.content).join("\\n\\n")')
    station.entry.approximated("memory_search", KNOWLEDGE)


def request(station: Station) -> None:
    """A request."""
    urls = foreign.items({"v": value(station.part, "urls")}, "v")
    url = text(station, "url_input", "url") or texts.plain(foreign.text({"v": urls[0] if urls else ""}, "v"))
    data: dict[str, Any] = {"method": (word(station.part, "method") or "GET").upper(), "url": url}
    for ours, theirs in (("headers", "headers"), ("query", "query_params")):
        rows = foreign.mappings({"v": value(station.part, theirs)}, "v")
        pairs = {foreign.text(row, "key"): foreign.text(row, "value") for row in rows if foreign.text(row, "key")}
        title, collected = station.part.title, station.collected
        made = {
            name: written(guarded(collected, station.entry, title, name, [each]))
            for name, each in pairs.items()
            if ours != "headers" or sendable(station.entry, name)
        }
        if made:
            data[ours] = made
    rows = foreign.mappings({"v": value(station.part, "body")}, "v")
    if rows and data["method"] not in {"GET", "HEAD"}:
        pairs = {foreign.text(row, "key"): texts.escaped(row.get("value")) for row in rows}
        made = guarded_fields(station.collected, station.entry, station.part.title, pairs)
        data["body"] = {"type": "json", "value": made}
    if len(urls) > 1:
        station.entry.remark("It asks the first address alone.")
    station.done(station.add("http_request", data), ".body")
    station.entry.finished("http_request")


def extract(station: Station) -> None:
    """Data out of a text."""
    properties: dict[str, Any] = {}
    for row in foreign.mappings({"v": value(station.part, "output_schema")}, "v"):
        field: dict[str, Any] = {"type": FIELD_TYPES.get(foreign.text(row, "type"), "string")}
        if foreign.text(row, "multiple") in {"True", "true"} or foreign.flag(row, "multiple"):
            field = {"type": "array", "items": field}
        properties[foreign.text(row, "name")] = {**field, "description": foreign.text(row, "description")}
    schema = schemas.usable({"type": "object", "properties": properties, "required": list(properties)})
    if not properties or schema is None:
        raise Untranslatable("it has no schema")
    asked = text(station, "input_value")
    data = {"text": asked if asked.strip() else "-", "json_schema": schema, **_model(station).of_node()}
    if instructions := text(station, "system_prompt"):
        data["instructions"] = instructions
    station.done(station.add("extract", data))
    station.entry.finished("extract")


def page(station: Station) -> None:
    """A page of the web."""
    rows = foreign.items({"v": value(station.part, "urls")}, "v")
    url = text(station, "urls") or texts.plain(foreign.text({"v": rows[0] if rows else ""}, "v"))
    spec = {"name": station.part.title, "type": "builtin", "config": {"name": "fetch"}}
    reference = station.collected.add("tools", station.part.title, spec)
    station.done(station.add("tool", {"tool_uuid": reference, "arguments": {"url": url}}), ".content")
    station.entry.approximated("tool", "It reads one page, the first.")


def note(station: Station) -> None:
    """A note."""
    said = foreign.text(station.part.given, "node", "description")
    station.wiring.draft.add(station.entry, station.part.title, "note", {"text": said[:20_000]}, station.part.position)
    station.entry.mapped("note")
