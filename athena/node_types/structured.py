"""Asks a model for JSON that fits a schema, shows it what is wrong with its answer, and lets it try again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsonschema_rs
import msgspec
import orjson

from athena.llm.errors import ErrorKind, ModelError
from athena.llm.types import Completed, FinishReason, Message, ModelRequest
from athena.node_types.asking import Model
from athena.node_types.base import NodeFailed
from athena.node_types.failures import model_failed

PROBLEMS_MOST: Final = 10
PROBLEM_LENGTH: Final = 300
ANSWER_SHOWN: Final = 1_000
FENCE: Final = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\r?\n(.*?)```", re.DOTALL)
TASK: Final = "Answer with JSON alone: no explanation before or after it, and no code fence."
FITTING: Final = "The JSON must fit this JSON Schema:\n{schema}"
WRONG: Final = "That answer cannot be used:\n{problems}\n\nAnswer again, with the whole JSON, corrected."


class InvalidSchema(ValueError):
    """Something that is no JSON Schema; the text says why."""


class Schema:
    """A JSON Schema, compiled; nothing that it refers to is fetched. :class:`InvalidSchema` when it is none."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)
        try:
            self._validator = jsonschema_rs.validator_for(self.schema, offline=True, validate_formats=True)
        except ValueError as error:
            raise InvalidSchema(str(error).partition("\n")[0][:PROBLEM_LENGTH]) from error

    def problems(self, value: Any) -> list[str]:
        """What is wrong with ``value``, the first of it; each with its place. Empty when it fits."""
        found: list[str] = []
        for error in self._validator.iter_errors(value):
            place = "".join(f"/{step}" for step in error.instance_path)
            message = error.message if len(error.message) <= PROBLEM_LENGTH else f"{error.message[:PROBLEM_LENGTH]}…"
            found.append(f"{place or 'The whole'}: {message}")
            if len(found) == PROBLEMS_MOST:
                break
        return found


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
        system="\n\n".join(filter(None, (request.system, _task(schema)))),
        response_schema=schema.schema if schema else None,
    )
    repairs = 0
    while True:
        completed, asked = await _answer(model, asked)
        value, problems = _read(completed.text, schema)
        if not problems:
            return Structured(value, completed, repairs)
        if completed.finish_reason is FinishReason.LENGTH:
            raise _failed("answer_cut_off", "The answer was cut off before its end; raise max_tokens.", model, {})
        if repairs == max_repairs:
            details = {"problems": problems, "answer": completed.text[:ANSWER_SHOWN], "repairs": repairs}
            raise _failed("invalid_structure", "The model's answer does not fit the schema.", model, details)
        wrong = WRONG.format(problems="\n".join(f"- {problem}" for problem in problems))
        said = (Message("assistant", completed.text or "-"), Message("user", wrong))
        asked = msgspec.structs.replace(asked, messages=(*asked.messages, *said))
        repairs += 1


def _read(text: str, schema: Schema | None) -> tuple[Any, list[str]]:
    """The JSON of an answer, and what is wrong with it."""
    try:
        value = parse(text)
    except ValueError:
        return None, ["It is no JSON."]
    return value, schema.problems(value) if schema else []


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


def _task(schema: Schema | None) -> str:
    return TASK if schema is None else f"{TASK}\n{FITTING.format(schema=orjson.dumps(schema.schema).decode())}"


def _failed(code: str, message: str, model: Model, details: Mapping[str, Any]) -> NodeFailed:
    return _with_usage(NodeFailed(code, message, retryable=True, model=model.name, **details), model)


def _with_usage(failure: NodeFailed, model: Model) -> NodeFailed:
    failure.usage = model.usage
    return failure


def parse(text: str) -> Any:
    """The JSON in a model's answer: all of it, what stands in its first fence, or from its first bracket to its last.

    :class:`ValueError` when there is none.
    """
    for candidate in _candidates(text):
        try:
            return orjson.loads(candidate)
        except orjson.JSONDecodeError:
            continue
    raise ValueError("no JSON")


def _candidates(text: str) -> Iterator[str]:
    yield text
    fenced = FENCE.search(text)
    if fenced:
        yield fenced[1]
    for opening, closing in sorted(("{}", "[]"), key=lambda pair: text.find(pair[0]) % (len(text) + 1)):
        begin, end = text.find(opening), text.rfind(closing)
        if 0 <= begin < end:
            yield text[begin : end + 1]
