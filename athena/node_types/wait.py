"""Waits: so long, until a moment, or until somebody calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from athena.kit import clock
from athena.kit.schemas import Time
from athena.node_types.base import (
    TIMED_OUT,
    Call,
    Config,
    EffectCall,
    Json,
    JsonObject,
    NodeFailed,
    Result,
    Wait,
    WaitNode,
)
from athena.node_types.lists import WRITTEN

LONGEST: Final = timedelta(days=3_660)
Unit = Literal["seconds", "minutes", "hours", "days"]
Amount = Annotated[float, Field(ge=0, le=400_000_000)]


class WaitConfig(Config):
    """What is waited for."""

    mode: Annotated[
        Literal["duration", "until", "webhook"],
        Field(
            description="`duration`: for so long. `until`: until a moment. `webhook`: until something is posted to the "
            "execution's resume address.",
            json_schema_extra=WRITTEN,
        ),
    ] = "duration"
    duration: Annotated[
        Amount | None, Field(description="How long, in `unit`; for the mode `duration`.", examples=[30])
    ] = None
    unit: Annotated[Unit, Field(description="What `duration` is counted in.")] = "minutes"
    until: Annotated[
        Time | None,
        Field(
            description="The moment, as RFC 3339 has it, for the mode `until`. One that has passed is not waited for.",
            examples=["{{ input.due_at }}", "2026-01-31T08:00:00Z"],
        ),
    ] = None
    timeout: Annotated[
        Amount | None,
        Field(description="How long at most, in `timeout_unit`, for the mode `webhook`. Left out: without end."),
    ] = None
    timeout_unit: Annotated[Unit, Field(description="What `timeout` is counted in.")] = "hours"
    on_timeout: Annotated[
        Literal["fail", "continue"],
        Field(description="When nobody called in that time: the node fails, or goes on.", json_schema_extra=WRITTEN),
    ] = "fail"


class WaitFor(WaitNode[WaitConfig]):
    """Its end is fixed once, when the wait begins.

    After ``duration`` and ``until`` its input goes on. After ``webhook`` it is ``{"timed_out": false, "answer": …}``
    with what was posted; with ``on_timeout: continue``, ``{"timed_out": true, "answer": null}``.
    """

    type = "wait"
    name = "Wait"
    description = "Waits for some time, until a moment, or until the execution's resume address is called."
    category = "flow"
    config = WaitConfig
    output_schema: ClassVar = {
        "description": "The input; in the mode `webhook`: whether nobody called in time, and what was posted.",
        "properties": {"timed_out": {"type": "boolean"}, "answer": {}},
    }

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:
        """Whether there is what the mode needs."""
        mode = data.get("mode", "duration")
        if mode != "webhook" and data.get(mode) is None:
            return ((mode, f"The mode {mode} needs this field."),)
        return ()

    def has_address(self, data: JsonObject) -> bool:
        """Whether it waits for a call."""
        return data.get("mode") == "webhook"

    async def begin(self, config: WaitConfig, call: EffectCall, signal: str) -> Wait | Result:  # noqa: ARG002 - as posted
        """The wait; the input at once, when its moment has come already."""
        now = clock.now()
        details = {"mode": config.mode}
        match config.mode:
            case "webhook":
                until = None if config.timeout is None else now + _length(config.timeout, config.timeout_unit)
                return Wait(until, for_signal=True, details=details)
            case "duration":
                until = now + _length(config.duration, config.unit)
            case "until":
                until = _moment(config.until, now)
        return Wait(until, details=details) if until > now else Result.of(call.input)

    def resume(self, config: WaitConfig, call: Call, answer: Json) -> Result:
        """What goes on after the wait; :class:`NodeFailed` with ``timed_out`` when nobody called."""
        if config.mode != "webhook":
            return Result.of(call.input)
        if answer is not TIMED_OUT:
            return Result.of({"timed_out": False, "answer": answer})
        if config.on_timeout == "continue":
            return Result.of({"timed_out": True, "answer": None})
        raise NodeFailed("timed_out", "Nobody called the resume address in time.")


def _length(amount: float | None, unit: Unit) -> timedelta:
    if amount is None:
        raise NodeFailed("invalid_configuration", "data.duration: The expression gives null, not a number.")
    length = timedelta(**{unit: amount})
    if length > LONGEST:
        raise NodeFailed("invalid_configuration", f"The wait is longer than {LONGEST.days} days.")
    return length


def _moment(until: datetime | None, now: datetime) -> datetime:
    if until is None:
        raise NodeFailed("invalid_configuration", "data.until: The expression gives null, not a time.")
    if until - now > LONGEST:
        raise NodeFailed("invalid_configuration", f"The wait is longer than {LONGEST.days} days.")
    return until
