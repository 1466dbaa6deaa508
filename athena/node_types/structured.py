"""Asks a model for JSON that fits a schema, shows it what is wrong with its answer, and lets it try again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from athena.llm.errors import ErrorKind, ModelError
from athena.llm.structured import InvalidSchema, Schema, correction, read, task
from athena.llm.types import Completed, FinishReason, Message, ModelRequest
from athena.node_types.asking import Model
from athena.node_types.base import NodeFailed
from athena.node_types.failures import model_failed

ANSWER_SHOWN: Final = 1_000


def check_schema(data: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """What is wrong with the JSON Schema that a configuration has under ``name``: for a type's ``check``."""
    schema = data.get(name)
    if not isinstance(schema, dict):
        return []
    try:
        Schema(schema)  # pyright: ignore[reportUnknownArgumentType]
    except InvalidSchema as error:
        return [(name, f"This is no JSON Schema: {error}")]
    return []


@dataclass(frozen=True, slots=True)
class Structured:
    """JSON that fits, and the answer that held it."""

    value: Any
    completed: Completed
    repairs: int


async def ask_for_json(model: Model, request: ModelRequest, schema: Schema | None, max_repairs: int) -> Structured:
    """JSON that fits ``schema`` (any JSON without one), in answer to ``request``.

    The schema goes along in the way that the provider's protocol has for it, and as words: not every model heeds the
    first. :class:`NodeFailed` ``invalid_structure`` when the answer does not fit after ``max_repairs`` corrections.
    """
    asked = msgspec.structs.replace(
        request,
        system="\n\n".join(filter(None, (request.system, task(schema)))),
        response_schema=schema.schema if schema else None,
    )
    repairs = 0
    while True:
        completed, asked = await _answer(model, asked)
        value, problems = read(completed.text, schema)
        if not problems:
            return Structured(value, completed, repairs)
        if completed.finish_reason is FinishReason.LENGTH:
            raise _failed("answer_cut_off", "The answer was cut off before its end; raise max_tokens.", model, {})
        if repairs == max_repairs:
            details = {"problems": problems, "answer": completed.text[:ANSWER_SHOWN], "repairs": repairs}
            raise _failed("invalid_structure", "The model's answer does not fit the schema.", model, details)
        wrong = correction(problems)
        said = (Message("assistant", completed.text or "-"), Message("user", wrong))
        asked = msgspec.structs.replace(asked, messages=(*asked.messages, *said))
        repairs += 1


async def _answer(model: Model, request: ModelRequest) -> tuple[Completed, ModelRequest]:
    """The answer, and the request as it was in the end: providers that know no schemas are asked without."""
    try:
        return await model.ask(request), request
    except ModelError as error:
        if error.kind is not ErrorKind.INVALID_REQUEST or request.response_schema is None:
            raise _with_usage(model_failed(error), model) from error
    plain = msgspec.structs.replace(request, response_schema=None)
    try:
        return await model.ask(plain), plain
    except ModelError as error:
        raise _with_usage(model_failed(error), model) from error


def _failed(code: str, message: str, model: Model, details: Mapping[str, Any]) -> NodeFailed:
    return _with_usage(NodeFailed(code, message, retryable=True, model=model.name, **details), model)


def _with_usage(failure: NodeFailed, model: Model) -> NodeFailed:
    failure.usage = model.usage
    return failure
