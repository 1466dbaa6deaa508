"""What texts mean to a provider's model: the request for their vectors, and its answer, by dialect. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec

from athena.llm.dialect import JSON_HEADERS, UNREADABLE, HttpCall, encode
from athena.llm.errors import ErrorKind, ModelError, malformed
from athena.llm.types import Dialect, ModelEndpoint

SPEAKING = frozenset({Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES, Dialect.GOOGLE})
"""The dialects that have a request for vectors."""
MAXIMUM_TOKENS: Final = 2**53


class Embedded(NamedTuple):
    """Vectors of texts, and how many tokens the provider says that it has read; ``None`` where it says nothing."""

    vectors: list[list[float]]
    tokens: int | None


class _Embedding(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _OpenAi(msgspec.Struct):
    data: list[_Embedding]
    usage: Any = None


class _Values(msgspec.Struct):
    values: list[float]


class _Google(msgspec.Struct):
    embeddings: list[_Values]


_read_openai = msgspec.json.Decoder(_OpenAi).decode
_read_google = msgspec.json.Decoder(_Google).decode


def call(endpoint: ModelEndpoint, model: str, texts: Sequence[str], dimensions: int | None) -> HttpCall:
    """The request for the vectors of ``texts``, of ``dimensions`` numbers each where the model has a choice."""
    if endpoint.dialect not in SPEAKING:
        raise ModelError(ErrorKind.INVALID_REQUEST, "The provider has no embeddings.")
    if endpoint.dialect is Dialect.GOOGLE:
        name = f"models/{model.removeprefix('models/')}"
        size = {} if dimensions is None else {"outputDimensionality": dimensions}
        requests = [{"model": name, "content": {"parts": [{"text": text}]}, **size} for text in texts]
        return HttpCall(
            "POST", endpoint.url(f"/{name}:batchEmbedContents"), JSON_HEADERS, encode({"requests": requests}, {})
        )
    body = {"model": model, "input": list(texts), "encoding_format": "float", "dimensions": dimensions}
    return HttpCall("POST", endpoint.url("/embeddings"), JSON_HEADERS, encode(body, {}))


def parse(dialect: Dialect, body: bytes, count: int) -> Embedded:
    """The vectors of ``count`` texts, in their order, each of length 1 and all of the same size.

    :class:`ModelError` when the answer is anything else.
    """
    tokens = None
    try:
        if dialect is Dialect.GOOGLE:
            found = [each.values for each in _read_google(body).embeddings]
        else:
            answer = _read_openai(body)
            data, tokens = answer.data, _tokens(answer.usage)
            places = [number if each.index is None else each.index for number, each in enumerate(data)]
            found = [each.embedding for _, each in sorted(zip(places, data, strict=True), key=lambda pair: pair[0])]
    except UNREADABLE:
        raise malformed("the embeddings are not the expected JSON") from None
    if len(found) != count or len({len(vector) for vector in found}) != 1:
        raise malformed("there is not one embedding of the same size for each text")
    return Embedded([_normal(vector) for vector in found], tokens)


def _tokens(usage: Any) -> int | None:
    """What a provider says of it, if that can be so."""
    told = cast("dict[str, Any]", usage).get("prompt_tokens") if isinstance(usage, dict) else None
    return told if type(told) is int and 0 <= told <= MAXIMUM_TOKENS else None


def _normal(vector: list[float]) -> list[float]:
    length = math.hypot(*vector)
    if not 0 < length < math.inf:
        raise malformed("an embedding has no direction")
    return [value / length for value in vector]
