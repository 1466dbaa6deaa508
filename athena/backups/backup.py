"""``athena backup``: the database as one moment saw it, and the uploaded files of that moment."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from athena import __version__
from athena.backups.archive import Manifest, Writer, written
from athena.backups.programs import Programs
from athena.config import Settings
from athena.kit import clock
from athena.kit.crypto import KeyFile
from athena.kit.db import SYSTEM_ROLE, first_line
from athena.kit.errors import StartupError
from athena.server import database_url

Report = Callable[[str], None]
CONNECT_SECONDS: Final = 10
OWNED: Final = """
    SELECT p.oid::regprocedure::text FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = $1::regrole ORDER BY 1
"""


def back_up(settings: Settings, file: Path, report: Report, *, with_secret_key: bool) -> None:
    """Writes everything into the new ``file``, also beside a running server; :class:`StartupError` when it cannot."""
    if file.exists():
        raise StartupError(f"{file} is there already; a backup replaces no file")
    keys = _keys(settings) if with_secret_key else None
    with (
        database_url(settings, share=True) as url,
        tempfile.TemporaryDirectory(prefix=".backup-", dir=_folder(file)) as at,
        tempfile.TemporaryDirectory(prefix=".backup-", dir=_made(settings.data_dir)) as links,
    ):
        programs = Programs.find(url)
        with written(file) as target:
            places = Places(settings.data_dir / "media", Path(links), Path(at))
            manifest = asyncio.run(_written(url, programs, Writer(target), places, keys))
    size = file.stat().st_size / 1_000_000
    report(f"{file}: {size:.1f} MB, the database at version {manifest.revision}, {manifest.media} uploaded files")
    if manifest.missing:
        report(f"  {manifest.missing} uploaded files are not in {settings.data_dir}/media, and so not in the backup")
    if keys is None:
        report("  The secret key is not in it: keep it apart, for stored credentials cannot be read without it.")


@dataclass(frozen=True, slots=True)
class Places:
    """Folders: the uploaded files, their second names on the same file system, and one beside the backup."""

    media: Path
    links: Path
    folder: Path


def _made(data_dir: Path) -> Path:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(f"the data folder {data_dir} cannot be made: {error.strerror}") from error
    return data_dir


def _folder(file: Path) -> Path:
    if not file.parent.is_dir():
        raise StartupError(f"there is no folder {file.parent}")
    return file.parent


def _keys(settings: Settings) -> bytes:
    if settings.secret_key is not None:
        raise StartupError("--with-secret-key is for the key in the data folder; ATHENA_SECRET_KEY is yours to keep")
    return "\n".join(KeyFile.in_folder(settings.data_dir).read()).encode()


async def _written(url: str, programs: Programs, writer: Writer, places: Places, keys: bytes | None) -> Manifest:
    try:
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError, TimeoutError) as error:
        raise StartupError(f"cannot connect to the database: {first_line(error)}") from error
    try:
        role = None if await _passes_row_security(connection) else SYSTEM_ROLE
        if role:
            # It sees every row; of what is no tenant's, it may have no right to read as yet.
            for kind in ("TABLES", "SEQUENCES"):
                await connection.execute(f"GRANT SELECT ON ALL {kind} IN SCHEMA public TO {role}")
        # The snapshot lives as long as this transaction. The files are linked at once, so that one that is deleted
        # while the dump is made is still in the backup.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            revision = await _revision(connection)
            await connection.execute("SET LOCAL search_path = ''")
            owned = [row[0] for row in await connection.fetch(OWNED, SYSTEM_ROLE)]
            snapshot = str(await connection.fetchval("SELECT pg_export_snapshot()"))
            if role:
                await connection.execute(f"SET LOCAL ROLE {role}")
            files = await connection.fetch("SELECT DISTINCT workspace_uuid, sha256 FROM public.media")
            missing = _link(places, ((row[0], row[1]) for row in files))
            dump = places.folder / "database.dump"
            await asyncio.to_thread(programs.dump, dump, snapshot, role)
        writer.add_media(places.links)
        if keys is not None:
            writer.add_keys(keys)
        hashed = writer.add_dump(dump)
        made_at = clock.now().isoformat()
        manifest = Manifest(__version__, revision, made_at, hashed, writer.media, missing, owned)
        writer.finish(manifest)
        return manifest
    finally:
        await connection.close()


async def _passes_row_security(connection: asyncpg.Connection[asyncpg.Record]) -> bool:
    return bool(await connection.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"))


async def _revision(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    if await connection.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        raise StartupError("the database has nothing of Athena in it")
    return str(await connection.fetchval("SELECT version_num FROM public.alembic_version"))


def _link(places: Places, files: Iterable[tuple[UUID, str]]) -> int:
    """Gives each file a second name; how many are not there."""
    missing = 0
    for workspace_uuid, sha256 in files:
        name = Path(str(workspace_uuid)) / sha256[:2] / sha256
        (places.links / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            try:
                os.link(places.media / name, places.links / name)
            except FileNotFoundError:
                raise
            except OSError:  # a file system without links
                shutil.copyfile(places.media / name, places.links / name)
        except FileNotFoundError:
            missing += 1
    return missing
