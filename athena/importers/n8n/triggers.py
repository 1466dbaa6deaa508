"""n8n's triggers. Pure."""

from __future__ import annotations

from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.n8n.shapes import Shape, renamed
from athena.importers.n8n.site import Site

INACTIVE: Final = "It starts nothing until the workflow is switched on."
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
MODES: Final = {"onReceived": "immediately", "lastNode": "last_node", "responseNode": "respond_node"}
FIELDS: Final = {"seconds": "seconds", "minutes": "minutes", "hours": "hours", "days": "days"}
FIELD_TYPES: Final = {"number": "number", "boolean": "boolean", "array": "array", "object": "object"}
WEEKDAY_NUMBERS: Final = frozenset(range(8))
ADDRESS: Final = "The address is a new one, made when the workflow is created."


def webhook(site: Site) -> None:
    """A webhook."""
    method = site.word("httpMethod", default="GET").upper()
    given = foreign.texts(site.parameters, "httpMethod") or [method]
    methods = [each for each in dict.fromkeys(given) if each in METHODS]
    mode = MODES.get(site.word("responseMode", default="onReceived"), "immediately")
    data: dict[str, Any] = {"methods": methods or ["POST"], "response_mode": mode}
    remarks = [ADDRESS, INACTIVE]
    kind = site.word("authentication", default="none")
    if kind != "none":
        data["authentication"] = _authentication(site, kind)
        remarks.append("Its password or token is a secret of the workspace, which you enter anew.")
    if set(given) - METHODS:
        remarks.append("The method HEAD is not taken.")
    if foreign.flag(site.parameters, "options", "rawBody") or foreign.flag(site.parameters, "options", "binaryData"):
        site.entry.remark("Bodies that are neither JSON, forms nor text come as base64.")
    site.done(site.add("webhook_trigger", data), Shape(names=renamed(**{name: name for name in _WEBHOOK})))
    if site.word("responseMode") == "streaming":
        site.entry.remark("It answers at once, not as a stream.")
    site.entry.finished("webhook_trigger", *remarks)


_WEBHOOK: Final = ("headers", "query", "body", "method")


def _authentication(site: Site, kind: str) -> dict[str, Any]:
    name = f"{site.building.source.name} {site.node.name}"[:60]
    secret = {"secret": site.building.collected.secret(name, "Checks who calls the webhook.").removeprefix("secrets.")}
    match kind:
        case "basicAuth":
            site.entry.remark("The user name is set to user; change it to yours.")
            return {"type": "basic", "username": "user", "password": secret}
        case "headerAuth":
            site.entry.remark("The header is X-Api-Key; change it to yours.")
            return {"type": "header", "name": "X-Api-Key", "value": secret}
        case _:
            site.entry.remark("A token in the header Authorization is asked for; n8n checked a signed token.")
            return {"type": "bearer", "token": secret}


def schedule(site: Site) -> None:
    """A schedule, or several as one node each."""
    intervals = foreign.mappings(site.parameters, "rule", "interval") or foreign.mappings(
        site.parameters, "triggerTimes", "item"
    )
    made = [_schedule(site, each) for each in intervals] or [{"type": "interval", "unit": "days", "every": 1}]
    zone = site.building.timezone
    for each in made:
        each["timezone"] = zone
    node_id = site.add("schedule_trigger", {"schedule": made[0]})
    site.done(node_id, Shape(names=renamed(timestamp="scheduled_at")))
    for each in made[1:]:
        more = site.add("schedule_trigger", {"schedule": each})
        site.building.also(site.node.name, more)
    site.entry.finished("schedule_trigger", INACTIVE)


def _schedule(site: Site, given: dict[str, Any]) -> dict[str, Any]:
    field = foreign.text(given, "field") or foreign.text(given, "mode") or "days"
    hour = foreign.whole(given, "triggerAtHour") if "triggerAtHour" in given else foreign.whole(given, "hour")
    minute = foreign.whole(given, "triggerAtMinute") or foreign.whole(given, "minute") or 0
    hour, minute = (hour or 0) % 24, minute % 60
    match field:
        case "cronExpression" | "custom":
            expression = foreign.text(given, "expression") or foreign.text(given, "cronExpression")
            return {"type": "cron", "expression": expression.strip()}
        case "seconds" | "minutes" | "hours":
            every = foreign.whole(given, f"{field}Interval") or (
                30 if field == "seconds" else 5 if field == "minutes" else 1
            )
            return _every(site, field, every)
        case "everyMinute" | "everyHour" | "everyX":
            unit = {"everyMinute": "minutes", "everyHour": "hours"}.get(field) or foreign.text(given, "unit") or "hours"
            return _every(site, unit if unit in FIELDS else "hours", foreign.whole(given, "value") or 1)
        case "weeks" | "everyWeek":
            days = [day for day in foreign.items(given, "triggerAtDay") if day in WEEKDAY_NUMBERS]
            days = days or [foreign.whole(given, "weekday") or 0]
            _once(site, foreign.whole(given, "weeksInterval"), "week")
            return {"type": "cron", "expression": f"{minute} {hour} * * {','.join(str(day % 7) for day in days)}"}
        case "months" | "everyMonth":
            day = foreign.whole(given, "triggerAtDayOfMonth") or foreign.whole(given, "dayOfMonth") or 1
            _once(site, foreign.whole(given, "monthsInterval"), "month")
            return {"type": "cron", "expression": f"{minute} {hour} {max(1, min(day, 31))} * *"}
        case _:
            _once(site, foreign.whole(given, "daysInterval"), "day")
            return {"type": "cron", "expression": f"{minute} {hour} * * *"}


def _every(site: Site, unit: str, every: int) -> dict[str, Any]:
    if unit == "seconds" and every < 10:  # noqa: PLR2004 - the shortest interval here
        site.entry.remark("It runs every ten seconds, the shortest interval here.")
        every = 10
    return {"type": "interval", "unit": unit, "every": max(1, every)}


def _once(site: Site, interval: int | None, unit: str) -> None:
    if interval is not None and interval > 1:
        site.entry.remark(f"It runs every {unit}, not every {interval} {unit}s.")


def manual(site: Site) -> None:
    """Somebody's click."""
    site.done(site.add("manual_trigger", {}), Shape())
    site.entry.mapped("manual_trigger")


def chat(site: Site) -> None:
    """A message in n8n's chat."""
    schema = {
        "type": "object",
        "properties": {"chatInput": {"type": "string"}, "sessionId": {"type": "string"}},
        "required": ["chatInput"],
    }
    site.done(site.add("manual_trigger", {"input_schema": schema}), Shape())
    text = "It is run with chatInput. To chat here, talk to the agent itself: it keeps its threads."
    site.entry.approximated("manual_trigger", text)


def called(site: Site) -> None:
    """Another workflow."""
    rows = foreign.mappings(site.parameters, "workflowInputs", "values")
    properties = {
        foreign.text(row, "name"): {"type": FIELD_TYPES.get(foreign.text(row, "type"), "string")} for row in rows
    }
    data = {"input_schema": {"type": "object", "properties": properties}} if properties else {}
    site.done(site.add("manual_trigger", data), Shape())
    site.entry.mapped("manual_trigger")


def form(site: Site) -> None:
    """A form that n8n serves."""
    rows = foreign.mappings(site.parameters, "formFields", "values")
    properties: dict[str, Any] = {}
    for row in rows:
        name = foreign.text(row, "fieldName") or foreign.text(row, "fieldLabel")
        kind = {"number": "number", "checkbox": "boolean"}.get(foreign.text(row, "fieldType"), "string")
        properties[name] = {"type": kind}
    required = [foreign.text(row, "fieldLabel") for row in rows if foreign.flag(row, "requiredField")]
    schema = {"type": "object", "properties": properties, "required": [each for each in required if each in properties]}
    site.done(site.add("manual_trigger", {"input_schema": schema} if properties else {}), Shape())
    title = texts.label(site.word("formTitle"), "the form")
    site.entry.approximated("manual_trigger", f"There is no public page for {title}; whoever runs it gives the fields.")


def error(site: Site) -> None:
    """Another workflow's failure."""
    names = {"workflow": "", "execution": ""}
    site.done(site.add("error_trigger", {}), Shape(names=names))
    text = "It hears of workflows that name this one in their settings; what it gives has other fields than in n8n."
    site.entry.approximated("error_trigger", text)
