"""What is too long for a result is cut so that the rest can still be read."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import orjson
from hypothesis import given

from athena.tools.base import ToolResult
from athena.tools.results import failure, json_result, within

LIMIT = 256
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
VALUES = st.recursive(
    st.none() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(TEXT, inner, max_size=8),
    max_leaves=30,
)


def test_what_fits_stays_as_it_is() -> None:
    result = json_result({"a": [1, "é"]}, details={"status": 200})
    assert (result.content, result.data) == ('{"a":[1,"é"]}', {"a": [1, "é"]})
    assert within(result, LIMIT) == result


def test_text_loses_its_end_and_no_half_character_stays() -> None:
    result = within(ToolResult("é" * 200), LIMIT + 1)
    assert result.content == f"{'é' * 128}\n[Cut: this had 400 bytes, of which 257 may be shown.]"
    assert result.details["cut"] == {"bytes": 400, "limit": 257}


def test_long_lists_and_texts_end_earlier_and_say_how_much_is_missing() -> None:
    data = within(json_result({"rows": [{"id": number, "text": "x" * 900} for number in range(900)]}), 1_000).data
    assert data["rows"][0]["id"] == 0
    assert data["rows"][0]["text"].startswith("x")
    assert data["rows"][0]["text"].endswith("…")
    kept = len(data["rows"]) - 1
    assert data["rows"][-1] == f"… {900 - kept:,} more"


def test_deep_nesting_ends() -> None:
    value: Any = "x" * 300
    for _ in range(200):
        value = [value]
    assert within(json_result(value), LIMIT).content.startswith("[[[[")


def test_a_failure_says_what_is_not_known() -> None:
    assert failure("timeout", "Too long.", unknown=True).content == (
        "Error (timeout): Too long. It is not known whether it took effect."
    )


@given(value=VALUES)
def test_any_json_stays_json_within_its_limit_and_can_be_stored(value: Any) -> None:
    result = within(json_result(value), LIMIT)
    content = result.content.partition("\n[Cut: ")[0] if "cut" in result.details else result.content
    assert len(content.encode()) <= LIMIT
    assert len(orjson.dumps(result.data)) <= LIMIT
    # Of what cannot be shortened otherwise, nothing but a mark is left.
    read = content if isinstance(result.data, str) else orjson.loads(content)
    assert read == result.data
    assert "\0" not in str(read)
    assert b"\\u0000" not in orjson.dumps(result.data).replace(b"\\\\", b"")


@given(text=TEXT, value=VALUES)
def test_text_and_data_are_limited_each_by_itself(text: str, value: Any) -> None:
    result = within(ToolResult(text, value), LIMIT)
    assert len(result.content.partition("\n[Cut: ")[0].encode()) <= LIMIT
    assert len(orjson.dumps(result.data)) <= LIMIT
