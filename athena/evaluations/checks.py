"""Whether an answer is as expected, as far as that can be told without a model. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from athena.expressions.cel import matches
from athena.llm.structured import Schema, read

Reason = dict[str, Any]


def check(expectation: Mapping[str, Any], answer: str) -> Reason:
    """How ``answer`` stands to any expectation but a judge's."""
    wrong = _wrong(expectation, answer)
    return reason(expectation, passed=wrong is None, score=float(wrong is None), why=wrong or "As expected.")


def reason(expectation: Mapping[str, Any], *, passed: bool, score: float, why: str) -> Reason:
    """How an answer stands to an expectation, as it is kept."""
    kind, weight = expectation["type"], expectation["weight"]
    return {"type": kind, "passed": passed, "score": score, "weight": weight, "reason": why}


def score(reasons: Sequence[Reason]) -> float:
    """The weighted mean of all, between 0 and 1."""
    return sum(each["score"] * each["weight"] for each in reasons) / sum(each["weight"] for each in reasons)


def _wrong(expectation: Mapping[str, Any], answer: str) -> str | None:
    """What is wrong with the answer; ``None`` when it is as expected."""
    match expectation["type"]:
        case "exact":
            value, said = _comparable(expectation, answer)
            return None if said.strip() == value.strip() else "The answer is another text."
        case "contains":
            value, said = _comparable(expectation, answer)
            return None if value in said else "The answer does not hold the text."
        case "not_contains":
            value, said = _comparable(expectation, answer)
            return "The answer holds the text." if value in said else None
        case "regex":
            # RE2's texts have no NUL, which no answer that is kept has either.
            found = matches(answer.replace("\0", ""), expectation["pattern"])
            return None if found else "The pattern is not found in the answer."
        case "json_schema":
            _, problems = read(answer, Schema(expectation["schema"]))
            return "\n".join(problems) or None
        case kind:
            raise ValueError(kind)


def _comparable(expectation: Mapping[str, Any], answer: str) -> tuple[str, str]:
    value: str = expectation["value"]
    return (value, answer) if expectation["case_sensitive"] else (value.casefold(), answer.casefold())
