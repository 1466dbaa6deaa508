"""Which models of this process just failed again and again, so that where there is another, it is asked at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

FAILURES = 3
"""So many calls in a row open the circuit."""
OPEN_SECONDS = 30.0
"""After that one call tries whether it works again."""
MOST = 10_000


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    open_until: float = 0.0


class CircuitBreaker:
    """One per process."""

    def __init__(self) -> None:
        self._circuits: OrderedDict[Hashable, _Circuit] = OrderedDict()

    def is_open(self, key: Hashable) -> bool:
        """Whether ``key`` should not be asked now. Who asks after its time is over is the one who tries."""
        circuit = self._circuits.get(key)
        if circuit is None or circuit.failures < FAILURES:
            return False
        now = asyncio.get_running_loop().time()
        if now < circuit.open_until:
            return True
        circuit.open_until = now + OPEN_SECONDS
        return False

    def failed(self, key: Hashable) -> None:
        """Counts a failure that another call would meet, too."""
        circuit = self._circuits.setdefault(key, _Circuit())
        self._circuits.move_to_end(key)
        circuit.failures += 1
        circuit.open_until = asyncio.get_running_loop().time() + OPEN_SECONDS
        if len(self._circuits) > MOST:
            self._circuits.popitem(last=False)

    def succeeded(self, key: Hashable) -> None:
        """Closes the circuit."""
        self._circuits.pop(key, None)
