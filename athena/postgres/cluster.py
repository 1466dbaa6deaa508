"""The cluster on disk: where it lies, how it is made, and whether these programs can serve it."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from athena.postgres.account import Account, server_account
from athena.postgres.binaries import SYSTEM_FOLDER, Binaries, make_open_folder
from athena.postgres.errors import PostgresError

ROLE = "athena"
DATABASE = "athena"
POINTER_FILE = "postgres.location"
_CLUSTER = "postgres"
_PASSWORD_FILE = "athena.password"  # noqa: S105 - a file's name
_STAGING_PREFIX = "postgres.new-"
_LAST_WRITE_SECONDS = 2.0
_POLL_SECONDS = 0.02
_INITDB_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Place:
    """Where a data folder's cluster lies, and who runs it."""

    base: Path
    """The folder that holds the cluster: the data folder, or one of root's own where that cannot be entered."""
    account: Account | None

    @property
    def cluster(self) -> Path:
        """The cluster itself, what PostgreSQL calls its data directory."""
        return self.base / _CLUSTER

    @property
    def exists(self) -> bool:
        """Whether a cluster has been made here."""
        return (self.cluster / "PG_VERSION").is_file()


def find_place(data_dir: Path) -> Place:
    """Where the cluster of ``data_dir`` lies, or where a new one would; changes nothing.

    :raises PostgresError: it is there and cannot be used by this user, or is not where it was.
    """
    pointer = data_dir / POINTER_FILE
    try:
        base = Path(pointer.read_text("utf-8").strip())
    except FileNotFoundError:
        base = data_dir
    except (OSError, UnicodeDecodeError) as error:
        raise PostgresError(f"{pointer} cannot be read: {error}") from error
    if base != data_dir and not base.is_dir():
        raise PostgresError(f"the database of {data_dir} is missing: it was in {base}; to begin anew, delete {pointer}")
    place = Place(base, server_account(base / _CLUSTER))
    if place.account is None or place.account.may_enter(base):
        return place
    if place.exists or base != data_dir:
        raise PostgresError(f"the user {place.account.name}, who owns the database in {base}, cannot enter that folder")
    moved = _system_base(data_dir)
    return Place(moved, server_account(moved / _CLUSTER) if moved.is_dir() else place.account)


def _system_base(data_dir: Path) -> Path:
    return SYSTEM_FOLDER / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]


def settle(data_dir: Path, place: Place) -> Place:
    """Make the folder of a place outside ``data_dir``, and leave the pointer to it; ``data_dir`` is locked by now.

    A folder that is there without a pointer belonged to a data folder which has been deleted since. Its database
    was made with other keys, so it is put aside and not served again.
    """
    if place.base == data_dir or (data_dir / POINTER_FILE).exists():
        return place
    try:
        make_open_folder(SYSTEM_FOLDER)
        if place.base.exists():
            place.base.rename(place.base.with_name(f"{place.base.name}.before-{time.time_ns()}"))
        make_open_folder(place.base)
        staged = data_dir / f"{POINTER_FILE}.new"
        staged.write_text(f"{place.base}\n", "utf-8")
        staged.replace(data_dir / POINTER_FILE)
    except OSError as error:
        raise PostgresError(f"the database cannot be placed in {place.base}: {error.strerror}") from error
    return Place(place.base, server_account(place.cluster))


def make_if_missing(place: Place, binaries: Binaries) -> None:
    """Make the cluster unless there is one. Whole or not at all: it gets its name by one rename, when it is finished.

    :raises PostgresError: it could not be made (no space, no rights), with PostgreSQL's own reason.
    """
    for old in place.base.glob(f"{_STAGING_PREFIX}*"):
        _remove(old)
    if place.exists:
        _check_version(place, binaries)
        return
    staging: Path | None = None
    try:
        staging = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=place.base))
        made = _make(staging, place.account, binaries)
        # An empty folder may lie in the way, made by hand; anything else in it makes this fail, as it should.
        made.rename(place.cluster)
        _sync(place.base)
    except OSError as error:
        raise PostgresError(f"the database cannot be made in {place.base}: {error.strerror}") from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Removes what a killed start has left, into which its last process may write for a moment more."""
    deadline = time.monotonic() + _LAST_WRITE_SECONDS
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _make(staging: Path, account: Account | None, binaries: Binaries) -> Path:
    cluster, password_file = staging / "cluster", staging / "password"
    password_file.write_text(secrets.token_urlsafe(32) + "\n", "ascii")
    password_file.chmod(0o600)
    cluster.mkdir(mode=0o700)
    if account is not None:
        for path in (staging, password_file, cluster):
            os.chown(path, account.uid, account.gid)
    # C.UTF-8 of the server's own provider sorts by code point, as C does, but knows the case of all letters.
    options = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    rights = ("--auth=scram-sha-256", f"--username={ROLE}", f"--pwfile={password_file}")
    call = [str(binaries.initdb), "-D", str(cluster), "--data-checksums", "--no-instructions", *options, *rights]
    _run(call, account)
    create = f"CREATE DATABASE {DATABASE};\n"
    _run(
        [str(binaries.postgres), "--single", "-D", str(cluster), "-c", "log_checkpoints=off", "postgres"],
        account,
        create,
    )
    password_file.rename(cluster / _PASSWORD_FILE)
    return cluster


def _run(command: list[str], account: Account | None, text: str = "") -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_INITDB_SECONDS,
            cwd="/",
            env=environment(),
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[account.gid] if account else None,
        )
    except subprocess.TimeoutExpired as error:
        raise PostgresError(f"the database was not made within {_INITDB_SECONDS} seconds") from error
    # The single-user server reports a failed statement on its error output only, and ends with status 0.
    if done.returncode != 0 or (text and reason_in(done.stderr)):
        reason = reason_in(done.stderr) or _last_line(done.stderr) or f"exit status {done.returncode}"
        raise PostgresError(f"the database could not be made: {reason}")


def environment() -> dict[str, str]:
    """The environment of PostgreSQL's programs: nothing of the caller's that could change what they do."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def reason_in(text: str) -> str:
    """The last line of PostgreSQL's output that tells an error, without its prefixes; empty if there is none."""
    for line in reversed(text.splitlines()):
        for mark in ("PANIC:", "FATAL:", "ERROR:", "error:"):
            _, found, rest = line.partition(mark)
            if found:
                return rest.strip()
    return ""


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def cluster_version(place: Place) -> int | None:
    """The major version of PostgreSQL that made the cluster; None if it does not say."""
    with suppress(OSError, ValueError):
        return int((place.cluster / "PG_VERSION").read_text("ascii").strip())
    return None


def _check_version(place: Place, binaries: Binaries) -> None:
    made, mine = cluster_version(place), binaries.major_version()
    if made != mine:
        raise PostgresError(
            f"the database in {place.cluster} was made by PostgreSQL {made}; this is {mine}: "
            f"dump it with version {made}, or set ATHENA_DATABASE_URL to a server of that version"
        )


def read_password(place: Place) -> str:
    """The password of the role ``athena``.

    :raises PostgresError: it is gone.
    """
    path = place.cluster / _PASSWORD_FILE
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PostgresError(f"the database's password cannot be read from {path}: {error}") from error


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
