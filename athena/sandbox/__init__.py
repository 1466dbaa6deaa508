"""Runs Python that users and models write: without network, files or environment, and within limits."""

from athena.sandbox.errors import CodeError, Kind
from athena.sandbox.program import (
    MAX_CODE_BYTES,
    MAX_INPUT_BYTES,
    MAX_MEMORY_MB,
    MAX_OUTPUT_BYTES,
    MAX_SECONDS,
    CodeResult,
    Limits,
)
from athena.sandbox.sandbox import PythonSandbox

__all__ = [
    "MAX_CODE_BYTES",
    "MAX_INPUT_BYTES",
    "MAX_MEMORY_MB",
    "MAX_OUTPUT_BYTES",
    "MAX_SECONDS",
    "CodeError",
    "CodeResult",
    "Kind",
    "Limits",
    "PythonSandbox",
]
