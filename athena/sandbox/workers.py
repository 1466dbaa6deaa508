"""One process of the interpreter for each run, through the interpreter's own pool. Blocks: for threads only.

The asynchronous pool of ``pydantic_monty`` is not used: a third of the processes that had used it aborted at their end,
since its threads still wanted the interpreter's lock then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

import orjson
from pydantic_monty import (
    CollectString,
    Monty,
    MontyComplete,
    MontyError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    ResourceLimits,
)

from athena.sandbox import failures
from athena.sandbox.confinement import confine
from athena.sandbox.errors import CodeError
from athena.sandbox.program import MAX_CODE_BYTES, MAX_INPUT_BYTES, MAX_SECONDS, CodeResult, Limits, Program

GRACE_SECONDS = 0.5
"""How long past its limit a worker may take to stop by itself; then it is killed."""
START_SECONDS = 10.0


class Workers:
    """As many workers as there are runs, and at most ``most``."""

    def __init__(self, most: int) -> None:
        self._pool = Monty(
            min_processes=0,
            max_processes=most,
            # A new process for each run costs two milliseconds, and leaves nothing of one tenant to the next.
            max_checkouts_per_worker=1,
            checkout_timeout=START_SECONDS,
            request_timeout=MAX_SECONDS + START_SECONDS,
            feed_duration_limit_grace=GRACE_SECONDS,
        )
        self._pool.__enter__()

    def close(self) -> None:
        """Gives everything back; for when nothing runs any more."""
        self._pool.__exit__(None, None, None)

    def run(self, program: Program) -> CodeResult:
        """What ``program`` gives; :class:`CodeError` if it gives nothing."""
        inputs = _checked(program)
        try:
            return self._attempt(program, inputs)
        except CodeError as error:
            # Code changes nothing outside, so it can be run once more after a worker was killed from elsewhere: by a
            # Ctrl-C at the terminal, or for want of memory.
            if error.kind != "crashed":
                raise
        return self._attempt(program, inputs)

    def _attempt(self, program: Program, inputs: dict[str, Any]) -> CodeResult:
        limits, printed = program.limits, _Printed(program)
        allowed = ResourceLimits(
            max_feed_duration_secs=limits.seconds,
            max_memory=limits.memory_mb * 1_000_000,
            max_recursion_depth=limits.recursion,
        )
        try:
            # There is no answer to a sleep, which refuses it: it would only hold the place of others.
            with self._pool.checkout(limits=allowed, os_policy={"sleep": "call_host"}) as session:
                try:
                    _begin(program, session)
                    _execute(session, program.code, inputs, printed)
                    text = _result(session, program)
                finally:
                    program.end()
            return CodeResult(_parsed(text, limits), printed.text)
        except CodeError as error:
            error.printed = printed.text
            raise
        except (MontyError, RuntimeError, TimeoutError, OSError) as error:
            if program.stopped:
                raise CodeError("unavailable", "the run was ended from outside", printed=printed.text) from error
            if printed.too_much:
                raise CodeError(
                    "output_too_large",
                    f"the code prints more than {limits.output_bytes:,} bytes",
                    printed=printed.text,
                ) from error
            raise failures.translated(error, program, printed.text) from error


class _Printed:
    """Collects what a program prints, and kills its worker when that is too much."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._left = program.limits.output_bytes
        self._parts: list[str] = []
        self.too_much = False

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def __call__(self, stream: Literal["stdout", "stderr"], text: str) -> None:
        del stream
        self._left -= len(text.encode())
        if self._left < 0:
            self.too_much = True
            self._program.kill()
        else:
            self._parts.append(text)


def _checked(program: Program) -> dict[str, Any]:
    """The program's inputs as plain JSON values."""
    if len(program.code.encode(errors="surrogatepass")) > MAX_CODE_BYTES:
        raise CodeError("syntax", f"the code is longer than {MAX_CODE_BYTES:,} bytes")
    try:
        text = orjson.dumps(dict(program.inputs))
    except TypeError as error:
        raise CodeError("not_serialisable", f"the inputs are not JSON: {error}") from error
    if len(text) > MAX_INPUT_BYTES:
        raise CodeError("memory", f"the inputs take more than {MAX_INPUT_BYTES:,} bytes")
    return orjson.loads(text)


def _begin(program: Program, session: MontySession) -> None:
    worker = session.worker_pid
    program.begin(worker)
    if worker is not None:
        seconds = 2 * (program.limits.seconds + GRACE_SECONDS) + 1
        # When it is gone already, the first request finds that out.
        with suppress(ProcessLookupError):
            confine(worker, cpu_seconds=seconds, memory_mb=program.limits.memory_mb)


def _execute(session: MontySession, code: str, inputs: Mapping[str, Any], printed: _Printed) -> None:
    # In steps, since the value of a last expression is made into Python objects only by feed_run.
    # The interpreter binds no inputs for a text of no length.
    step = session.feed_start(code or "\n", inputs={"result": None, **inputs}, print_callback=printed)
    while not isinstance(step, MontyComplete):
        step = step.resume_auto()


def _result(session: MontySession, program: Program) -> object:
    """The variable ``result`` as JSON, written in the worker, whose limits hold for that, too."""
    most = program.limits.output_bytes + 1
    try:
        return session.feed_run(
            f"import json\njson.dumps(result, allow_nan=False, ensure_ascii=False, separators=(',', ':'))[:{most}]",
            print_callback=CollectString(),
        )
    except (MontyRuntimeError, MontySyntaxError) as error:
        if failures.limit_of(error) is not None:
            raise
        raise CodeError("not_serialisable", f"`result` is not JSON: {failures.shortened(str(error))}") from error


def _parsed(text: object, limits: Limits) -> Any:
    if not isinstance(text, str):
        raise CodeError("not_serialisable", "`result` is not JSON")
    if len(text.encode()) > limits.output_bytes:
        raise CodeError("output_too_large", f"`result` has more than {limits.output_bytes:,} bytes as JSON")
    try:
        value = json.loads(text)
        # What all of Athena writes JSON with takes neither integers beyond 64 bits nor very deep nesting.
        orjson.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise CodeError("not_serialisable", f"`result` is not JSON: {error}") from error
    return value
