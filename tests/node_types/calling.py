"""Calls of node types by themselves, with expressions that stand for Python functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID

import pytest
from pydantic import ValidationError

from athena.node_types.base import INPUT, Call, EffectCall, NodeFailed, NodeType, PureNode, Result

Expressions = Mapping[str, Callable[[Mapping[str, Any]], Any]]
"""By the text of each expression, what it gives, given the names that are set for it."""


def evaluator(expressions: Expressions) -> Callable[..., Any]:
    def evaluate(text: str, **names: Any) -> Any:
        return expressions[text](names)

    return evaluate


def configured(kind: NodeType[Any], data: Mapping[str, Any]) -> Any:
    """The configuration as it is for a call, once the values of its expressions are filled in."""
    return kind.config.model_validate(dict(data))


def compute(
    kind: PureNode[Any], data: Mapping[str, Any], given: Any = None, expressions: Expressions | None = None
) -> Result:
    call = Call("node", given, {INPUT: [given]}, evaluator(expressions or {}))
    return kind.compute(configured(kind, data), call)


def output(
    kind: PureNode[Any], data: Mapping[str, Any], given: Any = None, expressions: Expressions | None = None
) -> Any:
    """What the first port gives."""
    return next(iter(compute(kind, data, given, expressions).outputs.values()))


def failure(
    kind: PureNode[Any], data: Mapping[str, Any], given: Any = None, expressions: Expressions | None = None
) -> tuple[str, str]:
    """Code and message of how it fails."""
    with pytest.raises(NodeFailed) as caught:
        compute(kind, data, given, expressions)
    return caught.value.code, caught.value.message


def refusal(kind: NodeType[Any], data: Mapping[str, Any]) -> tuple[str, str]:
    """Where, and why, a configuration is refused: by its schema, or by what the type checks beside it."""
    try:
        configured(kind, data)
    except ValidationError as error:
        issue = error.errors(include_url=False)[0]
        return ".".join(map(str, issue["loc"])), issue["msg"]
    [problem] = kind.check(data)
    return problem


def effect_call(given: Any = None, emitted: list[tuple[str, Any]] | None = None) -> EffectCall:
    nothing = cast("Any", None)
    events = emitted if emitted is not None else []
    return EffectCall(
        "node",
        given,
        {INPUT: [given]},
        evaluator({}),
        access=nothing,
        database=nothing,
        run_uuid=UUID(int=0),
        spender=nothing,
        idempotency_key="key",
        seconds=60.0,
        emit=lambda kind, data: events.append((kind, data)),
        session=nothing,
        start_workflow=nothing,
        stop_run=nothing,
    )
