"""The state of a data folder's database, for ``athena doctor``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from athena.postgres.binaries import find_binaries
from athena.postgres.cluster import cluster_version, find_place
from athena.postgres.errors import PostgresError
from athena.postgres.lock import holder_of
from athena.postgres.supervisor import EmbeddedPostgres


@dataclass(frozen=True, slots=True)
class PostgresStatus:
    """What :func:`inspect` found."""

    data_dir: Path
    location: Path | None
    """The cluster's folder, None if it cannot be told."""
    exists: bool
    """Whether a database has been made there."""
    version: int | None
    """The major version that made it."""
    server_version: int | None
    """The major version of the programs that are installed."""
    locked_by: int | None
    """The process whose Athena uses the folder; 0 if one does but does not say which; None if none does."""
    problem: str | None
    """Why it would not start, in one line; None if all is well."""


def inspect(data_dir: Path, *, try_start: bool = True) -> PostgresStatus:
    """Look at the database of ``data_dir``; with ``try_start`` start and stop it too, if it exists and is not in use.

    Makes no database and no folder. Like :meth:`EmbeddedPostgres.start`, for the main thread.
    """
    data_dir = data_dir.expanduser().resolve()
    location: Path | None = None
    exists, version, server_version, locked_by = False, None, None, None
    problem: str | None = None
    try:
        locked_by = holder_of(data_dir)
        place = find_place(data_dir)
        location, exists, version = place.cluster, place.exists, cluster_version(place)
        server_version = find_binaries(place.account).major_version()
        if locked_by is not None:
            problem = f"the data folder {data_dir} is in use by another Athena (process {locked_by or 'unknown'})"
        elif exists and try_start:
            EmbeddedPostgres.start(data_dir).stop()
        elif not exists:
            problem = _unwritable(data_dir)
    except PostgresError as error:
        problem = str(error)
    except OSError as error:
        problem = f"the data folder {data_dir} cannot be read: {error.strerror}"
    return PostgresStatus(data_dir, location, exists, version, server_version, locked_by, problem)


def _unwritable(data_dir: Path) -> str | None:
    nearest = next(each for each in (data_dir, *data_dir.parents) if each.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return None
    return f"the data folder {data_dir} is not writable"
