"""Answers are held against expectations, and figures say how far they can be trusted."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.evaluations.checks import check, reason, score
from athena.evaluations.figures import side_by_side
from athena.kit.intervals import of_mean, wilson

JSON = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def passes(kind: str, answer: str, **fields: Any) -> bool:
    told = check({"type": kind, "weight": 1.0, "case_sensitive": True, **fields}, answer)
    assert told["score"] == float(told["passed"])
    return told["passed"]


@pytest.mark.parametrize(
    ("kind", "fields", "good", "bad"),
    [
        ("exact", {"value": "Paris"}, [" Paris\n"], ["paris", "In Paris", ""]),
        ("exact", {"value": "STRASSE", "case_sensitive": False}, ["straße"], ["strasse 1"]),
        ("contains", {"value": "Paris"}, ["In Paris."], ["paris"]),
        ("contains", {"value": "Paris", "case_sensitive": False}, ["PARIS"], ["Pari"]),
        ("not_contains", {"value": "sorry"}, ["Gladly."], ["I am sorry."]),
        ("regex", {"pattern": r"^\d{4}$"}, ["2024"], ["20245", "in 2024", "2\x00024 "]),
        ("json_schema", {"schema": JSON}, ['{"n": 1}', 'Here:\n```json\n{"n": 2}\n```'], ["{}", "one", '{"n": "1"}']),
    ],
)
def test_an_answer_is_as_expected_or_not(kind: str, fields: dict[str, Any], good: list[str], bad: list[str]) -> None:
    assert all(passes(kind, answer, **fields) for answer in good)
    assert not any(passes(kind, answer, **fields) for answer in bad)


@given(st.text(min_size=1), st.text())
def test_holding_and_not_holding_are_opposites(value: str, answer: str) -> None:
    assert passes("contains", answer, value=value) is not passes("not_contains", answer, value=value)


def test_a_hostile_answer_takes_a_pattern_no_longer() -> None:
    assert not passes("regex", "a" * 50_000 + "!", pattern="^(a+)+$")


FIGURES = st.floats(0, 1)


@given(st.lists(st.tuples(FIGURES, st.floats(0.001, 1_000)), min_size=1, max_size=8))
def test_a_score_lies_between_the_least_and_the_greatest(given_: list[tuple[float, float]]) -> None:
    reasons = [reason({"type": "judge", "weight": weight}, passed=True, score=s, why="") for s, weight in given_]
    scores = [s for s, _ in given_]
    assert min(scores) - 1e-9 <= score(reasons) <= max(scores) + 1e-9


@given(st.lists(FIGURES, min_size=1, max_size=50))
def test_intervals_hold_what_was_seen(scores: list[float]) -> None:
    mean = math.fsum(scores) / len(scores)
    low, high = wilson(math.fsum(scores), len(scores))
    assert 0 <= low <= mean + 1e-9
    assert mean - 1e-9 <= high <= 1
    interval = of_mean(scores)
    assert (interval is None) == (len(scores) < 2)
    assert interval is None or interval.low <= mean + 1e-9 <= interval.high + 2e-9


def result(item: int, score_: float | None) -> dict[str, Any]:
    same = {"uuid": item, "cost": None, "duration_ms": 1, "input": "x"}
    return {"item_uuid": item, "status": "error" if score_ is None else "passed", "score": score_, **same}


SCORES = st.dictionaries(st.integers(0, 9), st.none() | st.sampled_from([0.0, 0.5, 1.0]), max_size=8)


@given(SCORES, SCORES)
def test_side_by_side_counts_each_item_once(a: dict[int, float | None], b: dict[int, float | None]) -> None:
    there = side_by_side(*([result(*each) for each in scores.items()] for scores in (a, b)))
    back = side_by_side(*([result(*each) for each in scores.items()] for scores in (b, a)))
    assert there["improved"] == back["regressed"]
    assert there["incomparable"] == back["incomparable"]
    counts = [there[name] for name in ("improved", "regressed", "same", "incomparable")]
    assert sum(counts) == len(there["items"]) == len({*a, *b})
    if there["difference"] is not None:
        assert there["difference"]["value"] == pytest.approx(-back["difference"]["value"])
