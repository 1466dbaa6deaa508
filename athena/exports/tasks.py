"""The chores of exports: writing those that are asked for, and deleting those that are over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from athena import __version__
from athena.config import Settings
from athena.exports import contents
from athena.exports.archive import Archive, ArchiveTooLarge
from athena.exports.contents import Part
from athena.exports.repository import LEASE_SECONDS, WorkRepository
from athena.kit import clock, logging
from athena.kit.db import Database, Row, Scope, Session
from athena.kit.errors import AthenaError
from athena.media.storage import MediaStorage

KEPT = timedelta(days=7)
ATTEMPTS_MOST = 3
ROWS_AT_ONCE = 50
TOO_LARGE = {"code": "export_too_large", "message": "The export is larger than this installation allows."}
FAILED = {"code": "export_failed", "message": "The export failed; the operator's log has more."}


class LeaseLost(Exception):
    """The export was deleted, or another process writes it."""


async def write_exports(database: Database) -> None:
    """Writes the exports that are asked for, one after the other."""
    while True:
        async with database.system() as session:
            row = await WorkRepository(session).claim()
        if row is None:
            return
        await _write_one(database, row)


async def delete_expired(database: Database) -> None:
    """Deletes the exports that are over."""
    async with database.system() as session:
        await WorkRepository(session).expire()


async def _write_one(database: Database, row: Row) -> None:
    uuid, attempt = row["uuid"], row["attempts"]
    if attempt > ATTEMPTS_MOST:
        # Whoever wrote it the last times did not live to say why it failed.
        await _finish(database, row, None, FAILED)
        return
    try:
        size = await Writing(database, row).write()
    except LeaseLost:
        return
    except ArchiveTooLarge:
        await _finish(database, row, None, TOO_LARGE)
    except (AthenaError, asyncpg.PostgresError, OSError) as error:
        logging.logger().warning("export", uuid=str(uuid), attempt=attempt, error=type(error).__name__)
        if attempt >= ATTEMPTS_MOST:
            await _finish(database, row, None, FAILED)
        else:
            async with database.system() as session:
                await WorkRepository(session).give_back(uuid, attempt)
    else:
        await _finish(database, row, size, None)


async def _finish(database: Database, row: Row, size: int | None, error: Mapping[str, str] | None) -> None:
    async with database.system() as session:
        work = WorkRepository(session)
        ended = await work.finish(row["uuid"], row["attempts"], size=size, error=error, expires_at=clock.now() + KEPT)
    if not ended and size is not None:
        # Deleted meanwhile, when there was no file to delete yet.
        await asyncio.to_thread(_path(database, row["uuid"]).unlink, missing_ok=True)


def _path(database: Database, uuid: UUID) -> Path:
    return database.provided(Settings).data_dir / "exports" / f"{uuid}.zip"


@dataclass(slots=True)
class Writing:
    """One export on its way into its file."""

    database: Database
    row: Row
    counts: dict[str, int] = field(default_factory=dict[str, int])
    missing: list[str] = field(default_factory=list[str])
    renewed: float = 0.0

    async def write(self) -> int:
        """Writes the file; its size."""
        limit = self.database.provided(Settings).max_export_bytes
        path = _path(self.database, self.row["uuid"])
        self.renewed = asyncio.get_running_loop().time()
        with await asyncio.to_thread(Archive, path, limit, self.row["attempts"]) as archive:
            for scope, parts, files in await self._places():
                await self._tables(archive, scope, parts)
                if files is not None:
                    await self._files(archive, scope, files)
            manifest = orjson.dumps(self._manifest(), option=orjson.OPT_INDENT_2)
            await asyncio.to_thread(archive.write, "manifest.json", manifest)
            return await asyncio.to_thread(archive.finish)

    async def _places(self) -> list[tuple[Scope, list[Part], str | None]]:
        """What is read in which scope, each a transaction of its own; and which files go with it."""
        user, workspace = self.row["user_uuid"], self.row["workspace_uuid"]
        if workspace is not None:
            return [(Scope(workspace, user), list(contents.of_workspace(workspace)), "true")]
        async with self.database.session(Scope(None, user)) as session:
            rows = await session.fetch("SELECT workspace_uuid FROM workspace_members WHERE user_uuid = $1", user)
        places: list[tuple[Scope, list[Part], str | None]] = [(Scope(None, user), list(contents.of_user(user)), None)]
        for place in sorted(row["workspace_uuid"] for row in rows):
            parts = list(contents.of_user_in(user, place))
            places.append((Scope(place, user), parts, f"creator_uuid = '{user}'"))
        return places

    async def _tables(self, archive: Archive, scope: Scope, parts: list[Part]) -> None:
        """Every table of one scope, as they were at one moment."""
        async with self.database.session(scope) as session:
            await session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for part in parts:
                self.counts[part.file] = await self._table(archive, session, part)

    async def _table(self, archive: Archive, session: Session, part: Part) -> int:
        count = 0
        await session.execute(f"DECLARE part NO SCROLL CURSOR FOR {part.sql}")
        with archive.begin(part.file) as entry:
            while rows := await session.fetch(f"FETCH {ROWS_AT_ONCE} FROM part"):
                await asyncio.to_thread(archive.add, entry, [row["line"] for row in rows])
                count += len(rows)
                await self._renew()
        await session.execute("CLOSE part")
        return count

    async def _files(self, archive: Archive, scope: Scope, which: str) -> None:
        """Uploaded files, batch by batch; one that was deleted meanwhile is named in the manifest."""
        assert scope.workspace_uuid is not None  # noqa: S101 - files are a workspace's
        storage = self.database.provided(MediaStorage)
        last = UUID(int=0)
        while True:
            async with self.database.session(scope) as session:
                rows = await session.fetch(
                    f"SELECT uuid, name, sha256 FROM media WHERE workspace_uuid = $1 AND uuid > $2 AND {which} "
                    f"ORDER BY uuid LIMIT {ROWS_AT_ONCE}",
                    scope.workspace_uuid,
                    last,
                )
            for row in rows:
                source = storage.path(scope.workspace_uuid, row["sha256"])
                if not await asyncio.to_thread(archive.copy, f"files/{row['uuid']}/{row['name']}", source):
                    self.missing.append(str(row["uuid"]))
                await self._renew()
                last = row["uuid"]
            if len(rows) < ROWS_AT_ONCE:
                return

    async def _renew(self) -> None:
        moment = asyncio.get_running_loop().time()
        if moment - self.renewed < LEASE_SECONDS / 6:
            return
        async with self.database.system() as session:
            if not await WorkRepository(session).renew(self.row["uuid"], self.row["attempts"]):
                raise LeaseLost
        self.renewed = moment

    def _manifest(self) -> dict[str, Any]:
        def text(uuid: UUID | None) -> str | None:
            return None if uuid is None else str(uuid)

        return {
            "format": "athena-export/1",
            "version": __version__,
            "exported_at": clock.rfc3339(clock.now()),
            "workspace_uuid": text(self.row["workspace_uuid"]),
            "user_uuid": text(self.row["user_uuid"]),
            "rows": self.counts,
            "files_missing": self.missing,
            "tables_left_out": dict(contents.LEFT_OUT),
        }
