"""Installs Athena into ``.venv``: ``setup.py run`` what it needs to run, ``setup.py dev`` the developers' tools too.

Needs nothing but Python's own library. What is there and right is kept, so that a second call takes no time. Packages
come from wherever this machine's pip gets them, and are accepted by the hashes in the lock files alone.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "athena-setup.json"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
UV_LOCK = ROOT / "requirements-uv.lock"
MINIMUM = (3, 11)
PROBE = "import json, pip, sys; print(json.dumps([list(sys.version_info[:3]), sys.prefix]))"
SHOWN_LINES = 15

FROM_PIP: Mapping[str, str] = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "proxy": "ALL_PROXY",
    "cert": "SSL_CERT_FILE",
}
"""pip's options, and the variables by which uv takes the same; it does not read pip's configuration by itself."""


class SetupError(Exception):
    """It cannot be installed; the text says why and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Installs; the exit status."""
    kind = arguments[0] if arguments else "run"
    if kind not in LOCKS:
        sys.stderr.write("usage: setup.py [run|dev]\n")
        return 2
    try:
        install(kind)
    except SetupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nsetup: stopped; the next call goes on from here\n")
        return 130
    return 0


def install(kind: str) -> None:
    """Brings ``.venv`` to what ``kind`` needs. The developers' tools, once there, stay for ``run`` too."""
    wanted = fingerprint()
    stamp = read_stamp()
    found = probe()
    if found is not None and stamp == {**wanted, "python": found, "kind": stamp.get("kind")}:
        if kind == "run" or stamp["kind"] == "dev":
            return
        kind = "dev"
    if found is None or stamp.get("path") not in {None, wanted["path"]}:
        make_venv()
    STAMP.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip"]
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    run("Installing uv", [*pip, "install", *quiet, "--require-hashes", "--no-deps", "-r", str(UV_LOCK)])
    packages = sum(1 for line in LOCKS[kind].read_text("utf-8").splitlines() if "==" in line)
    uv = [str(PYTHON), "-m", "uv", "pip", "sync", "--python", str(PYTHON)]
    # Compiled now, because a program that has to compile its libraries starts in four seconds instead of one.
    sync = [*uv, "--compile-bytecode", "--require-hashes", str(LOCKS[kind])]
    run(f"Installing {packages} packages", sync, environment=uv_environment())
    link_project()
    STAMP.write_text(json.dumps({**wanted, "python": probe(), "kind": kind}, indent=2) + "\n", "utf-8")


def fingerprint() -> dict[str, str]:
    """What the installation must have been made from and for."""
    locks = hashlib.sha256(b"\0".join(path.read_bytes() for path in (UV_LOCK, *LOCKS.values())))
    return {"locks": locks.hexdigest(), "path": str(ROOT)}


def read_stamp() -> dict[str, Any]:
    """What the last complete installation noted; empty without one."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", stamp) if isinstance(stamp, dict) else {}


def probe() -> str | None:
    """The version of ``.venv``'s Python; None without one that works, is new enough, and at home here."""
    try:
        done = subprocess.run([PYTHON, "-I", "-c", PROBE], capture_output=True, text=True, check=True, timeout=60)
        version, prefix = json.loads(done.stdout)
        at_home = Path(prefix).resolve() == VENV.resolve()
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return ".".join(map(str, version)) if at_home and tuple(version) >= MINIMUM else None


def make_venv() -> None:
    """A new ``.venv``, in place of a broken one."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for module in ("venv", "ensurepip"):
        if find_spec(module) is None:
            raise SetupError(
                f"{sys.executable} lacks the module {module}, which makes virtual environments; "
                f"on Debian and Ubuntu: apt install {name}-venv"
            )
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        try:
            shutil.rmtree(VENV)
        except OSError as error:
            raise SetupError(f"cannot replace {error.filename}: {error.strerror}; remove {VENV} by hand") from error
    run(f"Making .venv with Python {sys.version.split()[0]}", [sys.executable, "-m", "venv", str(VENV)])


def link_project() -> None:
    """Makes the package ``athena`` of this checkout importable, and ``.venv/bin/athena`` its command.

    Both are made by hand rather than by a build: that needs no build tool, and no interpreter line, which a path
    with a space in it would break.
    """
    purelib = subprocess.run(
        [PYTHON, "-I", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    Path(purelib, "athena-checkout.pth").write_text(f"{ROOT}\n", "utf-8")
    command = VENV / "bin" / "athena"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(str(PYTHON))} -m athena "$@"\n', "utf-8")
    command.chmod(0o755)


def uv_environment() -> dict[str, str]:
    """The environment of this process, with pip's configuration where uv reads it, unless that is set."""
    environment = dict(os.environ)
    listed = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    for option, value in pip_options(listed.stdout).items():
        variable = FROM_PIP.get(option)
        if variable is None or variable in environment:
            continue
        words = value.split()
        # One index after another, as pip does: what is taken is decided by the hashes, not by the place.
        environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
        environment[variable] = ",".join(words) if variable == "UV_FIND_LINKS" else " ".join(words)
    return environment


def pip_options(listing: str) -> dict[str, str]:
    """The options in what ``pip config list`` prints: the general ones, then ``install``'s, then the environment's."""
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.partition(".")
        with contextlib.suppress(ValueError, SyntaxError):
            sections.get(section, {})[option] = str(ast.literal_eval(value))
    return {**sections["global"], **sections["install"], **sections[":env:"]}


def run(title: str, command: Sequence[str], *, environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Runs ``command`` and shows that it is at work; its own output only when it fails."""
    begun = time.monotonic()
    shows = sys.stdout.isatty()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=cwd
        )
        try:
            write(f"{title} …" if shows else f"{title} …\n")
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.5 if shows else 15)
                seconds = time.monotonic() - begun
                if process.returncode is not None:
                    break
                write(f"\r{title} … {seconds:.0f} s" if shows else f"  {seconds:.0f} s …\n")
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        write(f"\r{title}: done in {seconds:.1f} s\n" if shows else "")
        if process.returncode:
            output.seek(0)
            said = output.read().decode("utf-8", errors="replace").splitlines()
            sys.stderr.write("".join(f"  {line}\n" for line in said[-SHOWN_LINES:]))
            raise SetupError(f"“{title}” failed with status {process.returncode}; the lines above say why")


def write(text: str) -> None:
    """Shows ``text`` at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
