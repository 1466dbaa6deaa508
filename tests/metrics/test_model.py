"""Whatever is asked for comes to what counting one by one comes to."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Tenant
from tests.metrics.conftest import AddRun, Fold, agent, metrics

# Clocks change on 29 March in Berlin, on 4 April in Lord Howe (by half an hour) and on 5 April in the Chatham Islands.
FIRST = datetime(2026, 3, 20, tzinfo=UTC)
QUARTERS = 30 * 96
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham")
STATUSES = ("succeeded", "succeeded", "succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Ran:
    """A run as it was stored."""

    agent: str
    at: datetime
    status: str
    milliseconds: int


@pytest.fixture
async def ran(owner: Tenant, add_run: AddRun, fold: Fold) -> list[Ran]:
    """Runs of two agents over 30 days, close together in places, of which the last ones are not folded yet."""
    chosen = random.Random(7)
    agents = [await agent(owner, name) for name in ("One", "Two")]
    runs: list[Ran] = []
    for number in range(120):
        near = runs[-1].at if number % 3 else FIRST + chosen.randrange(QUARTERS) * timedelta(minutes=15)
        at = min(near + timedelta(minutes=chosen.randrange(90)), FIRST + timedelta(days=30) - timedelta(seconds=1))
        runs.append(Ran(chosen.choice(agents), at, chosen.choice(STATUSES), chosen.randrange(1, 90_000)))
        run = runs[-1]
        usage = {"input_tokens": 3, "output_tokens": 2, "cost": 0.1}
        label = ("agent_uuid", run.agent)
        await add_run(owner, at, status=run.status, label=label, milliseconds=run.milliseconds, usage=usage)
        if number == 80:
            await fold()
    return runs


def bucket(at: datetime, interval: str, zone: str) -> Any:
    """What tells a bucket of a calendar from the others."""
    local = at.astimezone(ZoneInfo(zone))
    day = local.date()
    match interval:
        case "hour":
            return day, local.hour, local.utcoffset()
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case _:
            return day


def check(told: Mapping[str, Any], runs: Sequence[Ran]) -> None:
    """The figures are those of ``runs``."""
    count = len(runs)
    assert told["statuses"] == {
        status: sum(run.status == status for run in runs) for status in ("succeeded", "failed", "cancelled")
    }
    assert told["tokens"] == {"input": 3 * count, "output": 2 * count}
    assert told["cost"] == count / 10
    took = sorted(run.milliseconds for run in runs if run.status == "succeeded")
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        expected = pytest.approx(took[math.ceil(share * len(took)) - 1], rel=0.04, abs=1) if took else None
        assert told["latency_ms"][name] == expected


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    interval=st.sampled_from(["hour", "day", "week", "month"]),
    begin=st.integers(0, QUARTERS - 1) | st.integers(0, 29).map(lambda day: day * 96),
    length=st.integers(1, QUARTERS) | st.integers(1, 30).map(lambda days: days * 96),
    narrowed=st.booleans(),
)
async def test_they_are_what_counting_one_by_one_comes_to(
    owner: Tenant, ran: list[Ran], zone: str, interval: str, begin: int, length: int, *, narrowed: bool
) -> None:
    first, span = FIRST + begin * timedelta(minutes=15), length * timedelta(minutes=15)
    own = [run for run in ran if run.agent == ran[0].agent] if narrowed else ran
    inside = [run for run in own if first <= run.at < first + span]
    query = f"from={first:%Y-%m-%dT%H:%M:%SZ}&to={first + span:%Y-%m-%dT%H:%M:%SZ}&timezone={zone}&interval={interval}"
    data = await metrics(owner, "agents", f"{query}&agent_uuid={ran[0].agent}" if narrowed else query)
    assert (data["total"], data["previous_total"]) == (len(inside), sum(first - span <= run.at < first for run in own))
    check(data, inside)
    found: dict[Any, list[Ran]] = defaultdict(list)
    for run in inside:
        found[bucket(run.at, interval, zone)].append(run)
    for each in data["series"]:
        runs = found.pop(bucket(datetime.fromisoformat(each["at"]), interval, zone), [])
        assert each["value"] == len(runs)
        check(each, runs)
    assert not found
    for each in data["breakdown"]:
        runs = [run for run in inside if run.agent == each["agent_uuid"]]
        assert each["value"] == len(runs)
        check(each, runs)
    assert len(data["breakdown"]) == len({run.agent for run in inside})
