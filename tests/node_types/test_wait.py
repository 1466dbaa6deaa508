"""Waits: for a time, until a moment, and until somebody calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from athena.kit import clock
from athena.node_types.base import TIMED_OUT, Call, NodeFailed, Result, Wait
from athena.node_types.wait import WaitFor
from tests.node_types.calling import configured, effect_call, evaluator, refusal

KIND = WaitFor()
NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


async def begin(data: dict[str, Any], given: Any = "input") -> Wait | Result:
    return await KIND.begin(configured(KIND, data), effect_call(given), "node:wait")


def resume(data: dict[str, Any], answer: Any, given: Any = "input") -> Any:
    call = Call("wait", given, {"input": [given]}, evaluator({}))
    return KIND.resume(configured(KIND, data), call, answer).outputs["output"]


@pytest.mark.parametrize(
    ("duration", "unit", "seconds"),
    [(30, "seconds", 30), (1.5, "minutes", 90), (2, "hours", 7_200), (3_660, "days", 316_224_000)],
)
async def test_it_waits_for_so_long_and_its_input_goes_on(duration: float, unit: str, seconds: int) -> None:
    data = {"duration": duration, "unit": unit}
    assert await begin(data) == Wait(NOW + timedelta(seconds=seconds), details={"mode": "duration"})
    assert resume(data, TIMED_OUT) == "input"


async def test_it_waits_until_a_moment() -> None:
    data = {"mode": "until", "until": "2026-02-01T09:00:00.5+01:00"}
    moment = datetime(2026, 2, 1, 8, 0, 0, 500_000, tzinfo=UTC)
    assert await begin(data) == Wait(moment, details={"mode": "until"})
    assert resume(data, TIMED_OUT) == "input"


@pytest.mark.parametrize(
    "data", [{"duration": 0}, {"mode": "until", "until": "2020-01-01T00:00:00Z"}, {"mode": "until", "until": NOW}]
)
async def test_what_has_passed_is_not_waited_for(data: dict[str, Any]) -> None:
    assert await begin(data) == Result.of("input")


async def test_it_waits_until_somebody_calls() -> None:
    data = {"mode": "webhook"}
    assert await begin(data) == Wait(None, for_signal=True, details={"mode": "webhook"})
    assert resume(data, {"body": {"ok": True}}) == {"timed_out": False, "answer": {"body": {"ok": True}}}
    assert resume(data, None) == {"timed_out": False, "answer": None}


async def test_a_call_may_come_too_late() -> None:
    data = {"mode": "webhook", "timeout": 2}
    assert await begin(data) == Wait(NOW + timedelta(hours=2), for_signal=True, details={"mode": "webhook"})
    with pytest.raises(NodeFailed, match=r"Nobody called the resume address in time\.") as caught:
        resume(data, TIMED_OUT)
    assert caught.value.code == "timed_out"
    assert resume({**data, "on_timeout": "continue"}, TIMED_OUT) == {"timed_out": True, "answer": None}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"duration": 3_661, "unit": "days"}, "The wait is longer than 3660 days."),
        ({"duration": 400_000_000, "unit": "days"}, "The wait is longer than 3660 days."),
        ({"mode": "until", "until": "9000-01-01T00:00:00Z"}, "The wait is longer than 3660 days."),
        ({"mode": "webhook", "timeout": 3_661, "timeout_unit": "days"}, "The wait is longer than 3660 days."),
        ({"duration": None}, "data.duration: The expression gives null, not a number."),
        ({"mode": "until", "until": None}, "data.until: The expression gives null, not a time."),
    ],
)
async def test_what_cannot_be_waited_for_is_an_error(data: dict[str, Any], message: str) -> None:
    with pytest.raises(NodeFailed) as caught:
        await begin(data)
    assert (caught.value.code, caught.value.message) == ("invalid_configuration", message)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "duration"),
        ({"mode": "until", "duration": 3}, "until"),
        ({"mode": "until", "until": "tomorrow"}, "until"),
        ({"mode": "until", "until": "2026-01-31T08:00:00"}, "until"),
        ({"mode": "forever"}, "mode"),
        ({"duration": -1}, "duration"),
        ({"duration": float("nan")}, "duration"),
        ({"duration": float("inf")}, "duration"),
        ({"duration": "3"}, "duration"),
        ({"duration": 3, "unit": "weeks"}, "unit"),
    ],
)
def test_each_mode_needs_what_it_waits_for(data: dict[str, Any], path: str) -> None:
    assert refusal(KIND, data)[0] == path


def test_a_call_needs_nothing_more() -> None:
    assert KIND.check({"mode": "webhook"}) == ()
