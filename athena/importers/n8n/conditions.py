"""Conditions of n8n's If, Switch and Filter nodes as expressions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.n8n.site import Site
from athena.importers.texts import Cel, Untranslatable

STRICT: Final = "Values are compared with their types: a number is never equal to a text."
TESTS: Final[Mapping[str, str]] = {
    "exists": "default({l}, null) != null",
    "notExists": "default({l}, null) == null",
    "empty": 'size(default({l}, "")) == 0',
    "notEmpty": 'size(default({l}, "")) > 0',
    "isEmpty": 'default({l}, "") == ""',
    "isNotEmpty": 'default({l}, "") != ""',
    "true": "default({l}, false) == true",
    "false": "default({l}, false) == false",
}
"""What is asked of one value. It may be missing."""
COMPARISONS: Final[Mapping[str, str]] = {
    "equals": "default({l}, null) == {r}",
    "notEquals": "default({l}, null) != {r}",
    "equal": "default({l}, null) == {r}",
    "notEqual": "default({l}, null) != {r}",
    "gt": "{l} > {r}",
    "gte": "{l} >= {r}",
    "lt": "{l} < {r}",
    "lte": "{l} <= {r}",
    "larger": "{l} > {r}",
    "largerEqual": "{l} >= {r}",
    "smaller": "{l} < {r}",
    "smallerEqual": "{l} <= {r}",
    "contains": 'default({l}, "").contains({r})',
    "notContains": '!default({l}, "").contains({r})',
    "startsWith": 'default({l}, "").startsWith({r})',
    "notStartsWith": '!default({l}, "").startsWith({r})',
    "endsWith": 'default({l}, "").endsWith({r})',
    "notEndsWith": '!default({l}, "").endsWith({r})',
    "regex": 'default({l}, "").matches({r})',
    "notRegex": '!default({l}, "").matches({r})',
    "after": "timestamp({l}) > timestamp({r})",
    "before": "timestamp({l}) < timestamp({r})",
    "afterOrEquals": "timestamp({l}) >= timestamp({r})",
    "beforeOrEquals": "timestamp({l}) <= timestamp({r})",
    "lengthEquals": "size({l}) == {r}",
    "lengthNotEquals": "size({l}) != {r}",
    "lengthGt": "size({l}) > {r}",
    "lengthGte": "size({l}) >= {r}",
    "lengthLt": "size({l}) < {r}",
    "lengthLte": "size({l}) <= {r}",
}
OF_LISTS: Final[Mapping[str, str]] = {
    "contains": "{r} in default({l}, [])",
    "notContains": "!({r} in default({l}, []))",
    "empty": "size(default({l}, [])) == 0",
    "notEmpty": "size(default({l}, [])) > 0",
}
OLD_GROUPS: Final = ("string", "number", "boolean", "dateTime")


def condition(site: Site, given: Any, combinator: str = "and") -> str:
    """What the conditions come to; :class:`Untranslatable` where one has no counterpart."""
    rows = foreign.mappings(given, "conditions")
    if rows or "combinator" in foreign.mapping(given):
        ignore = not foreign.flag(given, "options", "caseSensitive", default=True)
        made = [_present(site, row, ignore_case=ignore) for row in rows]
        combinator = foreign.text(given, "combinator", default=combinator)
    else:
        made = [
            single(site, group, foreign.text(row, "operation") or _usual(group), row.get("value1"), row.get("value2"))
            for group in OLD_GROUPS
            for row in foreign.mappings(given, group)
        ]
    if not made:
        raise Untranslatable("there is no condition in it")
    return (" || " if combinator in {"or", "any"} else " && ").join(made if len(made) == 1 else map(_inner, made))


def condition_or_never(site: Site, given: Any, combinator: str = "and") -> str:
    """The same; where it cannot be translated, one that never holds, so that people write it."""
    try:
        return condition(site, given, combinator)
    except Untranslatable as error:
        site.never(error)
        return "false"


def _inner(text: str) -> str:
    return f"({text})"


def _usual(group: str) -> str:
    return "smaller" if group == "number" else "equal"


def _present(site: Site, row: Mapping[str, Any], *, ignore_case: bool) -> str:
    kind = foreign.text(row, "operator", "type") or "string"
    operation = foreign.text(row, "operator", "operation") or "equals"
    return single(site, kind, operation, row.get("leftValue"), row.get("rightValue"), ignore_case=ignore_case)


def single(site: Site, kind: str, operation: str, left: Any, right: Any, *, ignore_case: bool = False) -> str:
    """One condition."""
    shape = (kind == "array" and OF_LISTS.get(operation)) or TESTS.get(operation) or COMPARISONS.get(operation)
    if not shape:
        raise Untranslatable(f"the comparison {operation} of n8n does not exist here")
    lhs = operand(site, left, kind)
    if "{r}" not in shape:
        return shape.format(l=lhs)
    rhs = operand(site, right, "number" if operation.startswith("length") else "any" if kind == "array" else kind)
    if ignore_case and kind == "string" and "egex" not in operation:
        lhs, rhs = f'default({lhs}, "").lower()', f"{_grouped(rhs)}.lower()"
    elif kind == "number":
        site.entry.remark(STRICT)
    if "default({l}" not in shape or ignore_case:
        lhs = _grouped(lhs)
    return shape.format(l=lhs, r=_grouped(rhs))


def _grouped(text: str) -> str:
    """With parentheses, where an operator stands in it."""
    return f"({text})" if any(sign in text for sign in (" ? ", " + ", " - ", " || ", " && ", " == ", " / ")) else text


def operand(site: Site, value: Any, kind: str) -> str:
    """One side of a comparison."""
    if isinstance(value, str) and value.startswith("="):
        return site.expression(value)
    if kind == "number":
        number = foreign.number({"value": value}, "value")
        if number is None:
            raise Untranslatable(f"{value!r} is no number")
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)  # noqa: PLR2004
    if kind == "boolean":
        return "true" if value in (True, "true") else "false"
    if kind in {"string", "dateTime"}:
        return texts.quoted(foreign.text({"value": value}, "value"))
    return texts.quoted_json(value)


def as_template(expression: str) -> str:
    """An expression as the value of a field."""
    return texts.written([Cel(expression)])
