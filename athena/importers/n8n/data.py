"""n8n's nodes that change data: fields, lists, times. Pure."""

from __future__ import annotations

import json
from typing import Any, Final, cast

from athena.importers import foreign, texts
from athena.importers.n8n.shapes import Shape
from athena.importers.n8n.site import Site
from athena.importers.texts import Untranslatable

KEEP: Final = "result = {**before, **fields}"
OPERATIONS: Final = {
    "average": "avg",
    "append": "list",
    "concatenate": "list",
    "count": "count",
    "countUnique": "unique",
    "max": "max",
    "min": "min",
    "sum": "sum",
}
NUMBER_TEXT: Final = 1e15


def set_fields(site: Site) -> None:
    """Sets fields."""
    if site.word("mode", default="manual") in {"raw", "json"}:
        given = site.json(site.parameters.get("jsonOutput"))
        if isinstance(given, str):
            _as_template(site, given)
            return
        fields = cast("dict[str, Any]", given) if isinstance(given, dict) else {"value": given}
    else:
        fields = _fields(site)
    keep = foreign.flag(site.parameters, "includeOtherFields") or (
        site.node.version < 3 and not foreign.flag(site.parameters, "keepOnlySet")  # noqa: PLR2004 - as it was before
    )
    if foreign.text(site.parameters, "include") in {"selected", "except"} and keep:
        site.entry.remark("It keeps all other fields, not those alone that were selected.")
    if keep and not site.shape.is_plain:
        data = {"code": KEEP, "inputs": {"before": f"{{{{ {site.shape.normal(site.root)} }}}}", "fields": fields}}
        site.done(site.add("code", data), Shape())
        site.entry.finished("code")
        return
    site.done(site.add("set", {"fields": fields, **({"keep_input": True} if keep else {})}), Shape())
    site.entry.finished("set")


def _as_template(site: Site, given: str) -> None:
    """JSON that expressions put together."""
    parts = site.parts(site.parameters.get("jsonOutput"))
    match parts:
        case [texts.Cel(text=text)] if not text.startswith("to_json("):
            given = f"{{{{ to_json({text}) }}}}"
        case _:
            pass
    if foreign.flag(site.parameters, "includeOtherFields"):
        site.entry.remark("The fields that came in are not kept beside it.")
    site.done(site.add("template", {"text": given, "parse_json": True}), Shape())
    site.entry.finished("template")


def _fields(site: Site) -> dict[str, Any]:
    rows = foreign.mappings(site.parameters, "assignments", "assignments")
    if not rows:
        groups = foreign.mapping(site.parameters, "values") or foreign.mapping(site.parameters, "fields")
        rows = [{**row, "type": row.get("type") or kind} for kind in groups for row in foreign.mappings(groups, kind)]
    found: dict[str, Any] = {}
    dotted = foreign.flag(site.parameters, "options", "dotNotation", default=True)
    for row in rows:
        kind = foreign.text(row, "type").removesuffix("Value")
        given = row.get("value", row.get(f"{kind}Value"))
        _put(found, foreign.text(row, "name"), _typed(site, given, kind), dotted=dotted)
    return found


def _put(fields: dict[str, Any], name: str, value: Any, *, dotted: bool) -> None:
    """Sets a field; a name with dots leads into objects."""
    *way, last = name.split(".") if dotted else [name]
    for step in way:
        inner = fields.setdefault(step, {})
        if not isinstance(inner, dict):
            inner = fields[step] = {}
        fields = cast("dict[str, Any]", inner)
    fields[last] = value


def _typed(site: Site, value: Any, kind: str) -> Any:  # noqa: PLR0911 - one for each type
    if isinstance(value, str) and value.startswith("="):
        if kind in {"array", "object"}:
            return site.json(value)
        return site.text(value)
    match kind:
        case "number":
            number = foreign.number({"value": value}, "value")
            if number is None:
                return site.value(value)
            return int(number) if number.is_integer() and abs(number) < NUMBER_TEXT else number
        case "boolean":
            return value in (True, "true")
        case "array" | "object" if isinstance(value, str):
            try:
                return texts.escaped(json.loads(value))
            except ValueError:
                return texts.plain(value)
        case _:
            return site.value(value)


def item_lists(site: Site) -> None:
    """The older node for all that is done to lists."""
    operation = site.word("operation", default="splitOutItems")
    then = {
        "splitOutItems": split_out,
        "concatenateItems": aggregate,
        "aggregateItems": aggregate,
        "sort": sort,
        "limit": limit,
        "removeDuplicates": deduplicate,
        "summarize": summarize,
    }.get(operation)
    if then is None:
        raise Untranslatable(f"the operation {operation} is not known here")
    then(site)


def split_out(site: Site) -> None:
    """The elements of a list as items."""
    name = site.word("fieldToSplitOut")
    if not name or "," in name:
        raise Untranslatable("it parts several fields at once")
    if site.shape.many:
        site.misses(site.shape)
        of = f"{site.shape.as_list(site.root)}.map(each, each{_path(name)}).flatten()"
    else:
        of = site.expression(f"={{{{ $json{_path(name)} }}}}")
    if site.word("include", default="noOtherFields") != "noOtherFields":
        site.entry.remark("Each item is the element alone, without the other fields.")
    site.entry.remark("Elements that are no objects are items by themselves here; in n8n they stand in a field.")
    site.done(site.add("split", {"value": f"{{{{ {of} }}}}"}), Shape(many=True))
    site.entry.finished("split")


def _path(name: str) -> str:
    return "".join(f"[{texts.quoted(part)}]" for part in name.split("."))


def aggregate(site: Site) -> None:
    """The items as a list in one item."""
    into = site.word("destinationFieldName", default="data")
    if site.word("aggregate", default="aggregateIndividualFields") == "aggregateAllItemData":
        fields = {into: site.items()}
    else:
        rows = foreign.mappings(site.parameters, "fieldsToAggregate", "fieldToAggregate")
        fields = dict[str, Any]()
        for row in rows:
            name = foreign.text(row, "fieldToAggregate")
            to = foreign.text(row, "outputFieldName") if foreign.flag(row, "renameField") else name.split(".")[-1]
            step = "".join(f"[{texts.quoted(part)}]" for part in name.split("."))
            fields[to or name] = f"{{{{ {site.shape.as_list(site.root)}.map(each, each{step}) }}}}"
    site.done(site.add("set", {"fields": fields}), Shape())
    site.entry.finished("set")


def summarize(site: Site) -> None:
    """Rows of groups."""
    rows = foreign.mappings(site.parameters, "fieldsToSummarize", "values")
    groups = [each.strip() for each in site.word("fieldsToSplitBy").split(",") if each.strip()]
    operations = [_operation(row) for row in rows]
    if not operations or len(groups) > 10:  # noqa: PLR2004 - as many as there may be here
        raise Untranslatable("it has no fields, or too many groups")
    data: dict[str, Any] = {**site.list_data(), "operations": operations}
    if groups:
        data["group_by"] = [{"name": each[:64], "by": texts.plain(each)} for each in groups]
    if any(row.get("aggregation") in {"concatenate", "countUnique"} for row in rows):
        site.entry.remark("Concatenated texts, and counts of unique values, are lists here.")
    site.done(site.add("aggregate", data), Shape(many=True))
    site.entry.finished("aggregate")


def _operation(row: dict[str, Any]) -> dict[str, Any]:
    kind, name = foreign.text(row, "aggregation") or "count", foreign.text(row, "field")
    if kind not in OPERATIONS or not name:
        raise Untranslatable(f"the summary {kind} is not known here")
    prefix = {"average": "average", "count": "count", "sum": "sum"}.get(kind, kind)
    return {"name": f"{prefix}_{name}"[:64], "operation": OPERATIONS[kind], "of": texts.plain(name)}


def sort(site: Site) -> None:
    """An order."""
    if site.word("type", default="simple") != "simple":
        raise Untranslatable("it is in random order, or in one that a program decides")
    rows = foreign.mappings(site.parameters, "sortFieldsUi", "sortField")
    keys = [
        {"by": texts.plain(foreign.text(row, "fieldName")), "descending": foreign.text(row, "order") == "descending"}
        for row in rows
        if foreign.text(row, "fieldName")
    ]
    data = {**site.list_data(), **({"keys": keys} if keys else {})}
    site.done(site.add("sort", data), Shape(many=True))
    site.entry.finished("sort", "Numbers come before texts, and what is missing comes last.")


def limit(site: Site) -> None:
    """The first or last items."""
    count = foreign.whole(site.parameters, "maxItems") or 1
    data: dict[str, Any] = {**site.list_data(), "count": max(0, min(count, 1_000_000))}
    if site.word("keep") == "lastItems":
        data["keep"] = "last"
    site.done(site.add("limit", data), Shape(many=True))
    site.entry.finished("limit")


def deduplicate(site: Site) -> None:
    """Each once."""
    if site.word("operation") in {"removeItemsSeenInPreviousExecutions", "clearDeduplicationHistory"}:
        raise Untranslatable("nothing is remembered from one execution to the next")
    names = [each.strip() for each in site.word("fieldsToCompare").split(",") if each.strip()]
    data: dict[str, Any] = site.list_data()
    if site.word("compare") == "selectedFields" and names:
        fields = ", ".join(f"default(item{_path(each)}, null)" for each in names)
        data["by"] = f"{{{{ [{fields}] }}}}"
    elif site.word("compare") == "allFieldsExcept":
        site.entry.remark("All fields are compared.")
    site.done(site.add("deduplicate", data), Shape(many=True))
    site.entry.finished("deduplicate")


def date_time(site: Site) -> None:
    """Times."""
    into = site.word("outputFieldName")
    match site.word("operation", default="getCurrentDate"):
        case "getCurrentDate":
            site.entry.remark("The time is that at which the execution began.")
            made, into = "execution.started_at", into or "currentDate"
        case "addToDate" | "subtractFromDate" as operation:
            made, into = _moved(site, operation), into or "newDate"
        case "formatDate":
            given = site.expression(site.parameters.get("date"))
            formats = {"yyyy-MM-dd": 10, "yyyy/MM/dd": 0, "MM/dd/yyyy": 0}
            length = formats.get(site.word("format"), 0)
            if not length:
                raise Untranslatable("times are written here as RFC 3339 has it")
            made, into = f"string(timestamp({given})).substring(0, {length})", into or "formattedDate"
        case operation:
            raise Untranslatable(f"the operation {operation} on times is not known here")
    keep = foreign.flag(site.parameters, "options", "includeInputFields")
    if keep and not site.shape.is_plain:
        site.entry.remark("The fields that came in are not kept beside it.")
        keep = False
    data = {"fields": {into: f"{{{{ {made} }}}}"}, **({"keep_input": True} if keep else {})}
    site.done(site.add("set", data), Shape())
    site.entry.finished("set")


def _moved(site: Site, operation: str) -> str:
    seconds = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
    unit = site.word("timeUnit", default="days")
    amount = foreign.number(site.parameters, "duration")
    if unit not in seconds or amount is None:
        raise Untranslatable("times are moved here by a constant number of seconds to weeks")
    sign = "+" if operation == "addToDate" else "-"
    duration = texts.plain_number(amount * seconds[unit])
    return f'timestamp({site.expression(site.parameters.get("magnitude"))}) {sign} duration("{duration}s")'
