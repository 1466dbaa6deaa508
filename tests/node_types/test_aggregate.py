"""Rows of counts, sums and the like, made of a list's items by groups."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena.node_types.aggregate import Aggregate
from tests.node_types.calling import Expressions, failure, output, refusal

KIND = Aggregate()
ORDERS: list[dict[str, Any]] = [
    {"country": "PT", "total": 10, "customer": "ada"},
    {"country": "DE", "total": 2.5, "customer": "bob"},
    {"country": "PT", "total": None, "customer": "ada"},
    {"country": "PT", "total": 30, "customer": "eve"},
]


def computed(operation: str, items: list[Any], of: str | None = "n") -> Any:
    """What one operation makes of all items."""
    entry = {"name": "x", "operation": operation} | ({} if of is None else {"of": of})
    [row] = output(KIND, {"operations": [entry]}, items)
    return row["x"]


def numbers(*values: Any) -> list[Any]:
    return [{"n": value} for value in values]


def test_items_become_a_row_for_each_group_in_order() -> None:
    data = {
        "group_by": [{"name": "where", "by": "country"}],
        "operations": [
            {"name": "orders", "operation": "count"},
            {"name": "total", "operation": "sum", "of": "total"},
            {"name": "customers", "operation": "unique", "of": "customer"},
        ],
    }
    assert output(KIND, data, ORDERS) == [
        {"where": "PT", "orders": 3, "total": 40, "customers": ["ada", "eve"]},
        {"where": "DE", "orders": 1, "total": 2.5, "customers": ["bob"]},
    ]
    assert output(KIND, data, []) == []


def test_groups_and_values_are_expressions_too() -> None:
    expressions: Expressions = {
        "{{ item.total > 5 }}": lambda names: (names["item"]["total"] or 0) > 5,
        "{{ item.total * 2 }}": lambda names: (names["item"]["total"] or 0) * 2,
    }
    data = {
        "group_by": [{"name": "large", "by": "{{ item.total > 5 }}"}, {"name": "country", "by": "country"}],
        "operations": [{"name": "double", "operation": "sum", "of": "{{ item.total * 2 }}"}],
    }
    assert output(KIND, data, ORDERS, expressions) == [
        {"large": True, "country": "PT", "double": 80},
        {"large": False, "country": "DE", "double": 5.0},
        {"large": False, "country": "PT", "double": 0},
    ]


@pytest.mark.parametrize(
    ("operation", "expected", "of_nothing"),
    [
        ("count", 4, 0),
        ("sum", 9, 0),
        ("avg", 2.25, None),
        ("min", 1, None),
        ("max", 4, None),
        ("list", [3, None, 1, 1.0, 4], []),
        ("first", 3, None),
        ("last", 4, None),
        ("unique", [3, None, 1, 4], []),
    ],
)
def test_each_operation(operation: str, expected: Any, of_nothing: Any) -> None:
    assert computed(operation, numbers(3, None, 1, 1.0, 4)) == expected
    assert computed(operation, []) == of_nothing


def test_items_are_counted_whatever_they_are() -> None:
    assert computed("count", [None, 1, {}], of=None) == 3


def test_the_smallest_is_that_of_the_order_of_sorting() -> None:
    mixed = numbers("b", 7, None, "a", True)
    assert (computed("min", mixed), computed("max", mixed)) == (7, True)


@settings(max_examples=60)
@given(st.lists(st.integers(-1000, 1000) | st.none()))
def test_a_sum_of_whole_numbers_is_a_whole_number(values: list[int | None]) -> None:
    total = computed("sum", numbers(*values))
    assert type(total) is int
    assert total == sum(value or 0 for value in values)


@settings(max_examples=60)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.randoms())
def test_a_sum_does_not_depend_on_the_order(values: list[float], random: Any) -> None:
    mixed = list(values)
    random.shuffle(mixed)
    assert computed("sum", numbers(*values)) == computed("sum", numbers(*mixed)) == math.fsum(values)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([1, "a", None, True]), st.integers(-9, 9)), max_size=9))
def test_the_groups_sums_add_up_to_the_whole(pairs: list[tuple[Any, int]]) -> None:
    items = [{"group": group, "n": value} for group, value in pairs]
    operations = [{"name": "n", "operation": "sum", "of": "n"}, {"name": "items", "operation": "list"}]
    rows = output(KIND, {"group_by": [{"name": "g", "by": "group"}], "operations": operations}, items)
    assert sum(row["n"] for row in rows) == sum(value for _, value in pairs)
    assert sum(len(row["items"]) for row in rows) == len(items)
    assert all(item["group"] is row["g"] for row in rows for item in row["items"])


@pytest.mark.parametrize(("value", "kind"), [("7", "a text"), (True, "true or false"), ([1], "a list")])
@pytest.mark.parametrize("operation", ["sum", "avg"])
def test_only_numbers_are_added(operation: str, value: Any, kind: str) -> None:
    data = {"operations": [{"name": "total", "operation": operation, "of": "n"}]}
    assert failure(KIND, data, numbers(1, value)) == (
        "wrong_input",
        f"total: of item 1 there is {kind}, not a number.",
    )


@pytest.mark.parametrize("values", [(2**62, 2**62), (1e308, 1e308), (-(2**63), -1)])
def test_a_sum_that_is_too_large_is_an_error(values: tuple[Any, ...]) -> None:
    data = {"operations": [{"name": "total", "operation": "sum", "of": "n"}]}
    assert failure(KIND, data, numbers(*values))[0] == "number_too_large"


def test_each_field_of_a_row_has_one_name() -> None:
    operations = [{"name": "a", "operation": "count"}, {"name": "b", "operation": "count"}]
    assert KIND.check({"operations": operations}) == []
    data = {"group_by": [{"name": "b", "by": "country"}], "operations": operations}
    assert refusal(KIND, data) == ("operations.1.name", "Each row has another field b.")
    assert refusal(KIND, {"operations": []})[0] == "operations"
    assert refusal(KIND, {"operations": [{"name": "a", "operation": "median"}]})[0] == "operations.0.operation"
