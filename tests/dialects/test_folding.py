"""What is kept of items as messages is told as the same items again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.dialects.openai.folding import fold, listed, unfold
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


def message(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Messages, and answers that call functions, with their results."""
    items: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            items.append(message(draw(st.sampled_from(["user", "system"])), draw(TEXT)))
            continue
        items.append(message("assistant", draw(TEXT)))
        calls = [f"call_{number}_{nth}" for nth in range(draw(st.integers(0, 2)))]
        items += [{"type": "function_call", "call_id": each, "name": "add", "arguments": draw(TEXT)} for each in calls]
        items += [{"type": "function_call_output", "call_id": each, "output": draw(TEXT)} for each in calls]
    return items


def without_ids(item: dict[str, Any]) -> dict[str, Any]:
    content = [{"type": part["type"], "text": part["text"]} for part in item.get("content", ())]
    plain = {key: value for key, value in item.items() if key not in {"id", "status"}}
    return {**plain, "content": content} if content else plain


@given(conversations())
def test_a_conversation_is_told_as_it_came(items: list[dict[str, Any]]) -> None:
    said: list[dict[str, Any]] = []
    fold(said, items, "input")
    assert {each["role"] for each in said} <= {"user", "system", "assistant"}
    told = [each.item for row in said for each in unfold(new_uuid(), row["role"], row["content"])]
    assert list(map(without_ids, told)) == list(map(without_ids, items))
    assert len({each["id"] for each in told}) == len(told)


@given(conversations(), st.integers(1, 4), st.booleans())
def test_pages_hold_each_item_once(items: list[dict[str, Any]], limit: int, ascending: bool) -> None:
    numbered = [{**each, "id": f"item_{number}"} for number, each in enumerate(items)]
    found: list[Any] = []
    after = None
    while True:
        page = listed(numbered, after=after, limit=limit, ascending=ascending)
        found += page["data"]
        after = page["last_id"]
        if not page["has_more"]:
            break
    assert found == (numbered if ascending else numbered[::-1])


def test_what_was_said_after_the_tools_answered_is_told_after_them() -> None:
    called = [
        {"type": "tool_call", "id": "1", "name": "add", "arguments": "{}"},
        {"type": "tool_result", "tool_call_id": "1", "content": "2"},
    ]
    text = {"type": "text", "text": "2."}
    kinds = ["function_call", "function_call_output", "message"]
    assert [each.item["type"] for each in unfold(new_uuid(), "assistant", [*called, text])] == kinds
    kinds = ["message", "function_call", "function_call_output"]
    assert [each.item["type"] for each in unfold(new_uuid(), "assistant", [text, *called])] == kinds


def test_a_result_that_nothing_calls_for_is_refused() -> None:
    call = {"type": "function_call", "call_id": "1", "name": "add", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "1", "output": "2"}
    for items in ([result], [call, {**result, "call_id": "2"}], [call, result, result]):
        with pytest.raises(ValidationFailed) as caught:
            fold([], items, "input")
        assert list(caught.value.errors or ()) == [f"input.{len(items) - 1}.call_id"]
