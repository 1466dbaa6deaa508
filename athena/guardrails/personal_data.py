"""Personal data in texts: found by their shape, and by their check digits where they have some. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from athena.guardrails import check_digits
from athena.guardrails.matching import Match, Matcher, Tail

Kind = Literal["email", "phone", "iban", "credit_card", "ip_address", "national_id"]
KINDS: Final = get_args(Kind)

LABELS: Final[Mapping[str, str]] = {
    "email": "[EMAIL]",
    "phone": "[PHONE]",
    "iban": "[IBAN]",
    "credit_card": "[CARD]",
    "ip_address": "[IP]",
    "national_id": "[ID]",
}

Length = Callable[[str, int, int], int | None]
"""Of a text with a candidate between two places: where it really ends, or ``None`` where it is none."""

DATE: Final = re.compile(r"\d{1,2}[ ./-]\d{1,2}[ ./-]\d{2,4}(?!\d)|\d{4}[ ./-]\d{1,2}[ ./-]\d{1,2}(?!\d)")


@dataclass(frozen=True)
class Shape:
    """What one kind looks like. ``tail`` is what a text may end with that is the beginning of one."""

    pattern: re.Pattern[str]
    tail: Tail
    real: Length


class ShapeMatcher:
    """Finds one kind of personal data by its shapes."""

    def __init__(self, kind: str, shape: Shape) -> None:
        self._kind = kind
        self._shape = shape

    def find(self, text: str, start: int) -> Iterator[Match]:
        """See :class:`athena.guardrails.matching.Matcher`."""
        position = start
        while (candidate := self._shape.pattern.search(text, position)) is not None:
            end = self._shape.real(text, candidate.start(), candidate.end())
            if end is None:
                position = candidate.start() + 1
            else:
                yield Match(candidate.start(), end, self._kind, LABELS[self._kind])
                position = end

    def open(self, text: str) -> int:
        """See :class:`athena.guardrails.matching.Matcher`."""
        return self._shape.tail.begin(text)


def matchers(kinds: list[Kind]) -> list[Matcher]:
    """What finds these kinds."""
    return [ShapeMatcher(kind, shape) for kind in dict.fromkeys(kinds) for shape in SHAPES[kind]]


def _whole(_text: str, _start: int, end: int) -> int:
    return end


def _phone(text: str, start: int, end: int) -> int | None:
    """Dates look like numbers of the fixed network."""
    return None if DATE.match(text, start) else end


def _card(text: str, start: int, _end: int) -> int | None:
    """The longest number of a card's length whose digits end here, and add up."""
    digits, cuts = "", list[tuple[int, int]]()
    position = start
    while position < len(text) and len(digits) < check_digits.LONGEST_CARD:
        if text[position].isdigit():
            digits += text[position]
        elif text[position] not in " -" or text[position - 1] in " -":
            break
        position += 1
        if text[position - 1].isdigit() and not text[position : position + 1].isalnum():
            cuts.append((len(digits), position))
    found = (position for count, position in reversed(cuts) if check_digits.is_card(digits[:count]))
    return next(found, None)


def _iban(text: str, start: int, end: int) -> int | None:
    """As long as its country's are."""
    length = check_digits.IBAN_LENGTHS.get(text[start : start + 2])
    if length is None:
        return None
    position, found = start, ""
    while position < end and len(found) < length:
        if text[position] != " ":
            found += text[position]
        position += 1
    if text[position : position + 1].isalnum():
        return None
    return position if len(found) == length and check_digits.is_iban(found) else None


def _address(text: str, start: int, end: int) -> int | None:
    try:
        ipaddress.ip_address(text[start:end])
    except ValueError:
        return None
    return end


def _checked(check: Callable[[str], bool]) -> Length:
    def real(text: str, start: int, end: int) -> int | None:
        return end if check(re.sub(r"[ .-]", "", text[start:end]).upper()) else None

    return real


def _shape(pattern: str, tail: str, width: int, real: Length = _whole) -> Shape:
    flags = re.ASCII
    return Shape(re.compile(pattern, flags), Tail(tail, width, flags), real)


_DIGITS: Final = r"[\d ().+/-]{1,64}"

SHAPES: Final[Mapping[str, tuple[Shape, ...]]] = {
    "email": (
        Shape(
            re.compile(r"[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[^\W\d_]{2,24}(?!\w)"),
            Tail(r"[\w.%+-]{1,64}(?:@[\w.-]{0,344})?", 410),
            _whole,
        ),
    ),
    "phone": (
        _shape(r"\+\d{1,3}(?:[ .()/-]{0,2}\d){6,12}(?!\w)", _DIGITS, 64),
        _shape(
            r"(?:\(0[1-9]\d{0,4}\)|(?<![\w+.,/-])0[1-9]\d{0,4})[ /.-]{1,2}\d(?:[ .-]?\d){4,9}(?!\w)",
            _DIGITS,
            64,
            _phone,
        ),
        _shape(r"(?:\(\d{3}\) ?|(?<![\w.-])\d{3}[ .-])\d{3}[ .-]\d{4}(?!\w)", _DIGITS, 64),
    ),
    "iban": (
        _shape(
            r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}",
            r"(?<!\w)[A-Z](?:[A-Z](?:\d(?:\d(?: ?[A-Z0-9]){0,30} ?)?)?)?",
            66,
            _iban,
        ),
    ),
    "credit_card": (_shape(r"(?<!\w)[2-6]\d(?:[ -]?\d){10}", r"\d(?:[ -]?\d){0,24}[ -]?", 50, _card),),
    "ip_address": (
        _shape(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\w)", r"[\d.]{1,17}", 17, _address),
        _shape(
            r"(?<![\w:.])[0-9A-Fa-f][0-9A-Fa-f:]{1,38}(?::\d{1,3}(?:\.\d{1,3}){3})?(?![\w:]|\.\w)",
            r"[0-9A-Fa-f:.]{1,60}",
            60,
            _address,
        ),
    ),
    "national_id": (
        _shape(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", r"[\d-]{1,11}", 11),
        _shape(
            r"(?<!\w)(?![DFIQUV])[A-Z](?![DFIOQUV])[A-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)",
            r"(?<!\w)[A-Z](?:[A-Z](?: ?\d){0,6} ?[A-D]?)?",
            16,
        ),
        _shape(
            r"(?<!\w)[0-9XYZ]-?\d{7}-?[A-Z](?!\w)",
            r"(?<!\w)[0-9XYZ](?:-?\d{0,7})-?[A-Z]?",
            12,
            _checked(check_digits.is_dni),
        ),
        _shape(
            r"(?<!\w)[12](?: ?\d){2}(?: ?\d[\dAB]){2}(?: ?\d){8}(?!\w)",
            r"(?<!\w)[12](?: ?[\dAB]){0,14} ?",
            32,
            _checked(check_digits.is_nir),
        ),
        _shape(
            r"(?<!\w)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)",
            r"(?<!\w)[\d.-]{1,14}",
            14,
            _checked(check_digits.is_cpf),
        ),
    ),
}
