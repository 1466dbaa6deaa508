"""What results come to, alone and side by side, with how far that can be trusted. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from athena.kit.intervals import of_mean, wilson

COUNTS: Final = ("items", "pending", "passed", "failed", "errors", "cancelled", "input_tokens", "output_tokens")
DIGITS: Final = 4
NOTHING: Final = {**dict.fromkeys(COUNTS, 0), "scored": 0, "score": 0.0, "cost": 0.0, "judge_cost": 0.0}
COMPARED: Final = ("uuid", "status", "score", "cost", "duration_ms")


def summary(sums: Mapping[str, Any]) -> dict[str, Any]:
    """What the results of one evaluation come to; ``sums`` as the repository counts them."""
    p50, p95 = sums.get("durations") or (None, None)
    ended = sums["passed"] + sums["failed"] + sums["errors"]
    return {
        **{name: sums[name] for name in COUNTS},
        "score": _figure(sums["score"], sums["scored"]),
        "pass_rate": _figure(sums["passed"], ended),
        "cost": round(sums["cost"], 9),
        "judge_cost": round(sums["judge_cost"], 9),
        "p50_duration_ms": None if p50 is None else round(p50),
        "p95_duration_ms": None if p95 is None else round(p95),
    }


def _figure(positive: float, total: int) -> dict[str, float] | None:
    if not total:
        return None
    low, high = wilson(positive, total)
    return {"value": round(positive / total, DIGITS), "low": round(low, DIGITS), "high": round(high, DIGITS)}


def side_by_side(a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Two evaluations' results, item by item, and what ``b`` is above ``a``."""
    first, second = ({each["item_uuid"]: each for each in rows} for rows in (a, b))
    items = [_item(uuid, first.get(uuid), second.get(uuid)) for uuid in sorted({*first, *second})]
    changes = [each["change"] for each in items]
    differences = [each["b"]["score"] - each["a"]["score"] for each in items if each["change"] != "incomparable"]
    return {
        **{name: changes.count(name) for name in ("improved", "regressed", "same", "incomparable")},
        "difference": _difference(differences),
        "items": items,
    }


def _item(uuid: Any, a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> dict[str, Any]:
    told = b or a
    assert told is not None  # noqa: S101 - the item comes from one of both
    return {
        "item_uuid": uuid,
        "input": told["input"],
        "a": a and {name: a[name] for name in COMPARED},
        "b": b and {name: b[name] for name in COMPARED},
        "change": _change(a["score"] if a else None, b["score"] if b else None),
    }


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "incomparable"
    return "same" if before == after else "improved" if after > before else "regressed"


def _difference(differences: Sequence[float]) -> dict[str, float | None] | None:
    if not differences:
        return None
    low, high = of_mean(differences) or (None, None)
    return {
        "value": round(statistics.fmean(differences), DIGITS),
        "low": None if low is None else round(low, DIGITS),
        "high": None if high is None else round(high, DIGITS),
    }
