"""Ids: UUIDs of version 7 (RFC 9562), made in the program, so that a row's id is known before it is stored."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from datetime import datetime
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)
_RANDOM_BITS = 62
_COUNTER_BITS = 12
_COUNTER_LIMIT = 1 << _COUNTER_BITS

_lock = threading.Lock()
_last: list[int] = [0, 0]


def uuid_at(moment: datetime, seconds: int = 0) -> UUID:
    """The least id of a moment, moved by ``seconds``; ids that were made before it are smaller."""
    milliseconds = int(moment.timestamp() * 1000) + seconds * 1000
    return UUID(int=max(0, min(milliseconds, (1 << 48) - 1)) << 80)


def derived_uuid(parent: UUID, name: str) -> UUID:
    """What is named ``name`` within ``parent``, always the same; a UUID version 7 of the moment that ``parent`` has."""
    digest = int.from_bytes(hashlib.sha256(parent.bytes + name.encode()).digest()[:16], "big")
    mask = (1 << 80) - 1 - ((0xF << 76) | (0b11 << 62))
    return UUID(int=(parent.int >> 80 << 80) | (digest & mask) | _VERSION_AND_VARIANT)


def new_uuid() -> UUID:
    """A new UUID version 7. Within a process each is greater than the one before."""
    now = time.time_ns() // 1_000_000
    with _lock:
        last_ms, counter = _last
        if now > last_ms:
            last_ms, counter = now, int.from_bytes(os.urandom(2), "big") >> 5
        else:
            counter += 1
            if counter == _COUNTER_LIMIT:
                last_ms, counter = last_ms + 1, 0
        _last[:] = [last_ms, counter]
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << _RANDOM_BITS) - 1)
    return UUID(int=(last_ms << 80) | (counter << 64) | tail | _VERSION_AND_VARIANT)
