"""``athena`` and ``python -m athena``."""

from __future__ import annotations

import sys

from athena import __version__


def main() -> None:
    """The entry point. The version is told without loading the rest."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"athena {__version__}\n")
        return
    try:
        from athena.cli import run  # noqa: PLC0415 - costs more than the answer above

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
