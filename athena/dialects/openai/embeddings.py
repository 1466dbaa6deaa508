"""Embeddings: by the workspace's embedding model, or the packaged one."""

from __future__ import annotations

import asyncio
import base64
import struct
from collections.abc import Sequence
from typing import Any, Final

from athena.budgets.spending import Spender, check
from athena.dialects.named import ModelNotFound
from athena.dialects.openai.schemas import EmbeddingRequest
from athena.embeddings import MODEL, EmbeddingsUnavailable
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import Unavailable, ValidationFailed
from athena.llm import tokens
from athena.memories.spaces import LOCAL, Meanings, NothingLeft, Space

WITHIN: Final = 60.0
"""Seconds."""
SLICE: Final = 32
"""Texts that are embedded in one go."""


async def embeddings(session: Session, access: Access, given: EmbeddingRequest) -> dict[str, Any]:
    """The vectors of ``given``'s texts, each of length 1, as this dialect lists them."""
    spender = Spender.of(access)
    await check(session, spender)
    space = await _space(session, access, given.model)
    await session.commit()
    try:
        vectors = await _vectors(session, spender, space, given.texts)
    except NothingLeft as nothing:
        raise nothing.error from nothing
    except EmbeddingsUnavailable as error:
        raise Unavailable(f"The texts could not be embedded: {error}.", code="embeddings_unavailable") from error
    if given.dimensions is not None and given.dimensions != len(vectors[0]):
        raise ValidationFailed.of("dimensions", f"This model's embeddings have {len(vectors[0])} numbers.")
    shown = [_shown(vector, as_text=given.encoding_format == "base64") for vector in vectors]
    count = sum(map(tokens.estimate, given.texts))
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": index, "embedding": each} for index, each in enumerate(shown)],
        "model": given.model,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


async def _vectors(session: Session, spender: Spender, space: Space, texts: Sequence[str]) -> list[list[float]]:
    """Slice by slice, after those whose search waits for its meaning: many texts of one caller hold nobody up."""
    meanings, vectors = session.provided(Meanings), list[list[float]]()
    until = asyncio.get_running_loop().time() + WITHIN
    for begin in range(0, len(texts), SLICE):
        left = max(0.0, until - asyncio.get_running_loop().time())
        some = texts[begin : begin + SLICE]
        vectors += await meanings.embed(session.database, spender, space, some, within=left, background=True)
    return vectors


async def _space(session: Session, access: Access, model: str) -> Space:
    chosen = (await session.provided(Meanings).choice(session.database, access.workspace_uuid)).searched
    if model == chosen.model:
        return chosen
    if model == MODEL:
        return LOCAL
    known = " and ".join(dict.fromkeys((chosen.model, MODEL)))
    raise ModelNotFound(f"The embedding model {model[:200]} is not one of this workspace, which has {known}.")


def _shown(vector: list[float], *, as_text: bool) -> list[float] | str:
    """As numbers, or as the base64 of 32-bit floats, little-endian."""
    return (
        base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if as_text else [float(x) for x in vector]
    )
