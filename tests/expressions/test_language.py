"""Expressions are CEL: the library's own runtime, which Athena does not use, comes to the same. Where they differ."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_encoders, ext_math, ext_optional, ext_strings
from hypothesis import given
from hypothesis import strategies as st

from athena.expressions import ExpressionError
from athena.expressions.budget import Budget
from athena.expressions.errors import Fault
from athena.expressions.values import to_json
from tests.expressions.conftest import fault, value

DATA: dict[str, Any] = {
    "i": 7,
    "z": 0,
    "d": 2.5,
    "s": "Hello, Wörld",
    "e": "",
    "l": [1, 2, 3],
    "m": {"a": 1, "b c": {"x": None}},
    "t": True,
    "n": None,
    "mix": [1, "a", None, 2.0],
    "neg": -7,
}
CASES = [
    case
    for case in (Path(__file__).parent / "cel.txt").read_text("utf-8").splitlines()
    if case and not case.startswith("#")
]
FAILED = object()


@pytest.fixture(scope="module")
def reference() -> Any:
    extensions = [
        ext_bindings.ExtBindings(),
        ext_encoders.ExtEncoders(),
        ext_math.ExtMath(),
        ext_optional.ExtOptional(),
        ext_strings.ExtStrings(),
    ]
    return cel.NewEnv(variables={"input": cel.Type.DYN}, extensions=extensions)


def of_reference(reference: Any, expression: str) -> Any:
    try:
        found = reference.compile(expression, disable_check=True).eval(data={"input": DATA})
        return FAILED if found.type() == cel.Type.ERROR else to_json(Budget(), plain(found.plain_value()))
    except (RuntimeError, Fault):
        return FAILED


def plain(found: Any) -> Any:
    if isinstance(found, list):
        return [plain(part) for part in found]
    if isinstance(found, dict):
        return {key: plain(part) for key, part in found.items()}
    return bytes(found) if isinstance(found, bytearray) else found


def of_athena(expression: str) -> Any:
    try:
        return value(expression, input=DATA)
    except ExpressionError:
        return FAILED


@pytest.mark.parametrize("expression", CASES)
def test_it_comes_to_the_same_as_in_cel(reference: Any, expression: str) -> None:
    expected = of_reference(reference, expression)
    found = of_athena(expression)
    assert found == expected
    assert type(found) is type(expected)


NUMBERS = st.sampled_from(["0", "1", "-3", "7", "9223372036854775807", "input.i", "input.z", "input.neg"])
WHOLE = st.recursive(
    NUMBERS,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/%"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=5,
)
TRUTH = st.recursive(
    st.sampled_from(["true", "false", "input.t", "input.missing", "has(input.i)", "input.n", "1 in input.l"])
    | st.tuples(WHOLE, st.sampled_from(["==", "!=", "<", ">="]), WHOLE).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]}) ? ({parts[1]}) : ({parts[2]})"),
        st.tuples(st.sampled_from(["all", "exists", "exists_one"]), inner).map(
            lambda parts: f"input.l.{parts[0]}(i, i > 1 || ({parts[1]}))"
        ),
    ),
    max_leaves=5,
)


@given(WHOLE | TRUTH)
def test_arithmetic_and_logic_are_those_of_cel_also_in_what_fails(reference: Any, expression: str) -> None:
    assert of_athena(expression) == of_reference(reference, expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("input.d * 2", 5.0),
        ("2 * input.d", 5.0),
        ("input.i + 0.5", 7.5),
        ("10 - input.d", 7.5),
        ("input.i / 2.0", 3.5),
        ("1.5 < 2", True),
        ("1 == 1.0", True),
        ("[1, 2.5].map(x, x * 2)", [2, 5.0]),
        ("true ? 1 : 'a'", 1),
        ("[1, 'a', null]", [1, "a", None]),
        ("-duration('1h')", -3600.0),
        ("math.floor(5)", 5),
        ("string([1, {'a': null}])", '[1,{"a":null}]'),
    ],
)
def test_numbers_mix_since_json_does_not_tell_them_apart(expression: str, expected: Any) -> None:
    found = value(expression, input=DATA)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'a' + 1", "write string(…)"),
        ("'3' * 2", "double(…)"),
        ("1 + null", "'+' does not take a whole number and null"),
        ("9223372036854775807 + 1", "more than 64 bits"),
        ("1 / 0", "divides by zero"),
        ("1.0 / 0.0", "no number that JSON has"),
        ("1.5 % 1", "'%' does not take"),
        ("null < 1", "'<' does not take null"),
        ("'a' in 'abc'", "contains(…)"),
        ("input.i ? 1 : 2", "Compare it"),
        ("input.s && true", "Compare it"),
        ("input.l.map(x, x.y)", "nothing inside of a whole number"),
        ("input.l.y", "take an element"),
        ("input.l[3]", "no such element: it has 3"),
        ("input.l['a']", "take an element"),
        ("input.l[input.s]", "whole numbers, from 0"),
        ("input.s.x", "nothing inside of text"),
        ("input.n.x", "nothing inside of null"),
        ("input.nope", "input has no 'nope'"),
        ("input.m.nope.x", "input.m has no 'nope'"),
        ("input.s.map(x, x)", "a list or an object, not through text"),
        ("{true: 1}", "A key is text or a whole number"),
        ("{'a': 1, 'a': 2}", "a key twice"),
        ("{1: 'a', '1': 'b'}", "are the same text"),
        ("[?input.i]", "an optional value"),
        ("uint(-1)", "below 0"),
        ("timestamp('yesterday')", "2026-03-31T08:30:00Z"),
        ("duration('1 day')", "1h30m"),
        ("timestamp(0).getHours('Mars')", "Europe/Berlin"),
        ("int('x')", "cannot make a whole number"),
        ("string(null)", "default(…, '')"),
        ("json('{')", "no JSON"),
        ("base64.decode('?')", "no base64"),
        ("string(b'\\xff')", "base64.encode"),
        ("'%s %s'.format([1])", "more places than values"),
        ("'%q'.format([1])", "format(…) knows"),
        ("'a'.matches('(')", "no regular expression"),
        ("'a'.substring(5)", "outside of the text"),
        ("[1].join(',')", "items.map(i, string(i))"),
        ("['a'].sum()", "items.map(i, i.price)"),
        ("[1, 'a'].sort()", "list of numbers, or one of texts"),
        ("[1].slice(0, 2)", "the list's size, 1"),
        ("'a'.abs()", "no function 'abs'"),
        ("math.abs('a')", "math.abs(…) does not take text as argument 1"),
        ("(1).trim()", "trim(…) does not take a whole number before its point"),
        ("now()", "no function 'now'"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(expression: str, message: str) -> None:
    assert message in fault(expression, input=DATA)


def test_the_least_and_largest_numbers_go_through() -> None:
    assert value("-9223372036854775808") == -(2**63)
    assert value("9223372036854775807") == 2**63 - 1
    assert value("input", input=2**64 - 1) == 2**64 - 1
    assert "too large" in fault("input * 1.5", input=10**400)
    assert math.isclose(value("1e308 * 1"), 1e308)
