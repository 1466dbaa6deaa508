"""The node `code`: Python of the workflow's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.node_types.conftest import Bench, problems


async def test_code_gets_what_comes_in_and_gives_its_result(bench: Bench) -> None:
    data = {"code": "print('adding')\nresult = {'sum': sum(input['numbers'])}"}
    result = await bench.perform("code", data, given={"numbers": [1, 2]})
    assert result.outputs["output"] == {"sum": 3}
    assert result.details == {"printed": "adding\n"}


async def test_code_gets_the_inputs_that_are_named(bench: Bench) -> None:
    data = {"code": "result = [a, b]  # {{ no.expression }}", "inputs": {"a": "{{ input.x + 1 }}", "b": "text"}}
    assert (await bench.perform("code", data, given={"x": 1})).outputs["output"] == [2, "text"]


@pytest.mark.parametrize(
    ("code", "expected", "line"),
    [
        ("x = 1\nraise ValueError('too bad')", "code_runtime", 2),
        ("x = (", "code_syntax", 1),
        ("while True: pass", "code_timeout", None),
        ("import os\nresult = os.listdir('/')", "code_runtime", 2),
    ],
)
async def test_code_that_fails_says_where(bench: Bench, code: str, expected: str, line: int | None) -> None:
    error = await bench.failure("code", {"code": code, "seconds": 0.2})
    assert (error.code, error.retryable) == (expected, False)
    assert line is None or error.details["line"] == line


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "data.code"),
        ({"code": "x", "seconds": 100}, "data.seconds"),
        ({"code": "x", "memory_mb": 0}, "data.memory_mb"),
        ({"code": "x", "inputs": {"not a name": 1}}, "data.inputs.not a name.[key]"),
        ({"code": "x", "inputs": {"a": "{{ secrets.KEY }}"}}, "data.inputs.a"),
    ],
)
def test_limits_and_names_are_checked(data: dict[str, Any], path: str) -> None:
    assert [place for place, _ in problems("code", data)] == [path]
