"""The calculator: exact where that is possible, rounded and said to be so where it is not, and never for long."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import given

from athena.tools.builtins.arithmetic import CannotCompute, computed

NUMBERS = st.decimals(-1_000_000, 1_000_000, places=4)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("1/3 * 3", "1"),
        ("1200 * (1 - 15%) + 4.90", "1024.9"),
        ("-2^2", "-4"),
        ("2 ^ 3 ^ 2", "512"),
        ("2**-1", "0.5"),
        ("7 × 6 − 2", "40"),  # noqa: RUF001 - as people print them
        ("10 % -3", "-2.9"),
        ("mod(17, 5) + mod(-1, 5)", "6"),
        ("round(2.675, 2)", "2.68"),
        ("round(-2.5)", "-3"),
        ("round(1250, -2)", "1300"),
        ("floor(-0.5) + ceil(-0.5)", "-1"),
        ("sqrt(2.25)", "1.5"),
        ("sum(0.1, 0.2, 0.3) / avg(2, 4) + max(1, 2) - min(3, 4)", "-0.8"),
        (".5 + 5.", "5.5"),
        ("1.5e3", "1500"),
        ("1^99999999", "1"),
    ],
)
def test_it_is_exact(expression: str, value: str) -> None:
    assert computed(expression) == (value, True)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2/3", "0.6666666666666666666666666666666667"),
        ("sqrt(2)", "1.414213562373095048801688724209698"),
        ("2 * pi", "6.283185307179586476925286766559006"),
        ("exp(ln(10))", "10"),
        ("log10(1000)", "3"),
        ("1 / 3e80", "3.333333333333333333333333333333333e-81"),
    ],
)
def test_what_never_ends_is_rounded(expression: str, value: str) -> None:
    assert computed(expression) == (value, False)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1/0", "divides by zero"),
        ("0^-1", "divides by zero"),
        ("2^99999", "too large"),
        ("9^9^9^9", "too large"),
        ("1e999999", "too large"),
        ("exp(1e9)", "too large"),
        ("sqrt(-1)", "square root"),
        ("ln(0)", "above zero"),
        ("(-8)^(1/3)", "above zero"),
        ("17 % 5", "mod(a, b)"),
        ("1,000 + 1", "Thousands have no mark"),
        ("1 +", "ends where a value is missing"),
        ("", "ends where a value is missing"),
        ("(1", "')' is missing"),
        ("2 2", "'2' does not belong at position 1"),
        ("__import__('os')", "'_' does not belong"),
        ("foo(1)", "no 'foo'"),
        ("round(1, 2, 3)", "too many"),
        ("round(1, 0.5)", "whole number"),
        ("(" * 2000, "nested too deeply"),
        ("-" * 2000 + "1", "nested too deeply"),
    ],
)
def test_why_there_is_no_value_is_told(expression: str, why: str) -> None:
    with pytest.raises(CannotCompute, match=why.replace("(", r"\(").replace(")", r"\)")):
        computed(expression)


@given(a=NUMBERS, b=NUMBERS, c=NUMBERS)
def test_it_agrees_with_fractions(a: Decimal, b: Decimal, c: Decimal) -> None:
    value, exact = computed(f"{a:f} * ({b:f}) - ({c:f})")
    assert exact
    assert Fraction(value) == Fraction(a) * Fraction(b) - Fraction(c)


@given(expression=st.text("0123456789.+-*/^%(),e sqrtlnpi", max_size=40))
def test_whatever_the_text_it_ends_with_a_value_or_a_reason(expression: str) -> None:
    with contextlib.suppress(CannotCompute):
        assert Decimal(computed(expression)[0]).is_finite()
