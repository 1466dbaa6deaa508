"""Evaluates hostile expressions, each in its turn, in a process that may use little memory; a program of its own.

Reads a list of expressions as JSON, and writes a line for each, also as JSON: what it came to.
"""

from __future__ import annotations

import faulthandler
import json
import sys
from typing import Any

from athena.expressions import ExpressionError, compile_text

MEMORY = 1_500_000_000
"""Bytes of address space, of which the interpreter and the libraries take a third."""
PATIENCE = 20
"""Seconds for one expression, many times what any takes: whoever takes longer is stuck."""

SCOPE: dict[str, Any] = {
    "many": list(range(100_000)),
    "long": "x" * 1_000_000,
    "longer": "é" * 4_000_000,
    "nul": "a\0b",
    "half": "a\ud800b",
    "body": {"text": "abc", "deep": json.loads("[" * 500 + "]" * 500)},
}


def outcome(expression: str) -> str:
    try:
        found = compile_text(f"{{{{ {expression} }}}}", frozenset(SCOPE)).evaluate(SCOPE)
    except ExpressionError as error:
        return f"refused: {error.message}"
    return f"gives {type(found).__name__} of {len(found) if isinstance(found, (str, list, dict)) else found}"


def main() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for expression in json.load(sys.stdin):
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        sys.stdout.write(f"{json.dumps(outcome(expression))}\n")
        sys.stdout.flush()
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
