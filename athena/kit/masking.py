"""Hides secrets in what comes back from outside, however they are written there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SHORTEST: Final = 4
"""Characters; a shorter secret cannot be told from what is none."""
JSON_ESCAPES: Final = {'"': '"', "\\": r"\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_PLAIN: Final = re.compile(r"[A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class _Secret:
    shown: str
    plain: str
    """Its longest part that is always written as it is, which is looked for first."""
    text: re.Pattern[str]
    content: re.Pattern[bytes]


class Mask:
    """Puts names in the place of secrets: ``secrets`` maps each to what is shown instead.

    A secret is found as it is, and with any of its characters written as addresses and JSON may write them.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        longest = sorted(secrets.items(), key=lambda pair: -len(pair[0]))
        self._secrets = [_secret(value, shown) for value, shown in longest if len(value) >= SHORTEST]

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def text(self, text: str) -> str:
        """``text`` without any of the secrets."""
        for secret in self._secrets:
            if secret.plain in text:
                text = secret.text.sub(lambda _, shown=secret.shown: shown, text)
        return text

    def content(self, content: bytes) -> bytes:
        """Bytes, whether text in UTF-8 or not, without any of the secrets."""
        for secret in self._secrets:
            if secret.plain.encode() in content:
                content = secret.content.sub(lambda _, shown=secret.shown: shown.encode(), content)
        return content

    def of(self, value: Any) -> Any:
        """A JSON value without any of the secrets, in its texts and in the names of its fields."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.of(key): self.of(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
            case list() | tuple():
                return [self.of(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
            case _:
                return value


def _secret(value: str, shown: str) -> _Secret:
    pattern = "".join(map(_ways, value))
    plain = max(_PLAIN.findall(value), key=len)
    return _Secret(shown, plain, re.compile(pattern), re.compile(pattern.encode("utf-8", "surrogatepass")))


def _ways(character: str) -> str:
    """A pattern for the ways to write a character: as it is, as addresses have it, as JSON has it."""
    if character.isascii() and character.isalnum():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    ways = [
        re.escape(character),
        "".join(f"%(?i:{byte:02x})" for byte in character.encode("utf-8", "surrogatepass")),
        "".join(rf"\\u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2)),
    ]
    if character in JSON_ESCAPES:
        ways.insert(0, rf"\\{JSON_ESCAPES[character]}")
    if character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"
