"""Flowise's agentflows: a graph of steps. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from athena.importers import foreign, models, schemas, texts
from athena.importers.credentials import guarded, guarded_fields, sendable
from athena.importers.flowise.components import KNOWLEDGE, model_of, plain_text, tool
from athena.importers.texts import Part, Untranslatable, written
from athena.importers.wiring import Station, categories, said, with_variables

NAMED: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
STEP: Final = re.compile(r"([A-Za-z]+_\d+)(?:\.output(?:\.([A-Za-z_][A-Za-z0-9_.]*))?)?")
FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
TYPES: Final = {"number": "number", "boolean": "boolean", "stringArray": "array", "jsonArray": "array"}
STATE: Final = "What it keeps in the state of the flow is left out: read the outputs of nodes instead."
MEMORY: Final = "What was said before is not known to a workflow; talk to an agent, or give an agent's node a thread."
COMPARISONS: Final[Mapping[str, str]] = {
    "equal": "{l} == {r}",
    "notEqual": "{l} != {r}",
    "contains": "{l}.contains({r})",
    "notContains": "!{l}.contains({r})",
    "startsWith": "{l}.startsWith({r})",
    "endsWith": "{l}.endsWith({r})",
    "regex": "{l}.matches({r})",
    "isEmpty": 'default({l}, "") == ""',
    "notEmpty": 'default({l}, "") != ""',
    "larger": "{l} > {r}",
    "largerEqual": "{l} >= {r}",
    "smaller": "{l} < {r}",
    "smallerEqual": "{l} <= {r}",
}


def parts(station: Station, value: Any) -> list[Part]:
    """A text of the source in parts."""

    def read(name: str) -> str:
        return _value(station, name)

    return station.translated(NAMED.split(plain_text(value)), read, ("{{ ", " }}"))


def _value(station: Station, name: str) -> str:  # noqa: PLR0911 - one for each kind of name
    wiring = station.wiring
    if name in {"question", "$input"}:
        return wiring.given("", "question")
    if name.startswith("$form.") and FIELD.fullmatch(name[6:]):
        return f"nodes.{wiring.start}.output.{name[6:]}"
    if name.startswith("$vars.") and FIELD.fullmatch(name[6:]):
        return wiring.collected.variable(name[6:], f"The variable {name[6:]} of Flowise.")
    if station.part.parent and (name == "$iteration" or name.startswith("$iteration.")):
        return f"item{name.removeprefix('$iteration')}"
    if name == "current_date_time":
        return "execution.started_at"
    if found := STEP.fullmatch(name):
        if found[2] and found[2] != "content":
            return f"{wiring.given(found[1], 'output')}.{found[2]}"
        return wiring.given(found[1])
    if name.startswith("$flow.state"):
        raise Untranslatable("a workflow keeps no state; read the outputs of nodes")
    raise Untranslatable(f"{name} is not known here")


def text(station: Station, value: Any) -> str:
    """A text, as it stands here."""
    return written(parts(station, value))


def start(station: Station) -> None:
    """What the user says, or gives in a form."""
    properties: dict[str, Any] = {}
    if foreign.text(station.inputs, "startInputType") == "formInput":
        for row in foreign.mappings(station.inputs, "formInputTypes"):
            kind = {"number": "number", "boolean": "boolean"}.get(foreign.text(row, "type"), "string")
            properties[foreign.text(row, "name")] = {"type": kind, "title": foreign.text(row, "label")}
    else:
        properties["question"] = {"type": "string"}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    node_id = station.add("manual_trigger", {"input_schema": schema})
    station.wiring.start = node_id
    station.wiring.give("", f"nodes.{node_id}.output.question", "question")
    station.done(node_id)
    if foreign.items(station.inputs, "startState"):
        station.entry.remark(STATE)
    station.entry.finished("manual_trigger")


def _model(station: Station, name: str) -> models.Model:
    config = foreign.mapping(station.inputs, f"{name}Config")
    return model_of(station.collected, foreign.text(station.inputs, name) or foreign.text(config, name), config)


def _asked(station: Station, prefix: str) -> list[tuple[str, list[Part]]]:
    rows = foreign.mappings(station.inputs, f"{prefix}Messages")
    found = [(foreign.text(row, "role"), parts(station, row.get("content"))) for row in rows]
    if message := parts(station, station.inputs.get(f"{prefix}UserMessage")):
        found.append(("user", message))
    elif not any(role == "user" for role, _ in found):
        found.append(("user", [texts.Cel(station.wiring.given("", "question"))]))
    if foreign.flag(station.inputs, f"{prefix}EnableMemory"):
        station.entry.remark(MEMORY)
    if foreign.items(station.inputs, f"{prefix}UpdateState"):
        station.entry.remark(STATE)
    return found


def llm(station: Station) -> None:
    """A call of a model."""
    messages = [(role, written(found)) for role, found in _asked(station, "llm")]
    data = {**_model(station, "llmModel").of_node(), **said(messages)}
    schema = _structure(foreign.mappings(station.inputs, "llmStructuredOutput"))
    if schema:
        data |= {"response_format": "json", "json_schema": schema}
    node_id = station.add("model_call", data)
    station.done(node_id, ".text")
    station.wiring.give(station.part.id, f"nodes.{node_id}.output{'.json' if schema else ''}", "output")
    station.entry.finished("model_call")


def _structure(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    properties: dict[str, Any] = {}
    for row in rows:
        kind = foreign.text(row, "type")
        field: dict[str, Any] = {"type": TYPES.get(kind, "string"), "description": foreign.text(row, "description")}
        if options := [each.strip() for each in foreign.text(row, "enumValues").split(",") if each.strip()]:
            field["enum"] = options
        properties[foreign.text(row, "key")] = field
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return schemas.usable(schema) if properties else None


def agent(station: Station) -> None:
    """An agent."""
    messages = _asked(station, "agent")
    system = [part for role, found in messages if role in {"system", "developer"} for part in [*found, "\n\n"]]
    prompt, variables = with_variables(system[:-1])
    spoken = [found for role, found in messages if role not in {"system", "developer"}]
    references: list[dict[str, str]] = []
    for row in foreign.mappings(station.inputs, "agentTools"):
        kind, config = foreign.text(row, "agentSelectedTool"), foreign.mapping(row, "agentSelectedToolConfig")
        entry = type(station.entry)(f"{station.entry.source}: {kind}", "tool")
        made = tool(station.collected, entry, kind, kind or "Tool", foreign.text(config, "description"), config)
        references += [made] if made else []
        if not made:
            station.entry.remark(f"The tool {kind} is left out: {' '.join(entry.why)}")
    more: dict[str, Any] = {"tool_uuids": references}
    if foreign.items(station.inputs, "agentKnowledgeDocumentStores") or foreign.items(
        station.inputs, "agentKnowledgeVSEmbeddings"
    ):
        more["memory"] = {"recall": True}
        station.entry.remark(KNOWLEDGE)
    spec = models.agent(station.part.title, _model(station, "agentModel"), prompt, **more)
    reference = station.collected.add("agents", station.part.title, spec)
    question = written(spoken[-1]) if spoken else ""
    data = {"agent_uuid": reference, "input": question if question.strip() else "Go on."}
    node_id = station.add("agent", {**data, **({"variables": variables} if variables else {})})
    station.done(node_id, ".text")
    station.entry.finished(f"agent, and the agent {reference['$ref']}")


def condition_agent(station: Station) -> None:
    """A model that chooses the way."""
    names = [foreign.text(row, "scenario") for row in foreign.mappings(station.inputs, "conditionAgentScenarios")]
    if not names:
        raise Untranslatable("it has no scenarios")
    model = _model(station, "conditionAgentModel").of_node()
    model.pop("max_tokens", None)
    question = parts(station, station.inputs.get("conditionAgentInput")) or [
        texts.Cel(station.wiring.given("", "question"))
    ]
    found = categories(names)
    data = {"text": written(question), "categories": found, **model}
    if instructions := text(station, station.inputs.get("conditionAgentInstructions")):
        data["instructions"] = instructions
    ports = {f"{number}": each["name"] for number, each in enumerate(found)}
    station.done(station.add("classify", data), ".category", ports)
    station.entry.finished("classify")


def condition(station: Station) -> None:
    """Conditions, and what holds otherwise."""
    cases: list[dict[str, str]] = []
    rows = foreign.mappings(station.inputs, "conditions")
    for number, row in enumerate(rows[:50]):
        cases.append({"name": f"case_{number}", "condition": f"{{{{ {_condition(station, row)} }}}}"})
    if not cases:
        raise Untranslatable("it has no conditions")
    ports: dict[str, str | None] = {str(number): each["name"] for number, each in enumerate(cases)}
    station.done(station.add("switch", {"cases": cases}), "", {**ports, str(len(rows)): "default"})
    station.entry.finished("switch")


def _condition(station: Station, row: Mapping[str, Any]) -> str:
    try:
        return _compared(station, row)
    except Untranslatable as error:
        station.entry.remark(f"A condition of it never holds until you write it: {error}.")
        return "false"


def _compared(station: Station, row: Mapping[str, Any]) -> str:
    operation, kind = foreign.text(row, "operation") or "equal", foreign.text(row, "type") or "string"
    shape = COMPARISONS.get(operation)
    if shape is None:
        raise Untranslatable(f"the comparison {operation} does not exist here")
    left, right = (_operand(station, row.get(name), kind) for name in ("value1", "value2"))
    return shape.format(l=left, r=right)


def _operand(station: Station, value: Any, kind: str) -> str:
    number = foreign.number({"value": value}, "value")
    if kind == "number" and number is not None:
        return texts.plain_number(number)
    if kind == "boolean" and (isinstance(value, bool) or value in {"true", "false"}):
        return "true" if value in (True, "true") else "false"
    found = parts(station, value)
    if any(isinstance(part, str) and NAMED.search(part) for part in found):
        raise Untranslatable("it compares the state of the flow, or something else that is not known here")
    expression = texts.as_expression(found)
    return expression if len(found) < 2 else f"({expression})"  # noqa: PLR2004 - a single part


def reply(station: Station) -> None:
    """What the user is told."""
    station.done(station.add("template", {"text": text(station, station.inputs.get("directReplyMessage"))}))
    station.entry.finished("template")


def retriever(station: Station) -> None:
    """A search."""
    query = text(station, station.inputs.get("retrieverQuery")) or f"{{{{ {station.wiring.given('', 'question')} }}}}"
    node_id = station.add("memory_search", {"query": query})
    station.done(node_id, '.map(each, each.content).join("\\n\\n")')
    station.entry.approximated("memory_search", KNOWLEDGE)


def iteration(station: Station) -> None:
    """What is done for each item."""
    source = plain_text(station.inputs.get("iterationInput"))
    try:
        given: Any = texts.escaped(json.loads(source))
    except (ValueError, RecursionError):
        given = written(parts(station, source))
    if not isinstance(given, list) and "{{" not in str(given):
        raise Untranslatable("its items are no list")
    node_id = station.add("loop", {"items": given})
    station.done(node_id, ".results", {"": "done"})
    station.wiring.open_loop(station, node_id)
    station.entry.finished("loop")


def human(station: Station) -> None:
    """A question to people."""
    title = text(station, station.inputs.get("humanInputDescription")) or station.part.title
    station.done(station.add("approval", {"title": title[:200]}), "", {"0": "approved", "1": "refused"})
    station.entry.finished("approval", "Who may answer, and until when, is to be looked at.")


def http(station: Station) -> None:
    """A request."""
    method = foreign.text(station.inputs, "method", default="GET").upper()
    data: dict[str, Any] = {"method": method, "url": text(station, station.inputs.get("url"))}
    for ours, theirs in (("headers", "headers"), ("query", "queryParams")):
        pairs: dict[str, str] = {}
        for row in foreign.mappings(station.inputs, theirs):
            name = foreign.text(row, "key")
            if name and (ours != "headers" or sendable(station.entry, name)):
                given = guarded(
                    station.collected, station.entry, station.part.title, name, parts(station, row.get("value"))
                )
                pairs[name] = written(given)
        if pairs:
            data[ours] = pairs
    body = parts(station, station.inputs.get("body"))
    if body and method not in {"GET", "HEAD"}:
        try:
            given = guarded_fields(station.collected, station.entry, station.part.title, texts.as_json(body))
            data["body"] = {"type": "json", "value": given}
        except ValueError:
            data["body"] = {"type": "text", "text": written(body)}
    if foreign.text(station.inputs, "credential") or foreign.text(station.part.given, "credential"):
        station.entry.remark("Its credential is not taken over: give the node an account.")
    station.done(station.add("http_request", data), ".body")
    station.entry.finished("http_request")


def called_tool(station: Station) -> None:
    """A call of a tool."""
    kind = foreign.text(station.inputs, "toolAgentflowSelectedTool")
    config = foreign.mapping(station.inputs, "toolAgentflowSelectedToolConfig")
    entry = type(station.entry)(station.entry.source, "tool")
    made = tool(station.collected, entry, kind, kind or "Tool", "", config)
    if made is None:
        raise Untranslatable(" ".join(entry.why).rstrip("."))
    arguments = {
        foreign.text(row, "inputArgName"): text(station, row.get("inputArgValue"))
        for row in foreign.mappings(station.inputs, "toolInputArgs")
    }
    station.done(station.add("tool", {"tool_uuid": made, "arguments": arguments}), ".content")
    station.entry.approximated("tool", "The built-in tool may name its arguments otherwise.")


def program(station: Station) -> None:
    """A program."""
    source = foreign.text(station.inputs, "customFunctionJavascriptFunction")
    station.wiring.draft.note(station.entry, f"{station.part.title}, JavaScript:\n\n{source}", station.part.position)
    station.placeholder("It is JavaScript, and code here is Python; the program is kept in a note.")


def back(station: Station) -> None:
    """A way back."""
    target = foreign.text(station.inputs, "loopBackToNode")
    station.placeholder(f"It leads back to {target or 'an earlier node'}; only a loop over items goes round here.")


def other_flow(station: Station) -> None:
    """Another flow."""
    station.placeholder("The other flow is not in this file. Bring it in, and name it in a node Run a workflow.")


def note(station: Station) -> None:
    """A note."""
    said_ = plain_text(station.inputs.get("note"))
    station.wiring.draft.add(station.entry, station.part.title, "note", {"text": said_[:20_000]}, station.part.position)
    station.entry.mapped("note")
