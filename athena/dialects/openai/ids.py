"""Ids of this dialect: a word for what it is, and the uuid that it has everywhere else. Pure."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from athena.kit.errors import NotFound

HEX: Final = re.compile(r"[0-9a-f]{32}")
WORDS: Final = {
    "resp_": "response",
    "conv_": "conversation",
    "file-": "file",
    "asst_": "assistant",
    "thread_": "thread",
    "msg_": "message",
    "run_": "run",
    "step_": "step",
}


def id_of(prefix: str, uuid: UUID | str) -> str:
    """Such as ``resp_…``."""
    return prefix + (uuid if isinstance(uuid, UUID) else UUID(uuid)).hex


def uuid_of(prefix: str, text: str) -> UUID:
    """What :func:`id_of` was given; :func:`unknown` for what it cannot have made."""
    digits = text.removeprefix(prefix)
    if digits == text or not HEX.fullmatch(digits):
        raise unknown(prefix, text)
    return UUID(digits)


def unknown(prefix: str, text: str, param: str | None = None) -> NotFound:
    """The error of an id that leads nowhere, or not for this caller."""
    errors = None if param is None else {param: ["It does not exist."]}
    return NotFound(f"There is no {WORDS[prefix]} {text[:100]}.", errors=errors)
