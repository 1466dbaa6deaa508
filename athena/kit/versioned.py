"""The rules of resources that are kept in versions: agents and prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListQuery, RowPage
from athena.kit.repository import Repository
from athena.kit.versions import (
    DRAFT,
    ChannelRepository,
    ChannelUpdate,
    VersionRepository,
    draft,
    present_channel,
)


class VersionedService:
    """The resources of one kind in the caller's workspace, whose definition is kept in versions."""

    repository: ClassVar[type[Repository]]
    version_repository: ClassVar[type[VersionRepository]]
    channel_repository: ClassVar[type[ChannelRepository]]
    versioned: ClassVar[tuple[str, ...]]
    """The columns that make up the definition; a change of any of it is a version."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._rows = self._repository()

    async def page(self, query: ListQuery) -> RowPage:
        """One page of them."""
        return await self._rows.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One of them; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._rows.get(uuid)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes one with its versions and channels."""
        await self._rows.delete(uuid, revision)

    async def definition(
        self, present: Row, *, sticky: UUID, version: int | None = None, channel: str | None = None
    ) -> tuple[dict[str, Any], int]:
        """``present`` as of the version that is asked for, and its number: the newest, where none is.

        ``sticky`` decides where a channel is split: a thread's uuid, so that it keeps its version, or else a run's.
        One query; none for the newest.
        """
        asked = await self._channels(present["uuid"]).asked(
            present["version"], self._versions(present["uuid"]), version=version, channel=channel, sticky=sticky
        )
        if asked is None:
            return dict(present), present["version"]
        return {**dict(present), **self._defined(asked), "version": asked["number"]}, asked["number"]

    async def versions(self, uuid: UUID, query: ListQuery) -> RowPage:
        """One page of the versions of one."""
        await self._rows.get(uuid)
        return await self._versions(uuid).page(query)

    async def version(self, uuid: UUID, number: int) -> Row:
        """The definition as of that version."""
        await self._rows.get(uuid)
        return await self._versions(uuid).numbered(number)

    async def restore(self, uuid: UUID, number: int, revision: int | None) -> Row:
        """Makes that version's definition the present one again, as a new version."""
        present = await self._rows.locked(uuid)
        return await self._change(present, self._defined(await self._versions(uuid).numbered(number)), revision)

    async def channels(self, uuid: UUID, query: ListQuery) -> RowPage:
        """One page of the channels of one, without ``draft``."""
        await self._rows.get(uuid)
        return await self._channels(uuid).page(query)

    async def channel(self, uuid: UUID, name: str) -> tuple[dict[str, Any], Row]:
        """A channel as the API shows it, and the row that has its revision."""
        present = await self._rows.get(uuid)
        if name == DRAFT:
            return draft(present), present
        row = await self._channels(uuid).named(name)
        return present_channel(row), row

    async def publish(self, uuid: UUID, name: str, given: ChannelUpdate, revision: int | None) -> Row:
        """Has a channel lead to a version, or to two; makes the channel if need be."""
        await self._rows.locked(uuid)
        return await self._channels(uuid).lead(name, given, self._versions(uuid), revision)

    async def withdraw(self, uuid: UUID, name: str, revision: int | None) -> None:
        """Takes a channel away; who asks for it then finds nothing."""
        await self._rows.locked(uuid)
        await self._channels(uuid).remove(name, revision)

    def effective(self, row: Row | Mapping[str, Any]) -> dict[str, Any]:
        """The definition that a row or a version has, with what it leaves out."""
        return self._defined(row)

    async def _insert(self, values: Mapping[str, Any]) -> Row:
        """Stores a new one of the caller, and its first version."""
        row = await self._rows.insert(
            {**values, "uuid": new_uuid(), "version": 1, "creator_uuid": self._access.user_uuid}
        )
        await self._keep_version(row)
        return row

    async def _change(self, present: Row, changes: Mapping[str, Any], revision: int | None) -> Row:
        """Changes a row that is locked; what changes its definition is a version."""
        self._rows.check_revision(present, revision)
        changed = self.effective(present) != self.effective({**dict(present), **changes})
        row = await self._rows.update(present["uuid"], {**changes, "version": present["version"] + changed})
        if changed:
            await self._keep_version(row)
        return row

    async def _keep_version(self, row: Row) -> None:
        kept = {"uuid": new_uuid(), "number": row["version"], "creator_uuid": self._access.user_uuid}
        await self._versions(row["uuid"]).insert({**kept, **self._defined(row)})

    def _repository(self) -> Repository:
        """Those that exist for the caller."""
        return self.repository(self._session, self._access.workspace_uuid)

    def _defined(self, row: Row | Mapping[str, Any]) -> dict[str, Any]:
        return {name: row[name] for name in self.versioned}

    def _versions(self, uuid: UUID) -> VersionRepository:
        return self.version_repository(self._session, self._access.workspace_uuid, uuid)

    def _channels(self, uuid: UUID) -> ChannelRepository:
        return self.channel_repository(self._session, self._access.workspace_uuid, uuid)
