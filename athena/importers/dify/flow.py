"""Dify's nodes that lead the way and change data. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.credentials import guarded, guarded_fields, sendable
from athena.importers.dify.building import FIELDS, Site
from athena.importers.dify.conditions import condition_or_never
from athena.importers.texts import Cel, Part, Untranslatable

INPUT_TYPES: Final = {"number": "number", "checkbox": "boolean", "json_object": "object"}
ON_ITEM_ERROR: Final = {"continue-on-error": "null", "remove-abnormal-output": "skip"}
JINJA: Final = re.compile(r"\{\{-?\s*([A-Za-z_]\w*(?:\.\w+|\[\d+\])*)\s*-?\}\}")
TEMPLATE: Final = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
NOT_ACTIVE: Final = "It starts nothing until the workflow is switched on."


def start(site: Site) -> None:
    """What the user gives."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for row in foreign.mappings(site.data, "variables"):
        name, kind = foreign.text(row, "variable"), foreign.text(row, "type")
        field: dict[str, Any] = {"type": INPUT_TYPES.get(kind, "string")}
        if kind.startswith("file"):
            site.entry.remark(f"The file {name} is a text here: files are media of the workspace, known by their uuid.")
        if kind == "select" and (options := foreign.texts(row, "options")):
            field["enum"] = options
        if label := foreign.text(row, "label"):
            field["title"] = label
        properties[name] = field
        required += [name] if foreign.flag(row, "required") else []
    if site.building.chat:
        properties["query"] = {"type": "string", "title": "What the user says"}
        required.append("query")
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    node_id = site.add("manual_trigger", {"input_schema": schema} if properties else {})
    site.building.start = node_id
    site.done(node_id, FIELDS)
    site.entry.finished("manual_trigger")


def webhook(site: Site) -> None:
    """A webhook."""
    method = foreign.text(site.data, "method", default="post").upper()
    allowed = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    node_id = site.add("webhook_trigger", {"methods": [method if method in allowed else "POST"]})
    names = {
        foreign.text(row, "name"): f".query.{foreign.text(row, 'name')}"
        for row in foreign.mappings(site.data, "params")
    }
    names |= {
        foreign.text(row, "name"): f".body.{foreign.text(row, 'name')}" for row in foreign.mappings(site.data, "body")
    }
    site.building.start = node_id
    site.done(node_id, {**{name: path for name, path in names.items() if name.isidentifier()}, "_webhook_raw": ""})
    site.entry.approximated(
        "webhook_trigger", "It has a new address, and answers at once with the execution.", NOT_ACTIVE
    )


def schedule(site: Site) -> None:
    """A schedule."""
    expression = foreign.text(site.data, "cron_expression")
    hour, _, minute = foreign.text(site.data, "visual_config", "time", default="9:00").partition(":")
    if not expression:
        number = re.match(r"\d+", hour)
        at = (int(number[0]) if number else 9) % 24
        at = at % 12 + 12 if "PM" in minute.upper() else at
        minutes = re.match(r"\d+", minute)
        expression = f"{(int(minutes[0]) if minutes else 0) % 60} {at} * * *"
        site.entry.remark("It was chosen in a calendar: look at its days and times.")
    zone = foreign.text(site.data, "timezone") or "UTC"
    data = {"schedule": {"type": "cron", "expression": expression.strip(), "timezone": zone}}
    node_id = site.add("schedule_trigger", data)
    site.building.start = node_id
    site.done(node_id, {})
    site.entry.finished("schedule_trigger", NOT_ACTIVE)


def if_else(site: Site) -> None:
    """Cases, and what holds otherwise."""
    cases = foreign.mappings(site.data, "cases") or [site.data]
    if len(cases) == 1:
        node_id = site.add("if", {"condition": f"{{{{ {condition_or_never(site, cases[0])} }}}}"})
        first = foreign.text(cases[0], "case_id") or "true"
        site.done(node_id, {}, {first: "true", "true": "true", "false": "false"})
        site.entry.finished("if")
        return
    handles: dict[str, str | None] = {"false": "default"}
    made: list[dict[str, str]] = []
    for number, case in enumerate(cases[:50]):
        name = f"case_{number + 1}"
        made.append({"name": name, "condition": f"{{{{ {condition_or_never(site, case)} }}}}"})
        handles[foreign.text(case, "case_id") or name] = name
    site.done(site.add("switch", {"cases": made}), {}, handles)
    site.entry.finished("switch")


def code(site: Site) -> None:
    """A program."""
    program, language = foreign.text(site.data, "code"), foreign.text(site.data, "code_language", default="python3")
    if language != "python3":
        site.building.draft.note(site.entry, f"{site.node.title}, {language}:\n\n{program}", site.node.position)
        site.placeholder("It is JavaScript, and code here is Python; the program is kept in a note.")
        return
    inputs: dict[str, str] = {}
    for row in foreign.mappings(site.data, "variables"):
        if (name := foreign.text(row, "variable")).isidentifier():
            inputs[name] = f"{{{{ {site.of_selector(row.get('value_selector'))} }}}}"
    call = ", ".join(f"{name}={name}" for name in inputs)
    if re.search(r"^\s*(?:import|from)\s", program, re.MULTILINE):
        site.entry.remark("Of Python's modules only a few exist here.")
    data = {"code": f"{program.rstrip()}\n\nresult = main({call})\n", "inputs": inputs}
    site.done(site.add("code", data), FIELDS)
    site.entry.finished("code")


def template(site: Site) -> None:
    """A text in Jinja."""
    source = foreign.text(site.data, "template")
    values = {
        foreign.text(row, "variable"): site.of_selector(row.get("value_selector"))
        for row in foreign.mappings(site.data, "variables")
    }
    if "{%" in source:
        site.building.draft.note(site.entry, f"{site.node.title}, Jinja:\n\n{source}", site.node.position)
        site.placeholder("Its template has conditions or loops of Jinja; it is kept in a note.")
        return
    parts: list[Part] = []
    for piece in TEMPLATE.split(source):
        found = JINJA.fullmatch(piece)
        name = re.match(r"\w+", found[1]) if found else None
        if found and name and name[0] in values:
            parts.append(Cel(f"{values[name[0]]}{found[1][name.end() :]}"))
            continue
        if TEMPLATE.fullmatch(piece):
            site.entry.remark(f"Not translated, and kept as text: {piece}.")
        parts.append(piece)
    site.done(site.add("template", {"text": texts.written(parts)}), {"output": ""})
    site.entry.finished("template")


def aggregator(site: Site) -> None:
    """The first of several variables that is there."""
    settings = foreign.mapping(site.data, "advanced_settings")
    if foreign.flag(settings, "group_enabled"):
        groups = {
            foreign.text(group, "group_name"): {"output": f"{{{{ {_first(site, group.get('variables'))} }}}}"}
            for group in foreign.mappings(settings, "groups")
        }
        site.done(site.add("set", {"fields": groups}), FIELDS)
        site.entry.finished("set")
        return
    text = f"{{{{ to_json({_first(site, site.data.get('variables'))}) }}}}"
    site.done(site.add("template", {"text": text, "parse_json": True}), {"output": ""})
    site.entry.finished("template")


def _first(site: Site, selectors: Any) -> str:
    made = "null"
    for selector in reversed(foreign.items({"given": selectors}, "given")[:20]):
        made = f"default({site.of_selector(selector)}, {made})"
    return made


def iteration(site: Site) -> None:
    """What is done for each item."""
    data: dict[str, Any] = {"items": f"{{{{ {site.value('iterator_selector')} }}}}"}
    if foreign.flag(site.data, "is_parallel"):
        data["concurrency"] = max(1, min(foreign.whole(site.data, "parallel_nums") or 10, 100))
    if mode := ON_ITEM_ERROR.get(foreign.text(site.data, "error_handle_mode")):
        data["on_item_error"] = mode
    nested = foreign.text(site.data, "output_type").startswith("array[array")
    flat = nested and foreign.flag(site.data, "flatten_output", default=True)
    _looped(site, data, {"output": ".results.flatten()" if flat else ".results"})
    site.entry.finished("loop")


def loop(site: Site) -> None:
    """Rounds with variables."""
    count = max(1, min(foreign.whole(site.data, "loop_count") or 10, 1_000))
    _looped(site, {"items": f"{{{{ lists.range({count}) }}}}"}, {"loop_round": ".count"})
    names = ", ".join(foreign.text(row, "label") for row in foreign.mappings(site.data, "loop_variables"))
    text = f"It goes through all {count} rounds: it does not end early, and keeps no variables in between"
    site.entry.approximated("loop", f"{text} ({names or 'none'}).")


def _looped(site: Site, data: dict[str, Any], access: dict[str, str]) -> None:
    node_id = site.add("loop", data)
    site.done(node_id, access, {"source": "done"})
    site.building.leave(site.node.id, "item", node_id, "item")
    site.building.open_loop(site, node_id)


def answer(site: Site) -> None:
    """What the user is told."""
    site.done(site.add("template", {"text": site.text("answer")}), {"answer": ""})
    site.entry.finished("template", "The output of the workflow is what its last node gives.")


def end(site: Site) -> None:
    """The outputs."""
    fields = {
        foreign.text(row, "variable"): f"{{{{ {site.of_selector(row.get('value_selector'))} }}}}"
        for row in foreign.mappings(site.data, "outputs")
    }
    site.done(site.add("set", {"fields": fields}), FIELDS)
    site.entry.finished("set")


def assigner(site: Site) -> None:
    """Writing variables."""
    site.placeholder(
        "It writes a variable that outlasts the message; a workflow here keeps none. Use memories instead."
    )


def note(site: Site) -> None:
    """A note."""
    text = _plain_text(foreign.text(site.data, "text"))
    colors = {"blue": "blue", "cyan": "blue", "green": "green", "pink": "pink", "violet": "pink", "yellow": "yellow"}
    color = colors.get(foreign.text(site.data, "theme"), "yellow")
    site.building.draft.add(
        site.entry, site.node.title, "note", {"text": text[:20_000], "color": color}, site.node.position
    )
    site.entry.mapped("note")


def _plain_text(text: str) -> str:
    """The text in what Dify's editor stores."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return text
    lines: list[str] = []
    stack: list[tuple[Any, bool]] = [(foreign.at(tree, "root"), True)]
    while stack:
        node, first = stack.pop()
        if isinstance(said := foreign.at(node, "text"), str):
            lines.append(said if first or not lines else f"{lines.pop()}{said}")
        children = foreign.items(node, "children")
        is_line = foreign.text(node, "type") in {"paragraph", "heading", "listitem"}
        stack += [(child, not is_line or number == 0) for number, child in reversed(list(enumerate(children)))]
    return "\n".join(lines) or text


def http(site: Site) -> None:
    """A request."""
    method = foreign.text(site.data, "method", default="get").upper()
    url = site.text("url")
    data: dict[str, Any] = {"method": method, "url": url if "://" in url or url.startswith("{{") else f"https://{url}"}
    data["response_format"] = "text"
    data["fail_on_status"] = []
    headers, query = _pairs(site, "headers"), _pairs(site, "params")
    _authorize(site, headers)
    data |= {name: pairs for name, pairs in (("headers", headers), ("query", query)) if pairs}
    if method not in {"GET", "HEAD"} and (body := _body(site)) is not None:
        data["body"] = body
    node_id = site.add("http_request", data)
    site.done(node_id, {"body": ".body", "status_code": ".status", "headers": ".headers"})
    site.entry.finished("http_request")


def _pairs(site: Site, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in foreign.text(site.data, name).splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() and (name != "headers" or sendable(site.entry, key.strip())):
            parts = guarded(
                site.building.collected, site.entry, site.node.title, key.strip(), site.parts(value.strip())
            )
            found[key.strip()] = texts.written(parts)
    return found


def _authorize(site: Site, headers: dict[str, str]) -> None:
    if foreign.text(site.data, "authorization", "type") != "api-key":
        return
    config = foreign.mapping(site.data, "authorization", "config")
    secret = site.building.collected.secret(f"{site.node.title} key", f"The key for {site.node.title}.")
    scheme = {"basic": "Basic ", "bearer": "Bearer "}.get(foreign.text(config, "type"), "")
    headers[foreign.text(config, "header") or "Authorization"] = f"{scheme}{{{{ {secret} }}}}"
    site.entry.remark("Its key is a secret of the workspace, which you enter anew.")


def _body(site: Site) -> dict[str, Any] | None:
    kind, given = foreign.text(site.data, "body", "type"), foreign.at(site.data, "body", "data")
    rows = foreign.mappings({"given": given}, "given")
    text = given if isinstance(given, str) else foreign.text(rows[0] if rows else {}, "value")
    match kind:
        case "json":
            try:
                value = texts.as_json(site.parts(text))
            except ValueError:
                return {"type": "text", "text": texts.written(site.parts(text)), "content_type": "application/json"}
            made = guarded_fields(site.building.collected, site.entry, site.node.title, value)
            return {"type": "json", "value": made}
        case "raw-text":
            return {"type": "text", "text": texts.written(site.parts(text))}
        case "x-www-form-urlencoded" | "form-data":
            fields = {foreign.text(row, "key"): texts.written(site.parts(foreign.text(row, "value"))) for row in rows}
            fields = guarded_fields(site.building.collected, site.entry, site.node.title, fields)
            if kind == "form-data":
                return {"type": "multipart", "parts": [{"name": key, "value": value} for key, value in fields.items()]}
            return {"type": "form", "fields": fields}
        case "binary":
            raise Untranslatable("files are sent by their uuid here")
        case _:
            return None
