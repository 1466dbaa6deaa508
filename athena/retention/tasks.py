"""The chores of retention: reaching what deletions left, and deleting what has become too old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from athena.config import Settings
from athena.kit import clock, logging
from athena.kit.db import Database
from athena.kit.errors import AthenaError
from athena.media.service import forget_content
from athena.media.storage import MediaStorage
from athena.retention.repository import BATCH, LeftoverRepository, RetentionRepository

ROUNDS = 100
"""Batches of one rule and workspace in a row; the rest comes with the next time."""

Rule = Callable[[RetentionRepository, UUID, datetime], Awaitable[int]]
RULES: Mapping[str, tuple[Rule, ...]] = {
    "executions_days": (RetentionRepository.delete_executions,),
    "messages_days": (RetentionRepository.delete_messages, RetentionRepository.delete_threads),
    "audit_events_days": (RetentionRepository.delete_audit_events,),
    "unused_media_days": (RetentionRepository.delete_unused_media,),
}
"""What each field of a workspace's retention deletes. Messages come before the files that they use."""


async def reach_leftovers(database: Database) -> None:
    """Deletes what deletions could not: files, the logs of runs that were at work, rows without a foreign key."""
    while await _some_leftovers(database) == BATCH:
        pass


async def _some_leftovers(database: Database) -> int:
    async with database.system() as session:
        leftovers = LeftoverRepository(session)
        rows = await leftovers.take()
        runs = [row for row in rows if row["kind"] == "run"]
        if runs:
            await leftovers.delete_runs([row["workspace_uuid"] for row in runs], [UUID(row["name"]) for row in runs])
        # In one order, so that two processes do not wait for each other in a circle.
        files = sorted((row["workspace_uuid"], row["name"]) for row in rows if row["kind"] == "media")
        for workspace_uuid, sha256 in files:
            await forget_content(session, workspace_uuid, sha256)
        for row in rows:
            if row["kind"] == "export":
                await asyncio.to_thread(_remove_export, database.provided(Settings).data_dir / "exports", row["name"])
            elif row["kind"] == "workspace":
                await leftovers.delete_of_workspace(row["workspace_uuid"])
                await database.provided(MediaStorage).remove_all(row["workspace_uuid"])
    return len(rows)


def _remove_export(folder: Path, name: str) -> None:
    """Also what a writer left who was killed."""
    for path in folder.glob(f"{name}.*"):
        path.unlink(missing_ok=True)


async def delete_old(database: Database) -> None:
    """Deletes what is older than its workspace keeps it; never what is at work."""
    async with database.system() as session:
        await RetentionRepository(session).delete_over()
        workspaces = await RetentionRepository(session).workspaces()
    for row in workspaces:
        try:
            await _delete_old_of(database, row["uuid"], row["retention"])
        except AthenaError as error:
            # One that is too large or too busy at this moment keeps the others from nothing.
            logging.logger().warning("retention", workspace_uuid=str(row["uuid"]), error=type(error).__name__)


async def _delete_old_of(database: Database, workspace_uuid: UUID, retention: Mapping[str, int]) -> None:
    for field, rules in RULES.items():
        days = retention.get(field)
        if days is not None:
            for rule in rules:
                await _apply(database, rule, workspace_uuid, clock.now() - timedelta(days=days))


async def _apply(database: Database, rule: Rule, workspace_uuid: UUID, before: datetime) -> None:
    for _ in range(ROUNDS):
        async with database.system() as session:
            deleted = await rule(RetentionRepository(session), workspace_uuid, before)
        if deleted < BATCH:
            return
