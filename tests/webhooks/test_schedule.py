"""When a failed delivery comes again, and when it is enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from athena.kit.clock import now
from athena.webhooks.delivery import DELAYS, EXHAUSTED_MOST, FAILING_MOST, JITTER, Outcome, delay_after, judge

WELL = {"enabled": True, "consecutive_failures": 0, "consecutive_exhausted": 0, "failing_since": None}
FAILED = Outcome(duration_ms=10, status=500, body="")


def test_the_attempts_are_spread_over_more_than_a_day() -> None:
    assert timedelta(hours=24) < timedelta(seconds=sum(DELAYS)) < timedelta(hours=48)
    for failures, least in enumerate(DELAYS, start=1):
        assert least <= delay_after(failures) <= least * (1 + JITTER)


def test_each_failure_is_followed_by_an_attempt_until_the_last() -> None:
    moment = now()
    for failures in range(len(DELAYS)):
        verdict = judge({"failures": failures}, WELL, FAILED, moment)
        assert verdict.delivery["next_attempt_at"] >= moment + timedelta(seconds=DELAYS[failures])
        assert "status" not in verdict.delivery
        assert verdict.webhook["failing_since"] == moment
    verdict = judge({"failures": len(DELAYS)}, WELL, FAILED, moment)
    assert (verdict.delivery["status"], verdict.delivery["next_attempt_at"]) == ("failed", None)
    assert (verdict.webhook["consecutive_exhausted"], verdict.disabled) == (1, None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"failing_since": timedelta()}, None),
        ({"failing_since": FAILING_MOST - timedelta(minutes=1)}, None),
        ({"failing_since": FAILING_MOST}, "failing"),
        ({"failing_since": timedelta(), "consecutive_exhausted": EXHAUSTED_MOST - 2}, None),
        ({"failing_since": timedelta(), "consecutive_exhausted": EXHAUSTED_MOST - 1}, "failing"),
        ({"failing_since": FAILING_MOST, "enabled": False}, None),
    ],
    ids=["new", "almost", "for-days", "not-yet-many", "many", "off-already"],
)
def test_lasting_failure_disables_once(state: dict[str, Any], reason: str | None) -> None:
    moment = now()
    webhook = {**WELL, **state, "failing_since": moment - state["failing_since"]}
    verdict = judge({"failures": len(DELAYS)}, webhook, FAILED, moment)
    assert verdict.disabled == reason
    assert verdict.webhook.get("disabled_reason") == reason


def test_a_success_forgives_everything() -> None:
    moment = now()
    outcome = Outcome(duration_ms=10, status=204, body="")
    assert judge({"failures": 3}, WELL, outcome, moment).webhook == {}
    ill = {**WELL, "failing_since": moment, "consecutive_failures": 3}
    verdict = judge({"failures": 3}, ill, outcome, moment)
    assert verdict.delivery["status"] == "delivered"
    assert (verdict.webhook["consecutive_failures"], verdict.webhook["failing_since"]) == (0, None)
