"""``make check``: everything that the pipeline checks besides running the tests. All of it runs, whatever fails."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("-m", "ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("-m", "ruff", "check", "--quiet", ".")),
    ("types", ("-m", "pyright")),
    ("layers", ("-c", LAYERS)),
    ("documentation", ("-m", "mkdocs", "build", "--strict", "--quiet")),
    ("console", ("scripts/console.py", "check")),
    ("architecture, documents, commits", ("-m", "pytest", "tests/architecture")),
)
SHOWN_LINES = 80


def main() -> int:
    """Runs every check; 1 when one fails."""
    failed: list[str] = []
    for name, call in CHECKS:
        begun = time.monotonic()
        done = subprocess.run([sys.executable, *call], cwd=ROOT, capture_output=True, text=True, check=False)
        verdict = "fails" if done.returncode else "ok"
        print(f"{name}: {verdict} ({time.monotonic() - begun:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
            print("\n".join((done.stdout + done.stderr).splitlines()[-SHOWN_LINES:]), flush=True)
    if failed:
        print(f"check: {len(failed)} of {len(CHECKS)} failed: {'; '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
