"""The OpenAPI document is made when it is asked for, and once."""

from __future__ import annotations

import asyncio
from typing import Any

from athena.reference import Document


async def test_no_start_waits_for_the_document() -> None:
    made: list[int] = []

    def make() -> dict[str, Any]:
        made.append(1)
        return {"openapi": "3.1.0"}

    document = Document(make)
    assert made == []
    told = await asyncio.gather(*(document.content() for _ in range(3)))
    assert (set(told), made) == ({b'{"openapi":"3.1.0"}'}, [1])
