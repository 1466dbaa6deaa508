"""Evaluating an expression in one line."""

from __future__ import annotations

from typing import Any

import pytest

from athena.expressions import ExpressionError, compile_text


def evaluate(text: str, /, **scope: Any) -> Any:
    """The value of a text, whose expressions may use just the names of ``scope``."""
    return compile_text(text, frozenset(scope)).evaluate(scope)


def value(expression: str, /, **scope: Any) -> Any:
    """The value of one expression."""
    return evaluate(f"{{{{ {expression} }}}}", **scope)


def fault(expression: str, /, **scope: Any) -> str:
    """The message with which one expression is refused."""
    with pytest.raises(ExpressionError) as refused:
        value(expression, **scope)
    return refused.value.message
