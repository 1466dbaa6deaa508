"""Functions and methods of JavaScript and n8n, as functions of ours. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from athena.importers import texts
from athena.importers.n8n.javascript import Literal, Object, Tree
from athena.importers.n8n.terms import Term, Type, call, literal, method
from athena.importers.texts import Untranslatable

UNITS: Final = {
    **dict.fromkeys(("second", "seconds"), 1),
    **dict.fromkeys(("minute", "minutes"), 60),
    **dict.fromkeys(("hour", "hours"), 3_600),
    **dict.fromkeys(("day", "days"), 86_400),
    **dict.fromkeys(("week", "weeks"), 604_800),
}
RENAMED: Final[Mapping[str, tuple[str, Type, int]]] = {
    "toLowerCase": ("lower", "text", 0),
    "toUpperCase": ("upper", "text", 0),
    "toLocaleLowerCase": ("lower", "text", 0),
    "toLocaleUpperCase": ("upper", "text", 0),
    "trim": ("trim", "text", 0),
    "startsWith": ("startsWith", "bool", 1),
    "endsWith": ("endsWith", "bool", 1),
    "replaceAll": ("replace", "text", 2),
    "charAt": ("charAt", "text", 1),
    "indexOf": ("indexOf", "number", 1),
    "lastIndexOf": ("lastIndexOf", "number", 1),
    "split": ("split", "list", 1),
    "join": ("join", "text", 1),
    "reverse": ("reverse", "list", 0),
    "unique": ("distinct", "list", 0),
    "removeDuplicates": ("distinct", "list", 0),
    "sum": ("sum", "number", 0),
}
FUNCTIONS: Final[Mapping[str, tuple[str, Type]]] = {
    "JSON.stringify": ("to_json", "text"),
    "JSON.parse": ("json", "any"),
    "Math.round": ("math.round", "number"),
    "Math.floor": ("math.floor", "number"),
    "Math.ceil": ("math.ceil", "number"),
    "Math.abs": ("math.abs", "number"),
    "Math.max": ("math.greatest", "number"),
    "Math.min": ("math.least", "number"),
    "Math.sqrt": ("math.sqrt", "number"),
    "Math.trunc": ("math.trunc", "number"),
    "Number": ("double", "number"),
    "parseFloat": ("double", "number"),
    "parseInt": ("int", "number"),
    "String": ("string", "text"),
}
WITH_ONE: Final = frozenset({"parseInt", "JSON.stringify", "JSON.parse"})
FORMATS: Final = {"yyyy-MM-dd": (0, 10), "HH:mm:ss": (11, 19), "HH:mm": (11, 16), "yyyy": (0, 4), "MM": (5, 7)}
START: Final = Term("timestamp(execution.started_at)", "time")


def function(name: str, arguments: Sequence[Term]) -> Term:
    """A function that belongs to nothing, or to ``Math`` and ``JSON``."""
    if name not in FUNCTIONS or not arguments:
        raise Untranslatable(f"the function {name} does not exist here")
    ours, kind = FUNCTIONS[name]
    return call(ours, kind, arguments[:1] if name in WITH_ONE else arguments)


def applied(of: Term, name: str, arguments: Sequence[Term], trees: Sequence[Tree]) -> Term:
    """A method of a value."""
    if name in {"plus", "minus"} and of.type == "time":
        return _moved(of, name, trees)
    if name in {"toFormat", "format"} and of.type == "time":
        return _formatted(of, trees)
    if name in RENAMED:
        ours, kind, count = RENAMED[name]
        if name == "join" and not arguments:
            arguments = (literal(","),)
        if len(arguments) != count:
            raise Untranslatable(f"{name} is not known here with {len(arguments)} arguments")
        return method(of, ours, kind, arguments)
    special = SPECIAL.get(name)
    if special is None:
        raise Untranslatable(f"the method {name} does not exist here")
    return special(of, arguments)


def _replace(of: Term, arguments: Sequence[Term]) -> Term:
    if len(arguments) != 2:  # noqa: PLR2004 - what is replaced, and by what
        raise Untranslatable("replace is not known here with other than two arguments")
    return method(of, "replace", "text", [*arguments, literal(1)])


def _includes(of: Term, arguments: Sequence[Term]) -> Term:
    if len(arguments) != 1:
        raise Untranslatable("includes is not known here with other than one argument")
    if of.type == "list":
        return Term(f"{arguments[0].operand} in {of.operand}", "bool", simple=False)
    return method(of, "contains", "bool", arguments)


def _part(of: Term, arguments: Sequence[Term]) -> Term:
    if any(each.whole.startswith("-") for each in arguments) or not arguments:
        raise Untranslatable("places are not counted from the end here")
    if of.type != "text":
        raise Untranslatable("whether a part of a text or of a list is meant cannot be told")
    return method(of, "substring", "text", arguments)


def _substring(of: Term, arguments: Sequence[Term]) -> Term:
    return method(of, "substring", "text", arguments)


def _is_empty(of: Term, _: Sequence[Term]) -> Term:
    return Term(f"size(default({of.cel}, [])) == 0", "bool", simple=False)


def _is_not_empty(of: Term, _: Sequence[Term]) -> Term:
    return Term(f"size(default({of.cel}, [])) > 0", "bool", simple=False)


def _first(of: Term, _: Sequence[Term]) -> Term:
    return Term(f"{of.operand}[0]")


def _last(of: Term, _: Sequence[Term]) -> Term:
    return Term(f"{of.operand}[size({of.operand}) - 1]")


def _to_string(of: Term, _: Sequence[Term]) -> Term:
    return of if of.type == "text" else call("string", "text", [of])


def _to_number(of: Term, _: Sequence[Term]) -> Term:
    return call("double", "number", [of])


def _fixed(of: Term, arguments: Sequence[Term]) -> Term:
    digits = arguments[0].cel if arguments else "0"
    if not digits.isdigit():
        raise Untranslatable("toFixed is known here with a number of digits alone")
    return Term(f'"%.{digits}f".format([{of.whole}])', "text")


def _iso(of: Term, _: Sequence[Term]) -> Term:
    if of.type != "time":
        raise Untranslatable("it is not known to be a time")
    return call("string", "text", [of])


def _to_json(of: Term, _: Sequence[Term]) -> Term:
    return call("to_json", "text", [of])


def _parse_json(of: Term, _: Sequence[Term]) -> Term:
    return call("json", "any", [of])


SPECIAL: Final[Mapping[str, Callable[[Term, Sequence[Term]], Term]]] = {
    "replace": _replace,
    "includes": _includes,
    "contains": _includes,
    "slice": _part,
    "substring": _substring,
    "isEmpty": _is_empty,
    "isNotEmpty": _is_not_empty,
    "first": _first,
    "last": _last,
    "toString": _to_string,
    "toNumber": _to_number,
    "toFloat": _to_number,
    "toFixed": _fixed,
    "toISO": _iso,
    "toISOString": _iso,
    "toJsonString": _to_json,
    "parseJson": _parse_json,
}


def _moved(of: Term, name: str, trees: Sequence[Tree]) -> Term:
    """A time so much later or earlier."""
    amounts = _amounts(trees)
    if not amounts or any(unit not in UNITS for unit, _ in amounts):
        raise Untranslatable("months and years have no fixed length here; use days")
    seconds = float(sum(UNITS[unit] * amount for unit, amount in amounts))
    sign = "+" if name == "plus" else "-"
    return Term(f'{of.cel} {sign} duration("{texts.plain_number(seconds)}s")', "time", simple=False)


def _amounts(trees: Sequence[Tree]) -> list[tuple[str, float]]:
    match trees:
        case [Object(pairs)]:
            return [(name, _amount(each)) for name, each in pairs]
        case [Literal(value=float() | int() as amount), Literal(value=str() as unit)]:
            return [(unit, float(amount))]
        case _:
            raise Untranslatable("by how much the time is moved is not a constant")


def _amount(tree: Tree) -> float:
    if isinstance(tree, Literal) and isinstance(tree.value, int | float):
        return float(tree.value)
    raise Untranslatable("by how much the time is moved is not a constant")


def _formatted(of: Term, trees: Sequence[Tree]) -> Term:
    pattern: Any = trees[0].value if trees and isinstance(trees[0], Literal) else None
    if pattern not in FORMATS:
        raise Untranslatable(f"times are written here as RFC 3339 has it, not as {pattern!r}")
    start, end = FORMATS[pattern]
    return Term(f"string({of.cel}).substring({start}, {end})", "text")
