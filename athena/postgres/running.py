"""The database of a data folder that another process of the same Athena runs."""

from __future__ import annotations

from pathlib import Path

from athena.postgres.cluster import find_place, read_password
from athena.postgres.lock import holder_of
from athena.postgres.server import Address

_PORT_LINE, _SOCKET_LINE = 3, 4


def find_running(data_dir: Path) -> str | None:
    """The DSN of the server that runs for ``data_dir``; None when none does.

    :raises PostgresError: one does, and its password cannot be read.
    """
    data_dir = data_dir.expanduser().resolve()
    try:
        if holder_of(data_dir) is None:
            return None
        place = find_place(data_dir)
        lines = (place.cluster / "postmaster.pid").read_text("utf-8").splitlines()
        folder = lines[_SOCKET_LINE].strip()
        address = Address(Path(folder) if folder else None, int(lines[_PORT_LINE]))
    except (OSError, ValueError, IndexError):
        return None
    return address.url(read_password(place))
