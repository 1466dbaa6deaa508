"""Athena's own secrets: random, recognisable, checked for typing errors, and kept as hashes."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal["personal", "service", "sign_in"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS: dict[TokenKind, str] = {"personal": "p", "service": "s", "sign_in": "i"}
_PREFIX = "ath_"
_RANDOM_BYTES = 32
_RANDOM_DIGITS = 43
_CHECK_DIGITS = 6
_LENGTH = len(_PREFIX) + 1 + _RANDOM_DIGITS + _CHECK_DIGITS


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret just made: ``text`` is shown once, ``digest`` is stored, ``hint`` tells it from others in a list."""

    text: str
    digest: bytes
    hint: str


def new_token(kind: TokenKind) -> NewSecret:
    """A token: ``ath_``, its kind's letter, 256 random bits, a check sum."""
    number = int.from_bytes(secrets.token_bytes(_RANDOM_BYTES), "big")
    body = f"{_PREFIX}{_LETTERS[kind]}{_base62(number, _RANDOM_DIGITS)}"
    text = body + _check(body)
    return NewSecret(text, digest(text), f"{text[:8]}…{text[-4:]}")


def new_secret() -> NewSecret:
    """A secret without a shape, for cookies."""
    text = secrets.token_urlsafe(_RANDOM_BYTES)
    return NewSecret(text, digest(text), "")


def digest(text: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def is_token(text: str) -> bool:
    """Whether ``text`` can be one of Athena's tokens; spares the database what cannot."""
    if len(text) != _LENGTH or not text.startswith(_PREFIX) or not text.isascii():
        return False
    return text[-_CHECK_DIGITS:] == _check(text[:-_CHECK_DIGITS])


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_DIGITS)


def _base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_ALPHABET))
        text = _ALPHABET[digit] + text
    return text
