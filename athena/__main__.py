"""``athena`` and ``python -m athena``."""

from __future__ import annotations

import sys

from athena import __version__


def main() -> None:
    """The entry point. The version is told without loading the rest."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"athena {__version__}\n")
        return
    from athena.cli import run  # noqa: PLC0415 - costs more than the answer above

    run()


if __name__ == "__main__":
    main()
