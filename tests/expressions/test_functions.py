"""What expressions have besides CEL: a way around what is missing, JSON, all alphabets, and lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.expressions.functions import FUNCTIONS
from tests.expressions.conftest import fault, value

BODY: dict[str, Any] = {"name": "Ada", "nothing": None, "list": [1], "text": "plain"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("default(body.name, 'nobody')", "Ada"),
        ("default(body.missing, 'nobody')", "nobody"),
        ("default(body.missing.deeper[0].x, 'nobody')", "nobody"),
        ("default(body.nothing, 'nobody')", "nobody"),
        ("default(body.nothing.x, 'nobody')", "nobody"),
        ("default(body.list[5], 0)", 0),
        ("default(body['miss' + 'ing'], 0)", 0),
        ("default(body.?missing, 0)", 0),
        ("default(body.?name, 0)", "Ada"),
        ("default(size(body.missing), 0)", 0),
        ("default(default(body.a, body.b), body.name)", "Ada"),
        ("default(body.missing, null)", None),
        ("has(body.name) ? body.name : 'nobody'", "Ada"),
        ("body.?missing.deeper.orValue('nobody')", "nobody"),
        ("body.?missing.or(body.?name).value()", "Ada"),
        ("{'a': 1, ?'b': body.?missing}", {"a": 1}),
    ],
)
def test_what_is_missing_can_have_a_default(expression: str, expected: Any) -> None:
    assert value(expression, body=BODY) == expected


def test_a_default_hides_no_other_mistake() -> None:
    assert "divides by zero" in fault("default(1 / 0, 1)", body=BODY)
    assert "nothing inside of text" in fault("default(body.text.x, 1)", body=BODY)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("json('{\"a\": [1, 2.5, null]}').a[1]", 2.5),
        ("to_json({'a': [1, 'ä']})", '{"a":[1,"ä"]}'),
        ("to_json(null)", "null"),
        ("'ÄÖ'.lower() + 'straße'.upper()", "äöSTRASSE"),
        ("'ÄB'.lowerAscii() + 'äb'.upperAscii()", "ÄbäB"),
        ("[1, 2.5].sum()", 3.5),
        ("[].sum()", 0),
        ("[3, 1, 2.5].sort()", [1, 2.5, 3]),
        ("['b', 'B', 'a'].sort()", ["B", "a", "b"]),
        ("[1, 1.0, '1', true, [2], [2.0]].distinct()", [1, "1", True, [2]]),
        ("['b', 'a', 'b'].distinct()", ["b", "a"]),
        ("[[1], 2, [3, [4]]].flatten()", [1, 2, 3, [4]]),
        ("[1, 2, 3].slice(1, 3)", [2, 3]),
        ("[1, 2].reverse()", [2, 1]),
        ("lists.range(3)", [0, 1, 2]),
        ("lists.range(-1)", []),
        ("base64.encode('user:pass')", "dXNlcjpwYXNz"),
        ("string(base64.decode('w6Q='))", "ä"),
        ("int(true)", 1),
        ("timestamp('2026-07-01T22:30:00Z').getDate('Europe/Berlin')", 2),
    ],
)
def test_functions_that_cel_lacks(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "é😀"])
def test_texts_of_any_kind_are_searched_by_regular_expressions(text: str) -> None:
    assert value("text.matches('^(?s:.)+$')", text=text) is True
    assert value("'x'.matches(text)", text=text) is False


TEXT = st.text(st.sampled_from("ab é"), max_size=12)


@given(TEXT, TEXT)
def test_the_last_place_of_a_text_is_the_one_that_python_finds(text: str, part: str) -> None:
    assert value("text.lastIndexOf(part)", text=text, part=part) == text.rfind(part)


@given(st.lists(st.integers(0, 3) | st.sampled_from(["a", "b"])))
def test_distinct_keeps_the_first_of_each(elements: list[Any]) -> None:
    assert value("elements.distinct()", elements=elements) == list(dict.fromkeys(elements))


@given(st.lists(TEXT), TEXT.filter(bool))
def test_split_undoes_join(parts: list[str], separator: str) -> None:
    joined = separator.join(parts)
    assert value("parts.join(separator)", parts=parts, separator=separator) == joined
    assert value("joined.split(separator)", joined=joined, separator=separator) == joined.split(separator)


def test_every_function_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs" / "expressions.md").read_text("utf-8")
    assert not [name for name in FUNCTIONS if f"{name.removeprefix('.')}(" not in page]
