"""Signs of texts that mean to steer a model: instructions in what should be data, hidden characters, encoded passages,
and images whose address carries something away. Heuristics: they find the usual, not everything. Pure.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from athena.guardrails.matching import Match, Matcher, Tail

Sign = Literal["instructions", "hidden", "encoded", "images"]
SIGNS: Final = get_args(Sign)

REMOVED: Final = "[removed]"
PHRASE_WIDTH: Final = 240
FLAG: Final = "\U0001f3f4"
FLAG_LENGTH: Final = 7
BLOB: Final = 120
BLOB_MOST: Final = 4_000
BLOB_READ: Final = 400
READABLE: Final = 0.9
CARRIED: Final = re.compile(r"[A-Za-z0-9+/=_%-]{32}")


def _phrases() -> str:
    """The expressions of ``phrases.txt``, as one."""
    lines = resources.files("athena.guardrails").joinpath("phrases.txt").read_text("utf-8").splitlines()
    return "|".join(line for line in lines if not line.startswith("# ")).replace(" ", r"\s{1,3}")


class Hidden:
    """Characters that nobody sees: of no width, of tags, that turn the direction of writing, or select variants."""

    _PATTERN = re.compile(
        "[\u200b\u2060-\u2064\ufeff\u180e\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]{1,64}"
        "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,64}|[\u200c\u200d]{3,64}"
    )
    _TAIL = Tail(
        "\U0001f3f4?(?:[\u200b\u2060-\u2064\ufeff\u180e\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]{1,64}"
        "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{1,64}|[\u200c\u200d]{1,64})",
        66,
    )

    def find(self, text: str, start: int) -> Iterator[Match]:
        """See :class:`athena.guardrails.matching.Matcher`."""
        for found in self._PATTERN.finditer(text, start):
            # The flags of England, Scotland and Wales are written with tags.
            is_flag = text[found.start() - 1 : found.start()] == FLAG and len(found[0]) <= FLAG_LENGTH
            yield Match(found.start(), found.end(), "hidden", None if is_flag else "")

    def open(self, text: str) -> int:
        """See :class:`athena.guardrails.matching.Matcher`."""
        return self._TAIL.begin(text)


class Instructions:
    """Words with which models are told to forget what they were told."""

    _PATTERN = re.compile(_phrases(), re.IGNORECASE)

    def find(self, text: str, start: int) -> Iterator[Match]:
        """See :class:`athena.guardrails.matching.Matcher`."""
        for found in self._PATTERN.finditer(text, start):
            yield Match(found.start(), found.end(), "instructions", REMOVED)

    def open(self, text: str) -> int:
        """See :class:`athena.guardrails.matching.Matcher`."""
        return max(0, len(text) - PHRASE_WIDTH)


class Encoded:
    """Long passages in base64 that are text when they are decoded."""

    _PATTERN = re.compile(rf"[A-Za-z0-9+/_-]{{{BLOB},{BLOB_MOST}}}={{0,2}}")
    _TAIL = Tail(rf"[A-Za-z0-9+/_-]{{1,{BLOB_MOST}}}={{0,2}}", BLOB_MOST + 3)

    def find(self, text: str, start: int) -> Iterator[Match]:
        """See :class:`athena.guardrails.matching.Matcher`."""
        for found in self._PATTERN.finditer(text, start):
            yield Match(found.start(), found.end(), "encoded", REMOVED if _is_text(found[0]) else None)

    def open(self, text: str) -> int:
        """See :class:`athena.guardrails.matching.Matcher`."""
        return self._TAIL.begin(text)


class Images:
    """Images in Markdown or HTML that are fetched from an address with something in it, without anybody's click."""

    _PATTERN = re.compile(
        r"!\[[^\]\n]{0,200}\]\([ <]{0,4}(https?://[^\s)>]{1,2000})[^)\n]{0,200}\)"
        r"|<img\b[^>\n]{0,200}?\bsrc\s{0,4}=\s{0,4}[\"']?(https?://[^\s\"'>]{1,2000})[^>\n]{0,200}>",
        re.IGNORECASE,
    )
    _TAIL = Tail(
        r"!(?:\[[^\]\n]{0,200}(?:\](?:\([^)\n]{0,2220})?)?)?|<(?:i(?:m(?:g[^>\n]{0,2440})?)?)?", 2_450, re.IGNORECASE
    )

    def __init__(self, allowed_hosts: Sequence[str]) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_hosts)

    def find(self, text: str, start: int) -> Iterator[Match]:
        """See :class:`athena.guardrails.matching.Matcher`."""
        for found in self._PATTERN.finditer(text, start):
            carries = self._carries(found[1] or found[2])
            yield Match(found.start(), found.end(), "images", REMOVED if carries else None)

    def open(self, text: str) -> int:
        """See :class:`athena.guardrails.matching.Matcher`."""
        return self._TAIL.begin(text)

    def _carries(self, address: str) -> bool:
        """Whether an address may say more than where an image is."""
        try:
            parts = urlsplit(address)
            host = parts.hostname or ""
        except ValueError:
            return True
        return host not in self._allowed and bool(parts.query or CARRIED.search(parts.path) or CARRIED.search(host))


def matchers(signs: Sequence[Sign], allowed_hosts: Sequence[str]) -> list[list[Matcher]]:
    """What finds these signs: first what is hidden, so that it cuts no word in two for what comes after it."""
    visible: dict[str, Matcher] = {
        "instructions": Instructions(),
        "encoded": Encoded(),
        "images": Images(allowed_hosts),
    }
    groups: list[list[Matcher]] = [[Hidden()] if "hidden" in signs else [], [visible[s] for s in visible if s in signs]]
    return [group for group in groups if group]


def _is_text(blob: str) -> bool:
    head = blob[:BLOB_READ].rstrip("=")
    head = head[: len(head) // 4 * 4].replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(head, validate=True)
    except binascii.Error:
        return False
    readable = sum(byte in b"\t\n\r" or 0x20 <= byte < 0x7F for byte in decoded)  # noqa: PLR2004 - ASCII
    return readable >= READABLE * len(decoded)
