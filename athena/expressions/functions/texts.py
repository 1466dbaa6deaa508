"""Functions of text: CEL's own, its extension for strings, and ``lower`` and ``upper`` for all alphabets."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from athena.expressions.budget import Budget
from athena.expressions.errors import Fault
from athena.expressions.functions.signatures import ANY, LIST, TEXT, WHOLE, Declarations

_declare = Declarations()

_SHORT = 30_000
_LONG_PART = 1_200

_QUOTED = str.maketrans(
    {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\", '"': r"\""}
)


@_declare(".contains", TEXT, TEXT)
def _contains(budget: Budget, text: str, part: str) -> bool:
    _search(budget, text, part)
    return part in text


@_declare(".startsWith", TEXT, TEXT)
def _starts_with(budget: Budget, text: str, part: str) -> bool:
    budget.read(len(part))
    return text.startswith(part)


@_declare(".endsWith", TEXT, TEXT)
def _ends_with(budget: Budget, text: str, part: str) -> bool:
    budget.read(len(part))
    return text.endswith(part)


@_declare(".lower", TEXT)
def _lower(budget: Budget, text: str) -> str:
    # One letter becomes two.
    budget.read(len(text) * 2)
    return text.lower()


@_declare(".upper", TEXT)
def _upper(budget: Budget, text: str) -> str:
    # Some letters become three.
    budget.read(len(text) * 3)
    return text.upper()


@_declare(".lowerAscii", TEXT)
def _lower_ascii(budget: Budget, text: str) -> str:
    budget.read(len(text) * 3)
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


@_declare(".upperAscii", TEXT)
def _upper_ascii(budget: Budget, text: str) -> str:
    budget.read(len(text) * 3)
    return text.encode("utf-8", "surrogatepass").upper().decode("utf-8", "surrogatepass")


@_declare(".trim", TEXT)
def _trim(budget: Budget, text: str) -> str:
    budget.text(len(text))
    return text.strip()


@_declare(".charAt", TEXT, WHOLE)
def _char_at(_: Budget, text: str, place: int) -> str:
    _within(place, len(text))
    return text[place : place + 1]


@_declare(".indexOf", TEXT, TEXT, WHOLE, required=2)
def _index_of(budget: Budget, text: str, part: str, start: int = 0) -> int:
    _within(start, len(text))
    _search(budget, text, part)
    return text.find(part, start)


@_declare(".lastIndexOf", TEXT, TEXT, WHOLE, required=2)
def _last_index_of(budget: Budget, text: str, part: str, last: int | None = None) -> int:
    _search(budget, text, part)
    if last is not None:
        _within(last, len(text))
        text = text[: last + len(part)]
    # Python finds the last place in quadratic time, and the first in linear.
    found = text[::-1].find(part[::-1])
    return found if found < 0 else len(text) - found - len(part)


@_declare(".substring", TEXT, WHOLE, WHOLE, required=2)
def _substring(budget: Budget, text: str, start: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    _within(end, len(text))
    _within(start, end)
    budget.text(end - start)
    return text[start:end]


@_declare(".replace", TEXT, TEXT, TEXT, WHOLE, required=3)
def _replace(budget: Budget, text: str, old: str, new: str, limit: int = -1) -> str:
    _search(budget, text, old)
    budget.read(len(text))
    found = text.count(old)
    count = found if limit < 0 else min(found, limit)
    budget.text(len(text) + count * (len(new) - len(old)))
    budget.elements(count)
    return text.replace(old, new, count)


@_declare(".split", TEXT, TEXT, WHOLE, required=2)
def _split(budget: Budget, text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    _search(budget, text, separator)
    budget.read(len(text) * 2)
    parts = text.count(separator) + 1
    budget.elements(parts if limit < 0 else min(parts, limit))
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    characters = list(text) or [text]
    return characters if limit < 0 or limit >= len(text) else [*characters[: limit - 1], text[limit - 1 :]]


@_declare(".join", LIST, TEXT, required=1)
def _join(budget: Budget, parts: list[Any], separator: str = "") -> str:
    budget.elements(len(parts))
    if any(type(part) is not str for part in parts):
        raise Fault("join(…) takes a list of texts. Make them so first, as in items.map(i, string(i)).join(', ').")
    budget.text(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


@_declare(".reverse", (str, list))
def _reverse(budget: Budget, value: str | list[Any]) -> str | list[Any]:
    if isinstance(value, str):
        budget.text(len(value))
    else:
        budget.elements(len(value))
    return value[::-1]


@_declare("strings.quote", TEXT)
def _quote(budget: Budget, text: str) -> str:
    budget.read(len(text) * 8)
    budget.text(len(text) * 2)
    return f'"{text.translate(_QUOTED)}"'


@_declare("base64.encode", (bytes, str))
def _encode(budget: Budget, value: bytes | str) -> str:
    budget.text(len(value) * 2)
    return base64.b64encode(value.encode("utf-8", "replace") if isinstance(value, str) else value).decode()


@_declare("base64.decode", TEXT)
def _decode(budget: Budget, text: str) -> bytes:
    budget.text(len(text))
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Fault("This is no base64 text.") from None


@_declare("size", ANY)
@_declare(".size", ANY)
def _size(_: Budget, value: Any) -> int:
    if type(value) not in {str, bytes, list, dict}:
        raise Fault("size(…) takes text, bytes, a list or an object.")
    return len(value)


def _search(budget: Budget, text: str, part: str) -> None:
    """Pays for looking for ``part``. In short texts, Python does so in quadratic time."""
    budget.read(len(text))
    if len(text) < _SHORT:
        budget.spend(len(text) * min(len(part), len(text), _LONG_PART) >> 10)


def _within(place: int, last: int) -> None:
    if not 0 <= place <= last:
        raise Fault("The place is outside of the text.")


FUNCTIONS = _declare.functions
