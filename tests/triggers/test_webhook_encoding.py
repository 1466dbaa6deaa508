"""A body is decompressed to what was compressed, or to nothing."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.kit.errors import MalformedRequest, TooLarge
from athena.triggers.webhook_encoding import decoded


def bare(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


def members(body: bytes) -> bytes:
    half = len(body) // 2
    return gzip.compress(body[:half]) + gzip.compress(body[half:])


WAYS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("X-GZip", members),
    ("deflate", zlib.compress),
    (" Deflate ", bare),
    ("identity", bytes),
]


@given(st.binary(max_size=2_000), st.sampled_from(WAYS))
def test_what_was_compressed_comes_back(body: bytes, way: tuple[str, Callable[[bytes], bytes]]) -> None:
    encoding, compress = way
    assert decoded(encoding, compress(body), 2_000) == body


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["gzip", "deflate"]), st.integers(0, 300))
def test_whatever_comes_is_bytes_within_the_limit_or_refused(body: bytes, encoding: str, limit: int) -> None:
    try:
        found = decoded(encoding, body, limit)
    except (MalformedRequest, TooLarge):
        return
    assert len(found) <= limit


@pytest.mark.parametrize(("encoding", "compress"), WAYS[:4])
def test_no_byte_over_the_limit_and_none_is_missing(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    sent = compress(b"x" * 1_000)
    assert len(decoded(encoding, sent, 1_000)) == 1_000
    with pytest.raises(TooLarge):
        decoded(encoding, sent, 999)
    with pytest.raises(MalformedRequest):
        decoded(encoding, sent[:-1], 1_000)
