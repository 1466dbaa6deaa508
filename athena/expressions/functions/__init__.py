"""CEL's standard functions, its extensions for text, numbers and lists, and a few of Athena's own."""

from athena.expressions.functions import conversions, lists, numbers, patterns, texts, times
from athena.expressions.functions.signatures import Function, Library

__all__ = ["FUNCTIONS", "Function"]

FUNCTIONS: Library = {
    **conversions.FUNCTIONS,
    **lists.FUNCTIONS,
    **numbers.FUNCTIONS,
    **patterns.FUNCTIONS,
    **texts.FUNCTIONS,
    **times.FUNCTIONS,
}
"""By name; those that are called on a value, as in ``text.trim()``, have a name that begins with a point."""
