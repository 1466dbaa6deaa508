"""The console's pure parts, by their own tests."""

from __future__ import annotations

import subprocess
import sys

from tests.console.conftest import ROOT


def test_the_parts_of_the_console() -> None:
    """Streams, answers, branches, folders by time and texts, as `web/src/**/*.test.ts` describe them."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "console.py"), "test"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
