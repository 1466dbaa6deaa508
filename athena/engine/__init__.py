"""Durable runs on PostgreSQL: each is one append-only log, from which it recovers and every stream is served.

It knows no agent and no HTTP. How to write a run's function stands at :class:`RunContext`.
"""

from __future__ import annotations

from athena.engine.context import LATE, RunContext
from athena.engine.driver import Function, OnEnd
from athena.engine.engine import Engine
from athena.engine.events import (
    Apply,
    EndedRun,
    Event,
    Finished,
    LeaseLost,
    RunFailed,
    RunRow,
    StepOutcomeUnknown,
    StepResult,
    StoredEvent,
)
from athena.engine.hub import Subscription
from athena.engine.models import PARENT_LABEL
from athena.engine.queues import DEFAULT, Queue

__all__ = [
    "DEFAULT",
    "LATE",
    "PARENT_LABEL",
    "Apply",
    "EndedRun",
    "Engine",
    "Event",
    "Finished",
    "Function",
    "LeaseLost",
    "OnEnd",
    "Queue",
    "RunContext",
    "RunFailed",
    "RunRow",
    "StepOutcomeUnknown",
    "StepResult",
    "StoredEvent",
    "Subscription",
]
