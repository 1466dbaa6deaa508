"""What a process loads before it has anything to do: what few need is loaded when it is first used."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "mcp",
    "mcp_types",
    "httpx2",
    "alembic",
    "genai_prices",
    "granian",
    "markitdown",
    "numpy",
    "onnxruntime",
    "openai",
    "pdfminer",
    "PIL",
    "pydantic_monty",
    "tokenizers",
    "uvicorn",
)


def test_serving_loads_nothing_that_only_some_features_need() -> None:
    code = (
        "import sys, athena.server, athena.app, athena.process, athena.worker\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == []
