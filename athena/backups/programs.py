"""PostgreSQL's programs for dumps: those that come with Athena, or for TLS those on the path."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from athena.kit.errors import StartupError
from athena.postgres.binaries import find_binaries
from athena.postgres.errors import PostgresError

NAMES: Final = ("pg_dump", "pg_restore", "psql")
TLS: Final = frozenset({"require", "verify-ca", "verify-full"})
LONGEST_SECONDS: Final = 24 * 60 * 60
CONNECT_SECONDS: Final = "10"
HEAD_BYTES: Final = 64 * 1024
UNKNOWN_SETTING: Final = b"SET transaction_timeout = 0;\n"
"""What a dump of PostgreSQL 17 and newer begins with, and servers before it do not know."""
COMPRESSION: Final = "3"


@dataclass(frozen=True, slots=True)
class Programs:
    """Where they are, and how they reach the database: without its password among the arguments, which all may see."""

    paths: Mapping[str, str]
    target: str
    environment: Mapping[str, str]

    @classmethod
    def find(cls, url: str) -> Self:
        """Athena's own; they speak no TLS, so that a database which is reached by it gets those on the path."""
        if parse_qs(urlsplit(url).query).get("sslmode", [""])[-1] in TLS:
            paths = {name: path for name in NAMES if (path := shutil.which(name))}
            if len(paths) < len(NAMES):
                raise StartupError(
                    "the database is reached by TLS: install PostgreSQL's own pg_dump, pg_restore and psql "
                    "(package postgresql-client), of the server's version or newer"
                )
        else:
            try:
                folder = find_binaries(None).folder
            except PostgresError as error:
                raise StartupError(str(error)) from error
            paths = {name: str(folder / name) for name in NAMES}
        parts = urlsplit(url)
        password = {"PGPASSWORD": unquote(parts.password)} if parts.password else {}
        login, _, place = parts.netloc.rpartition("@")
        target = urlunsplit(parts._replace(netloc=f"{login.partition(':')[0]}@{place}" if login else place))
        return cls(paths, target, {**os.environ, "PGCONNECT_TIMEOUT": CONNECT_SECONDS, **password})

    def dump(self, path: Path, snapshot: str, role: str | None) -> None:
        """The schema ``public`` as ``snapshot`` sees it, compressed, into ``path``.

        ``role`` reads all rows under row-level security, for who connects without passing it by.
        """
        as_role = [f"--role={role}", "--enable-row-security"] if role else []
        options = ["--format=custom", f"--compress={COMPRESSION}", "--no-owner", "--schema=public", *as_role]
        self._run("pg_dump", [f"--snapshot={snapshot}", *options, f"--file={path}", f"--dbname={self.target}"])

    def parts(self, dump: Path) -> str:
        """The list of what ``dump`` holds, to restore all but what the database has to have before."""
        lines = self._run("pg_restore", ["--list", str(dump)]).splitlines()
        return "\n".join(line for line in lines if not _is_given(line)) + "\n"

    def restore(self, dump: Path, folder: Path, before: str, after: str) -> None:
        """``before``, all of ``dump``, and ``after``, in one transaction. ``folder`` is for files in between."""
        scripts = {"parts": self.parts(dump), "before.sql": before, "after.sql": after}
        for name, text in scripts.items():
            (folder / name).write_text(text, "utf-8")
        source = ["--no-owner", f"--use-list={folder / 'parts'}", "--file=-", str(dump)]
        sink = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        sink += [f"--output={os.devnull}", f"--dbname={self.target}"]
        files = [f"--file={folder / 'before.sql'}", "--file=-", f"--file={folder / 'after.sql'}"]
        with (
            self._started("psql", [*sink, *files], folder) as taken,
            self._started("pg_restore", source, folder) as made,
        ):
            # At the end of its input psql commits what came so far; when that is not all, it is killed before.
            if _passed_on(made, taken):
                _ended("pg_restore", made, folder)
                _closed(taken)
            _ended("psql", taken, folder)

    def _run(self, name: str, arguments: list[str]) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - PostgreSQL's programs
                [self.paths[name], *arguments],
                env=dict(self.environment),
                capture_output=True,
                text=True,
                check=False,
                timeout=LONGEST_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StartupError(f"{name} does not run here: {error}") from error
        if done.returncode != 0:
            raise StartupError(f"{name} failed: {_reason(done.stderr)}")
        return done.stdout

    @contextmanager
    def _started(self, name: str, arguments: list[str], folder: Path) -> Generator[subprocess.Popen[bytes]]:
        """A program with pipes, and its errors in a file of ``folder``; killed at the end, if it is still there."""
        with (folder / f"{name}.log").open("wb") as log:
            try:
                process = subprocess.Popen(  # noqa: S603 - PostgreSQL's programs
                    [self.paths[name], *arguments],
                    env=dict(self.environment),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
            except OSError as error:
                raise StartupError(f"{name} does not run here: {error}") from error
        try:
            yield process
        finally:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):
                    if pipe is not None:
                        pipe.close()
            process.wait()


def _is_given(line: str) -> bool:
    """Whether an entry of a dump's list is something that the migrations need and make."""
    words = line.split()
    return not line.startswith(";") and bool({"EXTENSION", "SCHEMA"} & set(words[3:6]))


def _passed_on(made: subprocess.Popen[bytes], taken: subprocess.Popen[bytes]) -> bool:
    """Hands what ``made`` writes to ``taken``; False when that one ended before, and has said why."""
    source, sink = made.stdout, taken.stdin
    if source is None or sink is None:
        raise TypeError("both programs are started with pipes")
    try:
        sink.write(source.read(HEAD_BYTES).replace(UNKNOWN_SETTING, b"", 1))
        shutil.copyfileobj(source, sink)
        sink.flush()
    except BrokenPipeError:
        return False
    return True


def _closed(process: subprocess.Popen[bytes]) -> None:
    """Tells a program that no more comes."""
    with suppress(BrokenPipeError):
        if process.stdin is not None:
            process.stdin.close()


def _ended(name: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    try:
        status = process.wait(LONGEST_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise StartupError(f"{name} does not end") from error
    if status != 0:
        raise StartupError(f"{name} failed: {_reason((folder / f'{name}.log').read_text('utf-8', errors='replace'))}")


def _reason(said: str) -> str:
    """The first line that tells of an error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line.partition("ERROR:")[2].strip() or line for line in lines if "error:" in line.lower()]
    return next(iter([*told, *lines]), "it says nothing")
