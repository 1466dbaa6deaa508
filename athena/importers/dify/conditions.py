"""Conditions of Dify as expressions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.dify.building import Site
from athena.importers.texts import Untranslatable

SHAPES: Final[Mapping[str, str]] = {
    "contains": 'default({l}, "").contains({r})',
    "not contains": '!default({l}, "").contains({r})',
    "start with": 'default({l}, "").startsWith({r})',
    "end with": 'default({l}, "").endsWith({r})',
    "is": "default({l}, null) == {r}",
    "is not": "default({l}, null) != {r}",
    "empty": 'size(default({l}, "")) == 0',
    "not empty": 'size(default({l}, "")) > 0',
    "null": "default({l}, null) == null",
    "not null": "default({l}, null) != null",
    "exists": "default({l}, null) != null",
    "not exists": "default({l}, null) == null",
    "=": "{l} == {r}",
    "≠": "{l} != {r}",
    ">": "{l} > {r}",
    "<": "{l} < {r}",
    "≥": "{l} >= {r}",
    "≤": "{l} <= {r}",
    "in": "{l} in {r}",
    "not in": "!({l} in {r})",
}
LISTS: Final[Mapping[str, str]] = {
    "contains": "{r} in default({l}, [])",
    "not contains": "!({r} in default({l}, []))",
    "empty": "size(default({l}, [])) == 0",
    "not empty": "size(default({l}, [])) > 0",
}
NUMERIC: Final = frozenset({"=", "≠", ">", "<", "≥", "≤"})


def condition_or_never(site: Site, case: Mapping[str, Any]) -> str:
    """What a case asks for; where it cannot be translated, what never holds, so that people write it."""
    try:
        return condition(site, case)
    except Untranslatable as error:
        site.entry.remark(f"A condition of it never holds until you write it: {error}.")
        return "false"


def condition(site: Site, case: Mapping[str, Any]) -> str:
    """What a case asks for; :class:`Untranslatable` where that has no counterpart."""
    made = [_single(site, row) for row in foreign.mappings(case, "conditions")]
    if not made:
        raise Untranslatable("a case has no condition")
    sign = " || " if foreign.text(case, "logical_operator") == "or" else " && "
    return made[0] if len(made) == 1 else sign.join(f"({each})" for each in made)


def _single(site: Site, row: Mapping[str, Any]) -> str:
    operator = foreign.text(row, "comparison_operator")
    kind = foreign.text(row, "varType") or "string"
    shape = (LISTS.get(operator) if kind.startswith("array") else None) or SHAPES.get(operator)
    if shape is None or foreign.mapping(row, "sub_variable_condition"):
        raise Untranslatable(f"the comparison {operator!r} of {kind} does not exist here")
    left = site.of_selector(row.get("variable_selector"))
    return shape.format(l=left, r=_right(site, row, operator, kind)) if "{r}" in shape else shape.format(l=left)


def _right(site: Site, row: Mapping[str, Any], operator: str, kind: str) -> str:
    value = row.get("value")
    if isinstance(value, list):
        return texts.quoted_json(value)
    text = foreign.text(row, "value")
    if "{{#" in text:
        return f"({site.expression(text)})"
    if operator in {"in", "not in"}:
        return texts.quoted_json([each.strip() for each in text.split(",")])
    number = foreign.number(row, "value")
    if number is not None and (operator in NUMERIC or kind == "number"):
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)  # noqa: PLR2004
    if kind == "boolean" or isinstance(value, bool):
        return "true" if value in (True, "true", "True", 1) else "false"
    return texts.quoted(text)
