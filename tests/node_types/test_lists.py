"""Lists: filtered, limited, put in order, and without duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena.node_types.base import NodeFailed
from athena.node_types.deduplicate import Deduplicate
from athena.node_types.filter import Filter
from athena.node_types.limit import Limit
from athena.node_types.lists import MAXIMUM_ITEMS
from athena.node_types.sort import Sort
from athena.node_types.values import key_of
from tests.node_types.calling import Expressions, compute, failure, output, refusal

FILTER, LIMIT, SORT, DEDUPLICATE = Filter(), Limit(), Sort(), Deduplicate()
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(-3, 3), st.sampled_from(["", "a", "A", "b", "10", "9"])
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner))
LARGE = {"condition": "{{ item > 2 }}"}
ABOVE_TWO: Expressions = {"{{ item > 2 }}": lambda names: names["item"] > 2}


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


# -- what is a list ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data"),
    [(FILTER, LARGE), (LIMIT, {"count": 1}), (SORT, {}), (DEDUPLICATE, {})],
    ids=lambda value: getattr(value, "type", None),
)
def test_what_is_no_list_is_named(kind: Any, data: dict[str, Any]) -> None:
    assert failure(kind, data, {"rows": []}) == ("wrong_input", "The input is an object, not a list.")
    assert failure(kind, {**data, "items": None}, []) == ("wrong_input", "items is null, not a list.")
    assert failure(kind, {**data, "items": "[1]"}, []) == ("wrong_input", "items is a text, not a list.")
    assert output(kind, {**data, "items": []}, "no list") == []


def test_a_list_has_a_largest_size() -> None:
    assert len(output(LIMIT, {"count": 1_000_000}, [0] * MAXIMUM_ITEMS)) == MAXIMUM_ITEMS
    code, message = failure(LIMIT, {"count": 1}, [0] * (MAXIMUM_ITEMS + 1))
    assert (code, str(MAXIMUM_ITEMS) in message) == ("too_many_items", True)


def test_a_configuration_says_early_that_it_gives_no_list() -> None:
    path, message = refusal(LIMIT, {"count": 1, "items": 5})
    assert path == "items"
    assert message == "Give a list or an `{{ expression }}`, or leave it out; this is a number."
    assert LIMIT.check({"count": 1, "items": "{{ input.rows }}"}) == []
    assert LIMIT.check({"count": 1}) == []


# -- filter ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 5)))
def test_a_filter_leads_each_item_one_way_in_order(items: list[int]) -> None:
    outputs = compute(FILTER, LARGE, items, ABOVE_TWO).outputs
    assert outputs == {"output": [item for item in items if item > 2], "rest": [item for item in items if item <= 2]}


def test_a_filter_knows_the_place_of_each_item() -> None:
    odd: Expressions = {"{{ index % 2 == 1 }}": lambda names: names["index"] % 2 == 1}
    assert output(FILTER, {"condition": "{{ index % 2 == 1 }}"}, ["a", "b", "c", "d"], odd) == ["b", "d"]


def test_a_filter_takes_true_or_false_alone() -> None:
    given_number: Expressions = {"{{ item > 2 }}": lambda names: names["item"]}
    message = "The condition of item 1 gives a number, not true or false."
    assert failure(FILTER, LARGE, [True, 7], given_number) == ("wrong_condition", message)


def test_an_error_tells_the_item() -> None:
    def fail(names: Mapping[str, Any]) -> bool:
        if names["index"] == 2:
            raise NodeFailed("expression_error", "There is no field total.", expression="item.total > 2")
        return True

    with pytest.raises(NodeFailed) as caught:
        compute(FILTER, LARGE, [1, 2, 3], {"{{ item > 2 }}": fail})
    assert caught.value.error == {
        "code": "expression_error",
        "message": "Item 2: There is no field total.",
        "expression": "item.total > 2",
    }


def test_a_condition_is_an_expression() -> None:
    path, message = refusal(FILTER, {"condition": "item.total > 2"})
    assert path == "condition"
    assert "Give an expression, such as `{{ item.total > 100 }}`." in message


# -- limit -------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers()), st.integers(0, 8))
def test_a_limit_keeps_one_end(items: list[int], count: int) -> None:
    first, last = (output(LIMIT, {"count": count, "keep": keep}, items) for keep in ("first", "last"))
    assert len(first) == len(last) == min(count, len(items))
    assert items[: len(first)] == first
    assert items[len(items) - len(last) :] == last


@pytest.mark.parametrize("count", [-1, 1_000_001, 1.5, "3", True])
def test_a_limit_counts_in_whole_numbers(count: Any) -> None:
    assert refusal(LIMIT, {"count": count})[0] == "count"


# -- sort --------------------------------------------------------------------------------------------------------------


def test_values_of_all_kinds_have_an_order() -> None:
    mixed = ["b", None, {"a": 1}, 2, [2], True, "a", 1.5, False, [1], -1]
    assert output(SORT, {}, mixed) == [-1, 1.5, 2, "a", "b", False, True, [1], [2], {"a": 1}, None]


def test_null_and_what_is_missing_come_last_in_both_directions() -> None:
    items = [{"total": None}, {"total": 1}, {}, {"total": 2}]
    assert output(SORT, {"keys": [{"by": "total"}]}, items) == [{"total": 1}, {"total": 2}, {"total": None}, {}]
    downwards = output(SORT, {"keys": [{"by": "total", "descending": True}]}, items)
    assert downwards == [{"total": 2}, {"total": 1}, {"total": None}, {}]


def test_the_second_key_decides_where_the_first_is_equal() -> None:
    items = [{"country": "PT", "total": 1}, {"country": "DE", "total": 1}, {"country": "DE", "total": 2}]
    keys = [{"by": "country"}, {"by": "{{ item.total }}", "descending": True}]
    ordered = output(SORT, {"keys": keys}, items, {"{{ item.total }}": lambda names: names["item"]["total"]})
    assert ordered == [items[2], items[1], items[0]]


def test_texts_are_ordered_with_or_without_their_case() -> None:
    names = ["bob", "Zoe", "Ada"]
    assert output(SORT, {}, names) == ["Ada", "Zoe", "bob"]
    assert output(SORT, {"keys": [{"ignore_case": True}]}, names) == ["Ada", "bob", "Zoe"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("address.city", "Porto"),
        ("tags.1", "b"),
        ("tags.9", None),
        ("tags.-1", None),
        ("tags.²", None),
        ("tags.99999999999999999999", None),
        ("address.city.x", None),
        ("no.such", None),
    ],
)
def test_a_path_leads_into_objects_and_lists(path: str, found: Any) -> None:
    item = {"address": {"city": "Porto"}, "tags": ["a", "b"]}
    # Of this one each path that leads somewhere gives an earlier text; where none does, the items keep their order.
    other = {"address": {"city": "A"}, "tags": ["a", "a"]}
    ordered = output(SORT, {"keys": [{"by": path}]}, [item, other])
    assert ordered == ([other, item] if found else [item, other])


def test_a_path_is_no_expression_without_braces() -> None:
    path, message = refusal(SORT, {"keys": [{"by": "item.total"}]})
    assert path == "keys.0.by"
    assert "Write `{{ item.total }}` for an expression, or `total` for a path." in message


@settings(max_examples=40)
@given(st.lists(VALUES, max_size=8), st.booleans())
def test_sorting_is_total_and_stable(values: list[Any], descending: bool) -> None:
    items = [{"key": value, "place": place} for place, value in enumerate(values)]
    ordered = output(SORT, {"keys": [{"by": "key", "descending": descending}]}, items)
    assert sorted(item["place"] for item in ordered) == list(range(len(items)))
    known = [item for item in ordered if item["key"] is not None]
    assert ordered[: len(known)] == known
    for one, other in pairwise(known):
        keys = key_of(one["key"]), key_of(other["key"])
        assert keys[0] >= keys[1] if descending else keys[0] <= keys[1]
        assert keys[0] != keys[1] or one["place"] < other["place"]


def test_what_is_nested_too_deeply_has_no_order() -> None:
    assert output(SORT, {}, [nested(100), nested(99)]) == [nested(100), nested(99)]
    for depth in (260, 2_000):
        code, message = failure(SORT, {}, [nested(depth)])
        assert (code, message) == ("wrong_input", "The value is nested too deeply to be compared.")


# -- duplicates --------------------------------------------------------------------------------------------------------


def test_one_of_each_is_kept() -> None:
    items = [{"mail": "a", "n": 1}, {"mail": "b", "n": 2}, {"mail": "a", "n": 3}, {"n": 4}, {"mail": None, "n": 5}]
    first = compute(DEDUPLICATE, {"by": "mail"}, items).outputs
    assert [[item["n"] for item in first[port]] for port in ("output", "duplicates")] == [[1, 2, 4], [3, 5]]
    last = compute(DEDUPLICATE, {"by": "mail", "keep": "last"}, items).outputs
    assert [[item["n"] for item in last[port]] for port in ("output", "duplicates")] == [[2, 3, 5], [1, 4]]


def test_items_are_equal_as_json_is() -> None:
    items = [
        1,
        1.0,
        True,
        "1",
        [1],
        [1.0],
        [True],
        {"a": 1, "b": 2},
        {"b": 2.0, "a": 1},
        10**18,
        1e18,
        [10**18],
        [1e18],
    ]
    kept = output(DEDUPLICATE, {}, items)
    assert kept == [1, True, "1", [1], [True], {"a": 1, "b": 2}, 10**18, [10**18]]


@settings(max_examples=40)
@given(st.lists(VALUES, max_size=8))
def test_duplicates_and_the_kept_are_all_items(items: list[Any]) -> None:
    outputs = compute(DEDUPLICATE, {}, items).outputs
    keys = [key_of(item) for item in items]
    kept, others = ([key_of(item) for item in outputs[port]] for port in ("output", "duplicates"))
    assert kept == list(dict.fromkeys(keys))
    assert sorted([*kept, *others]) == sorted(keys)
