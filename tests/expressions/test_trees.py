"""JSON that holds texts with expressions, as a node's configuration does."""

from __future__ import annotations

from typing import Any

import pytest

from athena.expressions import ExpressionError, Problem, find_problems, references, render

TREE: dict[str, Any] = {
    "url": "https://example.com/{{ trigger.id }}",
    "{{ key }}": True,
    "headers": [{"name": "X", "value": "{{ secrets.KEY }}"}, {"name": "Y", "value": r"\{{ }}"}],
    "body": "{{ trigger }}",
    "retries": 3,
    "none": None,
}
SCOPE: dict[str, Any] = {"trigger": {"id": 7}, "secrets": {"KEY": "k"}}


def test_every_text_is_rendered_and_everything_else_stays() -> None:
    assert render(TREE, SCOPE) == {
        "url": "https://example.com/7",
        "{{ key }}": True,
        "headers": [{"name": "X", "value": "k"}, {"name": "Y", "value": "{{ }}"}],
        "body": {"id": 7},
        "retries": 3,
        "none": None,
    }
    assert render("{{ trigger.id }}", SCOPE) == 7


def test_an_error_has_the_path_to_its_text() -> None:
    with pytest.raises(ExpressionError) as failed:
        render({"a": [{"b": "x"}, {"b": "x {{ trigger.nope }}"}]}, SCOPE)
    assert failed.value.path == "a.1.b"
    assert failed.value.position == 12


def test_all_problems_are_found_at_once() -> None:
    tree = {"a": "{{ 1 + }}", "b": ["{{ nosuch }}", "{{ trigger }}"], "c": {"d": "{{ trigger.x("}}
    problems = find_problems(tree, frozenset({"trigger"}))
    assert [(each.path, each.position) for each in problems] == [("a", 7), ("b.0", 3), ("c.d", 0)]
    assert find_problems("{{", frozenset()) == [Problem("", 0, problems[-1].message)]
    assert not find_problems(TREE, frozenset(SCOPE))


def test_references_are_those_of_all_texts() -> None:
    assert references(TREE, frozenset(SCOPE)) == {("trigger", "id"), ("secrets", "KEY"), ("trigger",)}


def test_all_texts_of_a_tree_share_one_budget() -> None:
    text = "{{ lists.range(200000).size() }}"
    assert render([text] * 3, {}) == [200_000] * 3
    with pytest.raises(ExpressionError, match="too much computing"):
        render([text] * 10, {})


def test_a_tree_is_at_most_64_deep() -> None:
    tree: Any = "{{ 1 }}"
    for _ in range(64):
        tree = [tree]
    assert render(tree, {}) != tree
    with pytest.raises(ExpressionError, match="64 deep"):
        render([tree], {})
    assert find_problems(["{{", [[tree]]], frozenset())
