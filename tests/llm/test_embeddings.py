"""Embeddings over the wire: what is asked, and what is made of any answer."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.llm import embeddings
from athena.llm.errors import ModelError
from athena.llm.types import Dialect, ModelEndpoint


def endpoint(dialect: Dialect) -> ModelEndpoint:
    return ModelEndpoint(dialect=dialect, base_url="https://example.com/v1", headers={}, timeout=5)


def test_openai_is_asked_for_all_texts_at_once() -> None:
    call = embeddings.call(endpoint(Dialect.OPENAI_CHAT), "m", ["a", "b"], 384)
    assert (call.method, call.url) == ("POST", "https://example.com/v1/embeddings")
    assert json.loads(call.body or b"") == {
        "model": "m",
        "input": ["a", "b"],
        "encoding_format": "float",
        "dimensions": 384,
    }
    without = embeddings.call(endpoint(Dialect.OPENAI_CHAT), "m", ["a"], None)
    assert "dimensions" not in json.loads(without.body or b"")


def test_google_is_asked_for_all_texts_at_once() -> None:
    call = embeddings.call(endpoint(Dialect.GOOGLE), "gemini-embedding-001", ["a", "b"], 384)
    assert call.url == "https://example.com/v1/models/gemini-embedding-001:batchEmbedContents"
    assert json.loads(call.body or b"")["requests"][1] == {
        "model": "models/gemini-embedding-001",
        "content": {"parts": [{"text": "b"}]},
        "outputDimensionality": 384,
    }


def test_who_has_no_embeddings_is_not_asked() -> None:
    with pytest.raises(ModelError):
        embeddings.call(endpoint(Dialect.ANTHROPIC), "m", ["a"], None)


def test_vectors_come_in_the_order_of_the_texts_and_have_length_one() -> None:
    data = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]
    body = json.dumps({"data": data}).encode()
    assert embeddings.parse(Dialect.OPENAI_CHAT, body, 2) == ([[0.6, 0.8], [0.0, 1.0]], None)
    google = json.dumps({"embeddings": [{"values": [0, -5]}]}).encode()
    assert embeddings.parse(Dialect.GOOGLE, google, 1) == ([[0.0, -1.0]], None)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [({"prompt_tokens": 5}, 5), ({"prompt_tokens": -1}, None), ({"prompt_tokens": True}, None), ("much", None)],
)
def test_what_was_read_is_as_the_provider_says_if_that_can_be(usage: Any, tokens: int | None) -> None:
    body = json.dumps({"data": [{"embedding": [1]}], "usage": usage}).encode()
    assert embeddings.parse(Dialect.OPENAI_CHAT, body, 1).tokens == tokens


NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5)
ANSWER = st.fixed_dictionaries(
    {"data": st.lists(st.fixed_dictionaries({"embedding": st.lists(NUMBER, max_size=3)}), max_size=3)}
)


@given(ANSWER | st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4))
def test_any_answer_gives_vectors_or_an_error(answer: Any) -> None:
    try:
        vectors, _ = embeddings.parse(Dialect.OPENAI_CHAT, json.dumps(answer).encode(), 2)
    except ModelError:
        return
    assert len(vectors) == 2
    assert len(vectors[0]) == len(vectors[1])
    assert all(math.isclose(math.hypot(*vector), 1, rel_tol=1e-6) for vector in vectors)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": []}', b'{"data": [{"embedding": [0, 0]}]}', b"\xff"])
def test_what_is_no_embedding_is_an_error(body: bytes) -> None:
    with pytest.raises(ModelError):
        embeddings.parse(Dialect.OPENAI_CHAT, body, 1)
