"""What goes wrong with an expression: for callers, and inside of its compiling and evaluation."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression that cannot be compiled or evaluated. Holds nothing of the data that it was evaluated on.

    ``position`` counts characters from 0 in the whole text; ``expression`` is the faulty one's own text, as written, or
    empty when the text as a whole is at fault; ``path`` leads to the text in a tree, as in ``headers.0.value``.
    """

    def __init__(self, message: str, position: int, expression: str, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.expression = expression
        self.path = path


class SyntaxFault(Exception):
    """No expression, or one that names what does not exist. ``position`` counts the expression's characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Stopped(Exception):
    """Ends an evaluation, as one of the classes below. ``position`` is where, as soon as that is known."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position

    def at(self, position: int) -> None:
        """Takes the position of the innermost part of the expression, which is the first to be told."""
        if self.position is None:
            self.position = position


class Fault(Stopped):
    """An error as CEL knows it: ``||``, ``&&``, ``all`` and ``exists`` go on when their other side decides."""


class Missing(Fault):
    """A key, a place in a list or a name that is not there: what ``default`` makes up for."""


class Exhausted(Stopped):
    """The evaluation takes more than it may. Nothing inside of the expression can catch it."""
