"""The rules of exports: one at a time, for whom it is, and given out by short-lived addresses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from athena.config import Settings
from athena.exports.repository import ExportRepository, Holder, WorkRepository
from athena.kit import clock
from athena.kit.access import Access, Identity
from athena.kit.crypto import Keyring
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage

LINK_SECONDS = 900
KEPT_MOST = 5
"""Each may be as large as all there is, so that nobody fills the disk by asking again and again."""
PURPOSE = "export"
LIST = ListOptions(
    sortable={"created_at": "uuid"}, filters={"status": Literal["queued", "running", "succeeded", "failed"]}
)


class ExportService:
    """The exports of the workspace that the caller was let into, or else of the caller's own data."""

    def __init__(self, session: Session, caller: Access | Identity) -> None:
        self._session = session
        workspace_uuid = caller.workspace_uuid if isinstance(caller, Access) else None
        self._exports = ExportRepository(session, Holder(caller.user_uuid, workspace_uuid))

    async def page(self, query: ListQuery) -> tuple[RowPage, list[dict[str, Any]]]:
        """Those that are not over yet."""
        page = await self._exports.page(query)
        return page, [self._show(row) for row in page.rows]

    async def get(self, uuid: UUID) -> tuple[Row, dict[str, Any]]:
        """One of them."""
        row = await self._exports.get(uuid)
        return row, self._show(row)

    async def begin(self) -> tuple[Row, dict[str, Any]]:
        """Asks for one; a worker writes it soon."""
        if await self._exports.is_one_under_way():
            raise Conflict("An export is under way; wait for its end, or delete it.", code="export_under_way")
        row = await self._exports.insert({"uuid": new_uuid(), "status": "queued"})
        await self._exports.delete_beyond(KEPT_MOST)
        return row, self._show(row)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes one with its file; whoever writes it stops."""
        await self._exports.delete(uuid, revision)

    def _show(self, row: Row) -> dict[str, Any]:
        names = ("uuid", "created_at", "updated_at", "workspace_uuid", "user_uuid", "status", "error", "size")
        times = ("finished_at", "expires_at")
        url = self._link(row["uuid"]) if row["status"] == "succeeded" else None
        return {**{name: row[name] for name in (*names, *times)}, "url": url}

    def _link(self, uuid: UUID) -> str:
        until = clock.now() + timedelta(seconds=LINK_SECONDS)
        signature = self._session.provided(Keyring).sign(PURPOSE, str(uuid), until)
        base_url = self._session.provided(Settings).base_url
        return f"{base_url}/api/v1/exports/{uuid}/content?signature={signature}"


async def by_link(session: Session, uuid: UUID, signature: str) -> tuple[Path, str]:
    """An export's file and the name to save it under, by its signed address; needs the system's scope."""
    if not session.provided(Keyring).verify(PURPOSE, str(uuid), signature):
        raise NotFound("This address has expired or is not one of ours.")
    row = await WorkRepository(session).finished(uuid)
    path = session.provided(Settings).data_dir / "exports" / f"{uuid}.zip"
    if row is None or not path.exists():
        raise NotFound("There is no such export.")
    return path, f"athena-{row['created_at']:%Y-%m-%d}.zip"
