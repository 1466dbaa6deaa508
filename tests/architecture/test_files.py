"""How long things may be, and what they may not be called."""

from __future__ import annotations

import ast
import re
from typing import Any

Modules = list[Any]

FILE_LINES = 400
FUNCTION_LINES = 50
HANDLER_LINES = 15
VAGUE = {"utils", "util", "helpers", "helper", "common", "constants", "misc"}
# A program of its own that stands in for a model server; it is taken over as it is.
FOREIGN = {"tests/mockllm.py"}


def test_files_are_short(everything: Modules) -> None:
    long = {
        each.name: lines
        for each in everything
        if each.name not in FOREIGN and (lines := len(each.text.splitlines())) > FILE_LINES
    }
    assert not long


def test_functions_are_short(everything: Modules) -> None:
    long = {
        f"{each.name}:{function.lineno} {function.name}": lines
        for each in everything
        if each.name not in FOREIGN
        for function in each.functions()
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    }
    assert not long


def test_handlers_are_short(modules: Modules) -> None:
    long: dict[str, int] = {}
    for each in modules:
        if each.path.name != "endpoints.py":
            continue
        for function in each.functions():
            statements = function.body[1:] if ast.get_docstring(function) else function.body
            lines = (function.end_lineno or 0) - statements[0].lineno + 1 if statements else 0
            if lines > HANDLER_LINES:
                long[f"{each.name}:{function.lineno} {function.name}"] = lines
    assert not long


def test_names_say_something(everything: Modules) -> None:
    assert not [each.name for each in everything if VAGUE & {*each.path.with_suffix("").parts[-3:]}]


def test_everything_public_is_described(modules: Modules) -> None:
    silent = [each.name for each in modules if each.text.strip() and ast.get_docstring(each.tree) is None]
    assert not silent


def test_nothing_is_left_for_later(modules: Modules) -> None:
    mark = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert not [each.name for each in modules if mark.search(each.text)]
