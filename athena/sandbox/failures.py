"""The interpreter's errors as errors of the code."""

from __future__ import annotations

import re
from typing import Literal

from pydantic_monty import MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

from athena.sandbox.errors import CodeError, Kind
from athena.sandbox.program import Limits, Program

MESSAGE_CHARACTERS = 1000
TRACEBACK_CHARACTERS = 8000
_FILE = re.compile(r"<python-input-\d+>")
_OUT_OF_MEMORY = ("memory limit exceeded", "the worker exceeded its memory limit")
_NO_SUCH_SYNTAX = "The monty syntax parser does not yet support "
_OUT_OF_TIME = ("feed time limit exceeded", "turn time limit exceeded")


def translated(error: Exception, program: Program, printed: str) -> CodeError:
    """What ``error``, raised while ``program`` ran, is to whoever wrote it."""
    kind, message = _told(error, program.limits)
    return CodeError(
        kind, shortened(message), line=_line(error), traceback=_traceback(error, program.name), printed=printed
    )


def limit_of(error: Exception) -> Literal["timeout", "memory"] | None:
    """The limit that ``error`` reports, rather than a mistake of the code."""
    if isinstance(error, MontyCrashedError):
        return "timeout" if error.timed_out else None
    if isinstance(error, MontyRuntimeError):
        message = error.display("msg")
        inner = error.exception()
        if isinstance(inner, MemoryError) and message.startswith(_OUT_OF_MEMORY):
            return "memory"
        if isinstance(inner, TimeoutError) and message.startswith(_OUT_OF_TIME):
            return "timeout"
    return None


def shortened(text: str) -> str:
    """``text`` as far as it belongs into a message."""
    return text if len(text) <= MESSAGE_CHARACTERS else text[:MESSAGE_CHARACTERS] + "…"


def _told(error: Exception, limits: Limits) -> tuple[Kind, str]:
    match limit_of(error), error:
        case "timeout", _:
            told: tuple[Kind, str] = "timeout", f"the code took longer than {limits.seconds:g} seconds"
        case "memory", _:
            told = "memory", f"the code needs more than {limits.memory_mb} MB of memory"
        case _, MontySyntaxError():
            told = "syntax", error.display("msg")
        case _, MontyRuntimeError() if error.display("msg").startswith(_NO_SUCH_SYNTAX):
            told = "syntax", "not supported here: " + error.display("msg").removeprefix(_NO_SUCH_SYNTAX)
        case _, MontyRuntimeError():
            told = "runtime", error.display("type-msg")
        case _, MontyCrashedError():
            told = "crashed", "the interpreter ended unexpectedly"
        case _, MontyError():
            told = "runtime", str(error)
        case _:
            # Its own text names files of this machine.
            told = "unavailable", "no code can be run now: the interpreter could not be started"
    return told


def _line(error: Exception) -> int | None:
    if not isinstance(error, MontyRuntimeError | MontySyntaxError):
        return None
    # What is inside of exec() and eval() has lines of its own.
    return next((frame.line for frame in reversed(error.traceback()) if _FILE.fullmatch(frame.filename)), None)


def _traceback(error: Exception, name: str) -> str:
    if not isinstance(error, MontyRuntimeError | MontySyntaxError):
        return ""
    text = _FILE.sub(lambda _: name, error.display("traceback"))
    return text if len(text) <= TRACEBACK_CHARACTERS else "…" + text[-TRACEBACK_CHARACTERS:]
