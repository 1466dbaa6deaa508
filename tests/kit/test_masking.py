"""Secrets are hidden however an answer writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.kit.masking import SHORTEST, Mask


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def in_readable_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def in_php_s_json(text: str) -> str:
    return in_json(text).replace("/", "\\/")


def in_a_path(text: str) -> str:
    return quote(text, safe="")


WRITERS: list[Callable[[str], str]] = [
    str,
    quote,
    quote_plus,
    in_a_path,
    in_json,
    in_readable_json,
    in_php_s_json,
]
SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=SHORTEST, max_size=20).filter(
    # What is hidden in these is told by what stands around it.
    lambda text: not set(text) <= set("[]:secret")
)


@given(SECRETS, st.sampled_from(WRITERS))
def test_a_secret_is_hidden_in_each_way_to_write_it(secret: str, write: Callable[[str], str]) -> None:
    mask = Mask({secret: "[hidden]"})
    written = write(secret)
    assert mask.text(f"<{written}>") == "<[hidden]>"
    assert mask.content(f"<{written}>".encode()) == b"<[hidden]>"


def test_the_longer_of_two_secrets_is_hidden_first() -> None:
    mask = Mask({"abcd": "[short]", "abcdef": "[long]"})
    assert mask.text("abcd abcdef") == "[short] [long]"


def test_all_texts_of_a_value_are_looked_through() -> None:
    mask = Mask({"s3cret!": "[hidden]"})
    value = {"a s3cret!": ["s3cret%21", 5, None, {"b": "x s3cret! y"}]}
    assert mask.of(value) == {"a [hidden]": ["[hidden]", 5, None, {"b": "x [hidden] y"}]}


@pytest.mark.parametrize("secrets", [{}, {"abc": "[hidden]"}])
def test_without_secrets_that_can_be_told_nothing_is_hidden(secrets: dict[str, str]) -> None:
    mask = Mask(secrets)
    assert not mask
    assert mask.text("abc") == "abc"


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert Mask({"s3cret!": "[hidden]"}).content(b"\xff s3cret! \xfe") == b"\xff [hidden] \xfe"
