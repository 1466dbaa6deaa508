"""What a text reads is told without evaluating it."""

from __future__ import annotations

import pytest

from athena.expressions import compile_text

NAMES = frozenset({"trigger", "nodes", "variables", "secrets", "item"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no expression", set()),
        ("{{ 1 + size('nodes.a') }}", set()),
        ("{{ nodes.a.output.x }}", {("nodes", "a", "output", "x")}),
        ('{{ nodes["a b"].output }}', {("nodes", "a b", "output")}),
        ("{{ nodes.`a b`.output }}", {("nodes", "a b", "output")}),
        ("{{ secrets.KEY }} {{ trigger }}", {("secrets", "KEY"), ("trigger",)}),
        ("{{ nodes.a.items[0].x }}", {("nodes", "a", "items")}),
        ("{{ nodes[item.id].output }}", {("nodes",), ("item", "id")}),
        ("{{ nodes['a' + 'b'].output }}", {("nodes",)}),
        ("{{ nodes.a[variables.key][secrets.b] }}", {("nodes", "a"), ("variables", "key"), ("secrets", "b")}),
        ("{{ has(nodes.a.x) }}", {("nodes", "a", "x")}),
        ("{{ nodes.?a.x.orValue(item) }}", {("nodes", "a", "x"), ("item",)}),
        ("{{ nodes[?'a'] }}", {("nodes", "a")}),
        ("{{ default(nodes.a.x, variables.y) }}", {("nodes", "a", "x"), ("variables", "y")}),
        ("{{ nodes.a.list.map(item, item.x) }}", {("nodes", "a", "list")}),
        ("{{ item.map(i, i.x + item.y) }}", {("item",), ("item", "y")}),
        ("{{ nodes.a.list.filter(n, n.ok && variables.v) }}", {("nodes", "a", "list"), ("variables", "v")}),
        ("{{ cel.bind(item, nodes.a, item.b) }}", {("nodes", "a")}),
        ("{{ [item.a, {item.b: item.c}] }}", {("item", "a"), ("item", "b"), ("item", "c")}),
        ("{{ item.a ? item.b : -item.c }}", {("item", "a"), ("item", "b"), ("item", "c")}),
        ("{{ (item.a + item.b).c }}", {("item", "a"), ("item", "b")}),
        ("{{ math.abs(item.a) + type(item.b).size() }}", {("item", "a"), ("item", "b")}),
        ("{{ type(item) == string }}", {("item",)}),
    ],
)
def test_names_come_with_their_constant_paths(text: str, found: set[tuple[str, ...]]) -> None:
    assert compile_text(text, NAMES).references == found
