"""``athena restore``: what a backup holds, into a database and a data folder, in one transaction or not at all."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import asyncpg

from athena.backups.archive import Contents, unpack
from athena.backups.programs import Programs
from athena.config import Settings
from athena.kit.crypto import KeyFile, Keyring
from athena.kit.db import SYSTEM_ROLE, first_line
from athena.kit.errors import StartupError
from athena.kit.rotation import sealed_columns
from athena.server import database_url
from athena.tables import metadata, migrate, newest

Report = Callable[[str], None]
CONNECT_SECONDS: Final = 10
IN_USE: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'athena%'
"""
EMPTY: Final = (
    "SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p'))"
)
HAS_USERS: Final = "SELECT EXISTS (SELECT FROM users)"
DROP_ALL: Final = """
SET client_min_messages = warning;
DO $$
DECLARE
    -- All names before the first of them goes, since what is gone has no name.
    drops text[] := ARRAY(
        SELECT format('%s IF EXISTS %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW'
            WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, c.oid::regclass)
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('ROUTINE IF EXISTS %s', p.oid::regprocedure)
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('TYPE IF EXISTS %s', t.oid::regtype)
        FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    );
    each text;
BEGIN
    FOREACH each IN ARRAY drops LOOP
        EXECUTE 'DROP ' || each || ' CASCADE';
    END LOOP;
END $$;
"""


def restore(settings: Settings, file: Path, report: Report, *, replace: bool) -> None:
    """Brings back what ``file`` holds. :class:`StartupError` when it cannot; then nothing was changed.

    Only over a database without users, unless ``replace`` says that what is there may go.
    """
    data_dir = settings.data_dir.expanduser().resolve()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(f"the data folder {data_dir} cannot be made: {error.strerror}") from error
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=data_dir) as at:
        folder = Path(at)
        contents = unpack(file, folder)
        if contents.manifest.revision > newest():
            version = contents.manifest.version
            raise StartupError(f"the backup is of Athena {version}, newer than this one; restore it with that version")
        with database_url(settings) as url:
            programs = Programs.find(url)
            asyncio.run(_check(url, replace=replace))
            # Makes the roles and extensions, which are the server's and not in the dump.
            asyncio.run(migrate(url))
            _add_media(contents, data_dir / "media")
            programs.restore(contents.dump, folder, DROP_ALL, _owners(contents.manifest.owned))
            asyncio.run(migrate(url))
            _remove_others(contents, data_dir / "media")
            _take_keys(settings, contents.keys)
            unreadable = asyncio.run(_unreadable(url, Keyring.load(settings).stamps))
    made = contents.manifest
    report(f"Restored what Athena {made.version} held at {made.made_at}, with {made.media} uploaded files.")
    if made.missing:
        report(f"  {made.missing} uploaded files were missing when the backup was made.")
    if unreadable:
        report(f"  {unreadable} stored secrets cannot be opened: the secret key is not the one of that time.")


def _owners(owned: Sequence[str]) -> str:
    """Gives the functions that work across workspaces to their role again."""
    lines = [f"ALTER FUNCTION {name} OWNER TO {SYSTEM_ROLE};" for name in owned]
    grant, revoke = (
        f"GRANT CREATE ON SCHEMA public TO {SYSTEM_ROLE};",
        f"REVOKE CREATE ON SCHEMA public FROM {SYSTEM_ROLE};",
    )
    return "\n".join([grant, *lines, revoke, ""])


async def _check(url: str, *, replace: bool) -> None:
    """:class:`StartupError` when the database is in use, or holds what would be lost."""
    connection = await _connected(url)
    try:
        if await connection.fetchval(IN_USE):
            raise StartupError("Athena runs on this database; stop every process of it first")
        if replace or await connection.fetchval(EMPTY):
            return
        users = await connection.fetchval("SELECT to_regclass('public.users')")
        if users is not None:
            await connection.execute(f"SET ROLE {SYSTEM_ROLE}")
        if users is None or await connection.fetchval(HAS_USERS):
            raise StartupError("the database is not empty; --replace restores over what is there, which is lost then")
    finally:
        await connection.close()


async def _connected(url: str) -> asyncpg.Connection[asyncpg.Record]:
    try:
        return await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError, TimeoutError) as error:
        raise StartupError(f"cannot connect to the database: {first_line(error)}") from error


def _add_media(contents: Contents, media: Path) -> None:
    """Puts the backup's files beside those that are there: of one name is one content."""
    for name in contents.files:
        target = media / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (contents.media / name).replace(target)


def _remove_others(contents: Contents, media: Path) -> None:
    """Removes the files that the restored database knows nothing of."""
    for path in media.rglob("*"):
        if path.is_file() and path.relative_to(media).as_posix() not in contents.files:
            path.unlink()


def _take_keys(settings: Settings, keys: Sequence[str]) -> None:
    """Adds the backup's keys to those in the data folder, behind what seals from now on."""
    if keys and settings.secret_key is None:
        KeyFile.in_folder(settings.data_dir).keep(keys)


async def _unreadable(url: str, stamps: Sequence[bytes]) -> int:
    """How many stored secrets were sealed with a key that is not known."""
    connection = await _connected(url)
    try:
        await connection.execute(f"SET ROLE {SYSTEM_ROLE}")
        counts = [
            await connection.fetchval(
                f"SELECT count(*) FROM {each.table} WHERE {each.column} IS NOT NULL "
                f"AND substr({each.column}, 1, {len(stamps[0])}) <> ALL($1::bytea[])",
                list(stamps),
            )
            for each in sealed_columns(metadata)
        ]
        return sum(counts)
    finally:
        await connection.close()
