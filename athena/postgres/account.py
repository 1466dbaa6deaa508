"""The system user under which PostgreSQL runs, which must not be root, and what that user can reach."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from athena.postgres.errors import PostgresError

if sys.platform != "win32":
    import pwd

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user that is not the one of this process."""

    name: str
    uid: int
    gid: int

    def may_enter(self, folder: Path) -> bool:
        """Whether this user can reach ``folder`` and what is in it, judged by the modes of it and all its parents."""
        return all(self._allowed(each, 0o1) for each in (folder, *folder.parents))

    def may_run(self, program: Path) -> bool:
        """Whether this user can run ``program``."""
        return self.may_enter(program.parent) and self._allowed(program, 0o5)

    def _allowed(self, path: Path, wanted: int) -> bool:
        try:
            info = path.stat()
        except OSError:
            return False
        # Access lists are not looked at: one that widens is a copy too many, one that narrows fails with a clear error.
        bits = stat.S_IMODE(info.st_mode)
        if info.st_uid == self.uid:
            bits >>= 6
        elif info.st_gid == self.gid:
            bits >>= 3
        return bits & wanted == wanted


def server_account(cluster: Path) -> Account | None:
    """Who runs the server of ``cluster``: None for this process's own user, which is always so unless that is root.

    Root uses the cluster's owner, so that a folder which an ordinary user made works under ``sudo`` too and stays
    that user's; for a new cluster, ``postgres`` where there is such a user, else ``nobody``.

    :raises PostgresError: the cluster is another user's, or root finds no user to run it as.
    """
    uid = os.geteuid()
    owner = _owner(cluster)
    if uid != 0:
        if owner is not None and owner != uid:
            raise PostgresError(
                f"the database in {cluster} belongs to the user {_name(owner)}; start Athena as that user or as root"
            )
        return None
    if owner is not None and owner != 0:
        return Account(_name(owner), owner, cluster.stat().st_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise PostgresError(
        "PostgreSQL does not run as root, and this system has neither a user postgres nor a user nobody"
    )


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PostgresError(f"the database in {path} cannot be read: {error.strerror}") from error


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
