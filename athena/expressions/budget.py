"""What an evaluation may take. Work is counted, not timed: the same expression on the same data always ends alike."""

from __future__ import annotations

from athena.expressions.errors import Exhausted

MAXIMUM_STEPS = 3_000_000
"""About half a second: a step is some 0.1 µs of computing. Of memory it is 8 characters, or a quarter of an element."""
MAXIMUM_CHARACTERS = 5_000_000
"""Of a text that an expression makes, and of its result as JSON."""
MAXIMUM_DEPTH = 64
"""Of lists and objects inside of each other."""

CHARACTERS_A_STEP = 8
STEPS_AN_ELEMENT = 4
STEPS_A_FAULT = 25
"""What an error costs that the expression makes good."""


class Budget:
    """The steps that are left. One is shared by all the expressions of a text, or of a whole tree of texts."""

    __slots__ = ("_left",)

    def __init__(self, steps: int = MAXIMUM_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Takes ``steps`` off. Raises ``Exhausted``."""
        self._left -= steps
        if self._left < 0:
            raise Exhausted("This takes too much computing. Do such work in a code node.")

    def read(self, characters: int) -> None:
        """Pays for going through a text. Raises ``Exhausted``."""
        self.spend(characters // CHARACTERS_A_STEP)

    def text(self, characters: int) -> None:
        """Pays for a text before it is made. Raises ``Exhausted``, also for one that is too long."""
        if characters > MAXIMUM_CHARACTERS:
            raise Exhausted(f"This makes a text of more than {MAXIMUM_CHARACTERS:,} characters.")
        self.spend(characters // CHARACTERS_A_STEP)

    def elements(self, count: int) -> None:
        """Pays for a list or an object of ``count`` elements before it is made. Raises ``Exhausted``."""
        self.spend(count * STEPS_AN_ELEMENT)
