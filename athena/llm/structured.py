"""JSON in a model's answers: what is asked for, how it is found in the text, and what is wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import jsonschema_rs
import orjson

PROBLEMS_MOST: Final = 10
PROBLEM_LENGTH: Final = 300
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


def task(schema: Schema | None) -> str:
    """The words with which JSON is asked for."""
    return TASK if schema is None else f"{TASK}\n{FITTING.format(schema=orjson.dumps(schema.schema).decode())}"


def correction(problems: Sequence[str]) -> str:
    """The words with which an answer is sent back."""
    return WRONG.format(problems="\n".join(f"- {problem}" for problem in problems))


def read(text: str, schema: Schema | None) -> tuple[Any, list[str]]:
    """The JSON of an answer, and what is wrong with it."""
    try:
        value = parse(text)
    except ValueError:
        return None, ["It is no JSON."]
    return value, schema.problems(value) if schema else []


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
