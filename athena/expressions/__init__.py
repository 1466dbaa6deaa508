"""CEL between two pairs of braces, in texts and in JSON that holds texts."""

from __future__ import annotations

from athena.expressions.errors import ExpressionError
from athena.expressions.template import Template, compile_text
from athena.expressions.tree import Problem, find_problems, references, render

__all__ = ["ExpressionError", "Problem", "Template", "compile_text", "find_problems", "references", "render"]
