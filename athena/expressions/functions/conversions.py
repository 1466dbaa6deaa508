"""From one type to another, JSON, and ``format``."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import Any

import orjson

from athena.expressions.budget import Budget
from athena.expressions.errors import Fault
from athena.expressions.functions.signatures import ANY, LIST, TEXT, Declarations
from athena.expressions.operators import EPOCH, whole
from athena.expressions.values import describe, dumps, timestamp_text, to_json, type_name

_declare = Declarations()

_WHOLE = re.compile(r"[+-]?\d{1,19}", flags=re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,4})?", flags=re.ASCII)
_TRUE = frozenset({"1", "t", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "false", "FALSE", "False"})
_A_PLACE = 50
"""Steps for writing a value in its place: numbers can have hundreds of digits."""

_CLAUSE = re.compile(r"%(?:(%)|(?:\.(\d{1,3}))?([sdfeExXob]))|%")


@_declare("type", ANY)
def _type(_: Budget, value: Any) -> str:
    return type_name(value)


@_declare("dyn", ANY)
def _dyn(_: Budget, value: Any) -> Any:
    return value


@_declare("int", ANY)
def _int(_: Budget, value: Any) -> int:
    """Of a number what is before the point; of a timestamp the seconds since 1970."""
    if type(value) is int or type(value) is bool:
        return int(value)
    if type(value) is float and math.isfinite(value):
        return whole(int(value))
    if type(value) is datetime:
        return (value - EPOCH) // timedelta(seconds=1)
    if type(value) is str and _WHOLE.fullmatch(value.strip()):
        return whole(int(value))
    raise Fault(f"int(…) cannot make a whole number of this: it is {describe(value)}.")


@_declare("uint", ANY)
def _uint(budget: Budget, value: Any) -> int:
    if (number := _int(budget, value)) < 0:
        raise Fault("uint(…) takes no number below 0.")
    return number


@_declare("double", ANY)
def _double(_: Budget, value: Any) -> float:
    if type(value) is int or type(value) is float:
        return float(value)
    if type(value) is str and _NUMBER.fullmatch(value.strip()):
        return float(value)
    raise Fault(f"double(…) cannot make a number of this: it is {describe(value)}.")


@_declare("bool", (bool, str))
def _bool(_: Budget, value: bool | str) -> bool:  # noqa: FBT001 - what it converts
    if isinstance(value, bool):
        return value
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise Fault("bool(…) knows the texts true and false.")


@_declare("string", ANY)
def _string(budget: Budget, value: Any) -> str:  # noqa: PLR0911 - one for each type
    """Lists and objects, which CEL does not take, become compact JSON."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case bytes():
            budget.text(len(value))
            return _from_bytes(value)
        case datetime():
            return timestamp_text(value)
        case timedelta():
            return f"{_number(value.total_seconds())}s"
        case None:
            raise Fault("string(…) does not take null. Use default(…, '') first.")
        case _:
            return dumps(to_json(budget, value))


@_declare("bytes", (str, bytes))
def _bytes(budget: Budget, value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    budget.text(len(value) * 4)
    return value.encode("utf-8", "replace")


@_declare("json", TEXT)
def _json(budget: Budget, text: str) -> Any:
    """The value that is written as JSON in the text."""
    # A list of empty lists takes some 24 bytes and 0.15 µs for each of its characters.
    budget.spend(len(text))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Fault("This text is no JSON.") from None


@_declare("to_json", ANY)
def _to_json(budget: Budget, value: Any) -> str:
    return dumps(to_json(budget, value))


@_declare(".format", TEXT, LIST)
def _format(budget: Budget, text: str, values: list[Any]) -> str:
    """%s, %d, %f, %e, %x, %X, %o, %b, with a precision as in %.2f, and %% for a percent sign."""
    budget.read(len(text) * 4)
    parts: list[str] = []
    left = iter(values)
    end = 0
    for clause in _CLAUSE.finditer(text):
        parts += [text[end : clause.start()], _clause(budget, clause, left)]
        budget.spend(_A_PLACE)
        end = clause.end()
    parts.append(text[end:])
    budget.text(sum(map(len, parts)))
    return "".join(parts)


def _clause(budget: Budget, clause: re.Match[str], left: Any) -> str:
    if clause[1]:
        return "%"
    if not clause[3]:
        raise Fault("format(…) knows %s, %d, %f, %e, %x, %X, %o, %b and %%.")
    try:
        value = next(left)
    except StopIteration:
        raise Fault("format(…) has more places than values.") from None
    if clause[3] == "s":
        return "null" if value is None else _string(budget, value)
    if clause[3] in "dxXob":
        return _digits(value, clause[3])
    if type(value) is not int and type(value) is not float:
        raise Fault(f"%{clause[3]} does not take {describe(value)}.")
    return f"{value:.{min(int(clause[2] or 6), 100)}{clause[3]}}"


def _digits(value: Any, kind: str) -> str:
    if type(value) is not int:
        raise Fault(f"%{kind} takes a whole number, not {describe(value)}. Write int(…) around it.")
    return f"{value:{kind}}"


def _number(value: float) -> str:
    """The shortest that gives the same number again; 1 for 1.0, as CEL has it."""
    text = repr(value)
    return text.removesuffix(".0")


def _from_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Fault("These bytes are no text in UTF-8. base64.encode(…) makes text of any.") from None


FUNCTIONS = _declare.functions
