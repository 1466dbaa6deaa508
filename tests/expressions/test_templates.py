"""Texts with expressions: what is one, what comes of it, and where its faults are."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.expressions import ExpressionError, compile_text
from athena.expressions.places import MAXIMUM_EXPRESSIONS, MAXIMUM_TEXT
from tests.expressions.conftest import evaluate, value

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def error_of(text: str, *names: str, scope: dict[str, Any] | None = None) -> ExpressionError:
    with pytest.raises(ExpressionError) as refused:
        compile_text(text, frozenset(names)).evaluate(scope or {})
    return refused.value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("null", None),
        ("true", True),
        ("1 + 1", 2),
        ("1.0", 1.0),
        ("2u", 2),
        ("'a'", "a"),
        ("[1, null]", [1, None]),
        ("{'a': [1.5]}", {"a": [1.5]}),
        ("{200: 'ok'}", {"200": "ok"}),
        ("timestamp('2026-03-31T10:30:00+02:00')", "2026-03-31T08:30:00.000Z"),
        ("duration('1m500ms')", 60.5),
        ("b'\\xff'", "/w=="),
        ("input.?missing", None),
        ("type(1)", "int"),
    ],
)
def test_a_text_that_is_one_expression_has_its_value_and_type(expression: str, expected: Any) -> None:
    found = evaluate(f"  {{{{ {expression} }}}}\n", input={})
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {{ 'b' }} c", "a b c"),
        ("{{ 'a' }}{{ 'b' }}", "ab"),
        ("n={{ null }}.", "n=."),
        ("{{ true }}/{{ 1 == 2 }}", "true/false"),
        ("{{ 1 }} {{ 1.0 }} {{ 0.1 }}", "1 1.0 0.1"),
        ("x{{ [1, 'ä', null] }}", 'x[1,"ä",null]'),
        ("x{{ {'a': {'b': 1}} }}", 'x{"a":{"b":1}}'),
        ("at {{ timestamp('2026-03-31T08:30:00Z') }}", "at 2026-03-31T08:30:00.000Z"),
        ("{{ input }} {{ input }}", "{{ 1 }} {{ 1 }}"),
    ],
)
def test_in_longer_texts_values_are_written_out_once(text: str, expected: str) -> None:
    assert evaluate(text, input="{{ 1 }}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\{{ x }}", "{{ x }}"),
        (r"\{{{{ 1 }}", "{{1"),
        (r"a \{{ {{ 1 }} }}", "a {{ 1 }}"),
        ("}} { {", "}} { {"),
        ("{{ '}}' }}", "}}"),
        ('{{ "}}" + "{{" }}', "}}{{"),
        (r"{{ '\'}}' }}", "'}}"),
        (r"{{ R'\}}' + 'b' }}", r"\}}b"),
        ('{{ """a"}}\n""" }}', 'a"}}\n'),
        ("{{ '''it's }}''' }}", "it's }}"),
        (r"{{ r'''\}}''' }}", r"\}}"),
        ("{{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("{{{'a': {}}}}", {"a": {}}),
        ("{{ input.`a b` }}", 7),
        ("{{ 1 // don't }}", 1),
        ("{{ 1 // it's {\n + 1 }}", 2),
        ("{{ b'}}' }}", "fX0="),
    ],
)
def test_braces_and_quotes_inside_of_an_expression_do_not_end_it(text: str, expected: Any) -> None:
    assert evaluate(text, input={"a b": 7}) == expected


def test_what_a_template_tells_of_itself() -> None:
    assert compile_text("{{ 1 }}", frozenset()).has_expression
    assert not compile_text(r"\{{ 1 }}", frozenset()).has_expression
    assert compile_text("{{ 1 }}", frozenset()) is compile_text("{{ 1 }}", frozenset())
    assert compile_text("{{ 1 }}", frozenset()) is not compile_text("{{ 1 }}", frozenset({"a"}))


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("ab {{ ", 3, "has no '}}'"),
        ("{{ 'a }}", 3, "a text without its end"),
        ("{{ }}", 2, "no expression"),
        ("a {{ 1 } }}", 7, "closes nothing"),
        ("{{ 1 + }}", 7, "ends before it is complete"),
        ("é😀 {{ 1 + + 2 }}", 10, "Unexpected '+'"),
        ("{{ 1 +\n\n  * 2 }}", 10, "Unexpected '*'"),
        ("{{ a }} {{ b.c }}", 11, "no 'b' here, but a"),
        ("{{ a.map(x, y) }}", 12, "no 'y' here"),
        ("{{ nosuch(1) }}", 9, "no function 'nosuch'"),
        ("{{ a.nosuch(1) }}", 11, "no function 'nosuch'"),
        ("{{ a.trim(1) }}", 9, "too few or too many"),
        ("{{ upper(a) }}", 8, "x.upper(…)"),
        ("{{ a.json() }}", 9, "json(x)"),
        ("{{ default(a) }}", 10, "what stands in"),
        ("{{ has(a) }}", 7, "field selection"),
        ("{{ Thing{x: 1} }}", 3, "no type before them"),
        ("{{ 9999999999999999999 }}", 3, "int literal"),
        ("{{ $json.x }}", 3, "does not know"),
        ("{{ a.optMap(x, x) }}", 5, "no optMap"),
        ("{{ '\ud800' }}", 4, "half a character"),
    ],
)
def test_a_fault_is_found_when_the_text_is_compiled(text: str, position: int, message: str) -> None:
    error = error_of(text, "a", scope={"a": 1})
    assert message in error.message
    assert error.position == position


@pytest.mark.parametrize(
    ("text", "position", "expression"),
    [
        ("ok {{ 1 }} {{ a.b.c }}", 15, "a.b.c"),
        ("{{ 1 + a.x.nope }}", 10, "1 + a.x.nope"),
        ("{{ a.x + 'b' }}", 7, "a.x + 'b'"),
        ("{{ [1].map(i, i / 0) }}", 16, "[1].map(i, i / 0)"),
        ("{{ a.x.contains('b') }}", 15, "a.x.contains('b')"),
    ],
)
def test_a_fault_of_the_evaluation_says_where(text: str, position: int, expression: str) -> None:
    error = error_of(text, "a", scope={"a": {"x": {"y": 1}}})
    assert error.position == position
    assert error.expression == expression


@pytest.mark.parametrize(
    "expression",
    [
        "secrets.KEY + 1",
        "secrets.KEY.part",
        "{}[secrets.KEY]",
        "int(secrets.KEY)",
        "timestamp(secrets.KEY)",
        "'x'.matches(secrets.KEY)",
        "json(secrets.KEY)",
        "timestamp(0).getHours(secrets.KEY)",
        "secrets.KEY.format([])",
        "[1].map(x, secrets)[secrets.KEY]",
        "secrets ? 1 : 2",
    ],
)
def test_an_error_shows_nothing_of_the_data(expression: str) -> None:
    error = error_of(f"{{{{ {expression} }}}}", "secrets", scope={"secrets": {"KEY": "[hunter2 %q"}})
    assert "hunter2" not in "".join(traceback.format_exception(error))
    assert "hunter2" not in f"{error.args} {error.message} {error.expression}"


def test_a_name_may_be_allowed_and_yet_have_no_value() -> None:
    assert "'item' has no value here" in error_of("{{ item.x }}", "item").message
    assert compile_text("{{ default(item.x, 1) }}", frozenset({"item"})).evaluate({}) == 1


def test_texts_and_their_expressions_are_bounded() -> None:
    assert value("'" + "x" * (MAXIMUM_TEXT - 8) + "'") == "x" * (MAXIMUM_TEXT - 8)
    assert "10,000 characters" in error_of("{{ 1 }}" + "x" * MAXIMUM_TEXT).message
    assert compile_text("x" * (MAXIMUM_TEXT + 1), frozenset()).evaluate({}) == "x" * (MAXIMUM_TEXT + 1)
    assert evaluate("{{1}}" * MAXIMUM_EXPRESSIONS) == "1" * MAXIMUM_EXPRESSIONS
    assert "at most 100 expressions" in error_of("{{1}}" * (MAXIMUM_EXPRESSIONS + 1)).message


def test_a_value_that_is_only_named_is_not_copied() -> None:
    output = {"items": [{"x": 1}]}
    assert value("nodes.a.output", nodes={"a": {"output": output}}) is output


@given(TEXT.filter(lambda text: "{{" not in text))
def test_a_text_without_braces_stays_as_it_is(text: str) -> None:
    assert evaluate(text) == text


@given(JSON)
def test_any_value_goes_through_unchanged(given_value: Any) -> None:
    assert value("input", input=given_value) == given_value
    made = value("[input][0]", input=given_value)
    assert made == given_value
    assert value("json(to_json([input]))", input=given_value) == [given_value]
    assert value("input == json(to_json(input))", input=given_value) is True


@given(TEXT, st.text(st.sampled_from(list("a.[]{}()'\"\\`/?:+-!&|<>=,0 \n{}}r_é")), max_size=25), TEXT)
def test_whatever_is_written_the_error_points_into_the_text(before: str, expression: str, after: str) -> None:
    text = f"{before}{{{{{expression}}}}}{after}"
    error: ExpressionError | None = None
    try:
        compile_text(text, frozenset({"a"})).evaluate({"a": {"r": [1]}})
    except ExpressionError as raised:
        error = raised
    assert error is None or (0 <= error.position <= len(text) and error.message)
