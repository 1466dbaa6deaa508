"""Code runs with its inputs and gives what it leaves in `result`, or an error that says why not."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from athena.sandbox import MAX_CODE_BYTES, MAX_INPUT_BYTES, CodeError, CodeResult, Limits, PythonSandbox

ENDLESS = "while True: pass"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(scope="module")
async def sandbox() -> AsyncGenerator[PythonSandbox]:
    opened = PythonSandbox()
    yield opened
    await opened.close()


async def failure(sandbox: PythonSandbox, code: str, inputs: dict[str, Any] | None = None, **limits: Any) -> CodeError:
    with pytest.raises(CodeError) as caught:
        await sandbox.run(code, inputs or {}, limits=Limits(**limits), name="score.py")
    return caught.value


async def test_the_value_is_that_of_result_and_prints_are_kept_apart(sandbox: PythonSandbox) -> None:
    code = 'total = sum(row["price"] for row in rows)\nprint("rows:", len(rows))\nresult = {"total": total, "of": name}'
    ran = await sandbox.run(code, {"rows": [{"price": 2}, {"price": 0.5}], "name": "Zoë"})
    assert ran.value == {"total": 2.5, "of": "Zoë"}
    assert ran.printed == "rows: 2\n"


async def test_code_that_sets_no_result_gives_none(sandbox: PythonSandbox) -> None:
    assert (await sandbox.run("1 + 1", {})).value is None
    assert (await sandbox.run("", {})).value is None


async def test_functions_classes_and_modules_are_there(sandbox: PythonSandbox) -> None:
    code = """
import re, json, math, datetime, collections, asyncio
class Box:
    def __init__(self, items): self.items = items
    def widest(self): return max(self.items, key=len)
async def later(): return 3
words = re.findall(r"\\w+", text)
result = [Box(words).widest(), collections.Counter(words).most_common(1), math.floor(2.7), await later(),
          (datetime.date(2026, 2, 28) + datetime.timedelta(days=1)).isoformat(), json.loads("[1]")]
"""
    ran = await sandbox.run(code, {"text": "to be or not to be, whatever"})
    assert ran.value == ["whatever", [["to", 2]], 2, 3, "2026-03-01", [1]]


async def test_the_modules_that_the_page_names_are_there(sandbox: PythonSandbox) -> None:
    page = (Path(__file__).parents[2] / "docs" / "code.md").read_text("utf-8")
    table = page.partition("| module |")[2].partition("\n\n")[0]
    modules = [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert len(modules) > 20
    await sandbox.run("import " + ", ".join(modules), {})


async def test_a_program_may_call_its_variables_as_it_likes(sandbox: PythonSandbox) -> None:
    assert (await sandbox.run("json = 1\nlen = 2\nprint = str = 3\nresult = (json, len)", {})).value == [1, 2]


@contextlib.contextmanager
def opened() -> Generator[Callable[..., CodeResult]]:
    """Runs code on a loop of its own, which only works while it is waited for: values are drawn undisturbed."""
    with asyncio.Runner() as runner:
        sandbox = PythonSandbox()
        try:
            yield lambda *args, **options: runner.run(asyncio.wait_for(sandbox.run(*args, **options), 30))
        finally:
            runner.run(sandbox.close())


def test_every_json_value_comes_through_unchanged() -> None:
    with opened() as run:

        @settings(max_examples=60, deadline=None)
        @given(value=JSON)
        @example(value={"": [{}, [], "\0", "\u2028", -(2**63), 2**64 - 1, 5e-324, -0.0]})
        def comes_through(value: Any) -> None:
            assert run("result = value", {"value": value}).value == value

        comes_through()


def test_whatever_the_code_is_there_is_a_result_or_an_error_that_says_why() -> None:
    pieces = st.sampled_from(
        ["result", "=", "x", "\n", " ", "(", ")", "[", "]", ":", "if", "for", "in", "def", "**9", "'"]
    )
    with opened() as run:

        @settings(max_examples=60, deadline=None)
        @given(code=st.lists(pieces, max_size=12).map("".join) | st.text(max_size=40))
        @example(code="\ud800")
        def is_answered(code: str) -> None:
            kind = "runtime"
            try:
                run(code, {"x": 3}, limits=Limits(seconds=1, memory_mb=16))
            except CodeError as error:
                kind = error.kind
            assert kind in {"syntax", "runtime", "timeout", "memory", "not_serialisable"}

        is_answered()


async def test_an_error_tells_where_and_names_no_file_of_this_machine(sandbox: PythonSandbox) -> None:
    error = await failure(sandbox, "print('before')\ndef rate(x):\n    return 1 / x\n\nresult = rate(0)")
    assert (error.kind, error.message, error.line) == ("runtime", "ZeroDivisionError: division by zero", 3)
    assert error.printed == "before\n"
    assert error.traceback.startswith('Traceback (most recent call last):\n  File "score.py", line 5, in <module>\n')
    assert 'File "score.py", line 3, in rate\n    return 1 / x\n' in error.traceback


async def test_a_syntax_error_tells_its_line(sandbox: PythonSandbox) -> None:
    error = await failure(sandbox, "x = 1\ny = (2")
    assert (error.kind, error.line) == ("syntax", 2)
    assert 'File "score.py", line 2' in error.traceback


async def test_what_this_python_does_not_have_is_told_as_such(sandbox: PythonSandbox) -> None:
    error = await failure(sandbox, "x = 1\nclass Odd(Exception): pass")
    assert (error.kind, error.line) == ("syntax", 2)
    assert error.message == "not supported here: class inheritance and metaclasses"


async def test_a_line_within_exec_is_not_taken_for_one_of_the_code(sandbox: PythonSandbox) -> None:
    assert (await failure(sandbox, 'x = 1\nexec("\\n\\n\\n1/0")')).line == 2


async def test_errors_are_of_a_bearable_size(sandbox: PythonSandbox) -> None:
    error = await failure(sandbox, 'raise ValueError("x" * 1_000_000)')
    assert (error.kind, error.line) == ("runtime", 1)
    assert len(error.message) < 1100
    assert len(error.traceback) < 8100


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("{1}", "type set"),
        ("b'x'", "type bytes"),
        ("lambda: 1", "type function"),
        ("type('a')", "type type"),
        ("[{'when': __import_datetime.date(2026, 1, 1)}]", "type date"),
        ("{(1, 2): 3}", "tuple"),
        ("float('nan')", "nan"),
        ("[1e999]", "inf"),
        ("2**64", "64-bit"),
        ("10**4400", "digits"),
    ],
)
async def test_a_result_that_is_not_json_is_refused_by_its_type(
    sandbox: PythonSandbox, expression: str, says: str
) -> None:
    error = await failure(sandbox, f"import datetime as __import_datetime\nresult = {expression}")
    assert error.kind == "not_serialisable"
    assert says in error.message


@pytest.mark.parametrize(
    ("inputs", "kind", "says"),
    [
        ({"x": {1, 2}}, "not_serialisable", "set"),
        ({"x": "\ud800"}, "not_serialisable", "surrogates"),
        ({"x": 2**64}, "not_serialisable", "64-bit"),
        ({"two words": 1}, "syntax", "two words"),
        ({"class": 1}, "syntax", "class"),
        ({"x": "a" * MAX_INPUT_BYTES}, "memory", "inputs"),
    ],
)
async def test_inputs_that_cannot_be_variables_are_refused(
    sandbox: PythonSandbox, inputs: dict[str, Any], kind: str, says: str
) -> None:
    error = await failure(sandbox, "result = 1", inputs)
    assert error.kind == kind
    assert says in error.message


async def test_code_has_a_greatest_length(sandbox: PythonSandbox) -> None:
    assert (await sandbox.run("#" * MAX_CODE_BYTES, {})).value is None
    assert (await failure(sandbox, "#" * (MAX_CODE_BYTES + 1))).kind == "syntax"


async def test_result_and_prints_may_each_be_as_large_as_the_limit(sandbox: PythonSandbox) -> None:
    ran = await sandbox.run("print('x' * 999)\nresult = 'é' * 499", {}, limits=Limits(output_bytes=1000))
    assert (ran.value, ran.printed) == ("é" * 499, "x" * 999 + "\n")
    for code in ("print('x' * 1000)", "result = 'é' * 500", "import sys\nprint('x' * 1000, file=sys.stderr)"):
        assert (await failure(sandbox, code, output_bytes=1000)).kind == "output_too_large"


@pytest.mark.parametrize(
    "limits",
    [
        {"seconds": 0},
        {"seconds": 61},
        {"seconds": math.nan},
        {"memory_mb": 513},
        {"output_bytes": -1},
        {"recursion": 1001},
    ],
)
def test_limits_have_limits(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        Limits(**limits)


async def test_nothing_of_one_run_is_visible_to_the_next(sandbox: PythonSandbox) -> None:
    await sandbox.run("import math, random\nsecret = 1\nmath_pi = 3\nrandom.seed(1)\nresult = 5", {"given": 2})
    for name in ("secret", "given", "math", "math_pi"):
        assert (await failure(sandbox, f"result = {name}")).message == f"NameError: name '{name}' is not defined"
    assert (await sandbox.run("", {})).value is None
    draws = [(await sandbox.run("import random\nresult = random.random()", {})).value for _ in range(3)]
    assert len(set(draws)) == 3


async def test_many_runs_at_once_each_get_their_own_answer(sandbox: PythonSandbox) -> None:
    codes = [ENDLESS, "x = [0] * 10**9", "1 / 0", *("print(n)\nresult = n * 2" for _ in range(40))]
    runs = (sandbox.run(code, {"n": n}, limits=Limits(seconds=0.3, memory_mb=16)) for n, code in enumerate(codes))
    bad_time, bad_memory, bad_code, *good = await asyncio.gather(*runs, return_exceptions=True)
    kinds = [getattr(error, "kind", None) for error in (bad_time, bad_memory, bad_code)]
    assert kinds == ["timeout", "memory", "runtime"]
    assert [getattr(ran, "value", ran) for ran in good] == [2 * n for n in range(3, 43)]


async def test_the_event_loop_goes_on_meanwhile(sandbox: PythonSandbox) -> None:
    long = asyncio.create_task(sandbox.run(ENDLESS, {}, limits=Limits(seconds=30)))
    for n in range(20):
        assert (await sandbox.run("result = n", {"n": n})).value == n
    assert not long.done()
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long


async def test_only_so_many_run_at_a_time_and_who_waits_too_long_is_refused() -> None:
    sandbox = PythonSandbox(slots=1, wait_seconds=0.2)
    long = asyncio.create_task(sandbox.run(ENDLESS, {}, limits=Limits(seconds=30)))
    await asyncio.sleep(0)
    assert (await failure(sandbox, "result = 1")).kind == "unavailable"
    long.cancel()
    patient = PythonSandbox(slots=1, wait_seconds=30)
    answers = await asyncio.gather(*(patient.run("result = n", {"n": n}) for n in range(5)))
    assert [ran.value for ran in answers] == [0, 1, 2, 3, 4]
    await sandbox.close()
    await patient.close()


async def test_a_run_that_nobody_waits_for_any_more_gives_its_place_back() -> None:
    sandbox = PythonSandbox(slots=1)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sandbox.run(ENDLESS, {}, limits=Limits(seconds=60)), 0.1)
    assert (await sandbox.run("result = 1", {})).value == 1
    await sandbox.close()


async def test_closing_ends_what_runs_and_what_waits() -> None:
    sandbox = PythonSandbox(slots=1)
    runs = [asyncio.create_task(sandbox.run(ENDLESS, {}, limits=Limits(seconds=60))) for _ in range(3)]
    await asyncio.sleep(0.1)
    await sandbox.close()
    ended = await asyncio.gather(*runs, return_exceptions=True)
    assert [getattr(error, "kind", error) for error in ended] == ["unavailable"] * 3
    assert (await failure(sandbox, "result = 1")).kind == "unavailable"
    await sandbox.close()


async def test_an_interpreter_that_cannot_be_started_is_told_without_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONTY_BIN", "/nowhere/monty")
    sandbox = PythonSandbox()
    error = await failure(sandbox, "result = 1")
    assert error.kind == "unavailable"
    assert "/nowhere" not in error.message
    await sandbox.close()


def test_what_runs_no_code_loads_no_interpreter() -> None:
    code = "import sys, athena.sandbox\nathena.sandbox.PythonSandbox()\nprint('pydantic_monty' in sys.modules)"
    run = functools.partial(subprocess.run, capture_output=True, text=True, timeout=60, check=True)
    assert run([sys.executable, "-c", code]).stdout == "False\n"
