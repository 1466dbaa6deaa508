"""The names of functions, of which none is like another for a model that has several tools."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from athena.tools.calling import offered
from athena.tools.naming import NAME, function_name

NAMES = st.text("ab_", min_size=1, max_size=3) | st.text("ab-", min_size=60, max_size=64)


def tool(name: str, *functions: str) -> dict[str, Any]:
    return {
        "name": name,
        "functions": [
            {"name": each, "description": f"{each} of {name}", "parameters": {}, "repeatable": False}
            for each in functions
        ],
    }


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Weather", "weather"),
        ("Wetter für heute", "wetter_fur_heute"),
        ("  get/order: #7 ", "get_order_7"),
        ("天気", "tool"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_text_becomes_a_name(text: str, name: str) -> None:
    assert function_name(text) == name


def test_names_stay_as_they_are_where_no_other_tool_has_them() -> None:
    found = offered([tool("Shop", "search", "buy"), tool("Library", "lend")])
    assert [(each.name, each.tool["name"], each.function) for each in found] == [
        ("search", "Shop", "search"),
        ("buy", "Shop", "buy"),
        ("lend", "Library", "lend"),
    ]


def test_where_two_have_the_same_name_that_of_the_tool_stands_before_it() -> None:
    found = offered([tool("Shop", "search", "buy"), tool("Library", "search"), tool("Library", "search")])
    assert [each.name for each in found] == ["shop_search", "buy", "library_search", "library_search_2"]
    assert found[0].description == "search of Shop"


@given(text=st.text(max_size=80))
def test_whatever_the_text_the_name_can_be_used(text: str) -> None:
    assert NAME.fullmatch(function_name(text))


@given(tools=st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=4, unique=True)), max_size=5))
def test_all_are_offered_by_names_that_differ_and_can_be_used(tools: list[tuple[str, list[str]]]) -> None:
    found = offered([tool(name, *functions) for name, functions in tools])
    assert [each.function for each in found] == [function for _, functions in tools for function in functions]
    assert len({each.name for each in found}) == len(found)
    assert all(NAME.fullmatch(each.name) for each in found)
