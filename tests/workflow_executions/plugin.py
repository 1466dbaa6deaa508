"""Types of nodes that the tests need, added as a plugin's are: one has an effect, one waits."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from pydantic import Field

from athena.node_types.base import (
    TIMED_OUT,
    Call,
    Config,
    EffectCall,
    EffectNode,
    NodeFailed,
    Result,
    Usage,
    Wait,
    WaitNode,
)

CALLS: Counter[str] = Counter()
"""How often an effect took place, by its key."""
FAILING: set[str] = set()
"""Keys of the effects that fail at the moment."""


class ProbeConfig(Config):
    """What the effect is called, and what it gives."""

    key: str
    value: Any = None
    cost: Annotated[float, Field(strict=False)] = 0.0


class Probe(EffectNode[ProbeConfig]):
    """An effect that is counted."""

    type = "probe"
    name = "Probe"
    description = "Counts its calls."
    category = "action"
    config = ProbeConfig

    async def execute(self, config: ProbeConfig, call: EffectCall) -> Result:
        """Its value, or its input."""
        CALLS[config.key] += 1
        if config.key in FAILING:
            raise NodeFailed("refused", f"The call {config.key!r} was refused 17 times.", retryable=True)
        usage = Usage(10, 2, config.cost) if config.cost else None
        value = call.input if config.value is None else config.value
        return Result({"output": value}, usage, {"key": config.key})


class PauseConfig(Config):
    """Nothing."""


class Pause(WaitNode[PauseConfig]):
    """Waits until it is told to go on."""

    type = "pause"
    name = "Pause"
    description = "Waits for a signal."
    category = "flow"
    config = PauseConfig

    async def begin(self, config: PauseConfig, call: EffectCall, signal: str) -> Wait | Result:  # noqa: ARG002
        """Waits for the signal."""
        return Wait(for_signal=True, details={"asks": "go on?"})

    def resume(self, config: PauseConfig, call: Call, answer: Any) -> Result:  # noqa: ARG002
        """What it was told."""
        return Result.of(None if answer is TIMED_OUT else answer)


class Point:
    """An entry point."""

    value = "tests"

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def load(self) -> Any:
        """The class."""
        return self._kind


POINTS = [Point(Probe), Point(Pause)]
