"""The rules of prompts: what they declare, and what becomes a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.kit.versions import DRAFT, ChannelUpdate, draft, present_channel
from athena.large_language_models.parameters import merge_metadata, show_metadata
from athena.prompts import template
from athena.prompts.repository import PromptChannelRepository, PromptRepository, PromptVersionRepository
from athena.prompts.schemas import PromptCreate, PromptUpdate
from athena.users import service as users

RELATIONS = ("creator", "versions")
VERSION_RELATIONS = ("creator",)
VERSIONED = ("content", "variables", "model", "metadata")
"""What a prompt says; a change of any of it is a version."""

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name", "description", "content"),
    filters={"creator_uuid": UUID, "model": str, "name": str, "tag": str},
    columns={"tag": "tags @> jsonb_build_array({}::text)"},
    relations=RELATIONS,
)
VERSION_LIST = ListOptions(
    sortable={"number": "number", "created_at": "uuid"},
    searchable=("content",),
    filters={"creator_uuid": UUID, "model": str},
    relations=VERSION_RELATIONS,
    default_sort="-number",
)


class PromptService:
    """The prompts of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._prompts = PromptRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of prompts."""
        return await self._prompts.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One prompt; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._prompts.get(uuid)

    async def create(self, given: PromptCreate) -> Row:
        """Stores a new prompt of the caller, and its first version."""
        says = {
            "content": given.content,
            "variables": template.declared(given.content, [each.model_dump() for each in given.variables]),
            "model": given.model,
            "metadata": merge_metadata({}, given.metadata.model_dump(exclude_unset=True)),
        }
        row = await self._prompts.insert(
            {
                "uuid": new_uuid(),
                "name": given.name,
                "description": given.description,
                "tags": given.tags,
                "version": 1,
                "creator_uuid": self._access.user_uuid,
                **says,
            }
        )
        await self._keep_version(row)
        return row

    async def update(self, uuid: UUID, given: PromptUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names. Without ``variables``, those that the content no longer names go."""
        present_row = await self._prompts.locked(uuid)
        changes = given.changes()
        if "metadata" in changes:
            changes["metadata"] = merge_metadata(present_row["metadata"], changes["metadata"])
        if "content" in changes or "variables" in changes:
            content = changes.get("content", present_row["content"])
            variables = changes.get("variables")
            if variables is None:
                variables = template.carried(content, present_row["variables"])
            else:
                variables = [each.model_dump() for each in given.variables]
            changes["variables"] = template.declared(content, variables)
        return await self._change(present_row, changes, revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a prompt with its versions. Its runs go on, and stay."""
        await self._prompts.delete(uuid, revision)

    async def definition(
        self, prompt: Row, *, sticky: UUID, version: int | None = None, channel: str | None = None
    ) -> tuple[dict[str, Any], int]:
        """What ``prompt`` says, and the number of that version: the newest, where none is asked for.

        ``sticky``, a run's uuid, decides where a channel is split. One query; none for the newest.
        """
        asked = await self._channels(prompt["uuid"]).asked(
            prompt["version"], self._versions(prompt["uuid"]), version=version, channel=channel, sticky=sticky
        )
        if asked is None:
            return dict(prompt), prompt["version"]
        return {**dict(prompt), **{name: asked[name] for name in VERSIONED}, "version": asked["number"]}, asked[
            "number"
        ]

    async def versions(self, uuid: UUID, query: ListQuery) -> RowPage:
        """One page of a prompt's versions."""
        await self._prompts.get(uuid)
        return await self._versions(uuid).page(query)

    async def version(self, uuid: UUID, number: int) -> Row:
        """What a prompt said as of that version."""
        return await self._versions(uuid).numbered(number)

    async def restore(self, uuid: UUID, number: int, revision: int | None) -> Row:
        """Has the prompt say again what it said, as a new version."""
        present_row = await self._prompts.locked(uuid)
        version = await self._versions(uuid).numbered(number)
        return await self._change(present_row, {name: version[name] for name in VERSIONED}, revision)

    async def channels(self, uuid: UUID, query: ListQuery) -> RowPage:
        """One page of a prompt's channels, without ``draft``."""
        await self._prompts.get(uuid)
        return await self._channels(uuid).page(query)

    async def channel(self, uuid: UUID, name: str) -> tuple[dict[str, Any], Row]:
        """A channel as the API shows it, and the row that has its revision."""
        prompt = await self._prompts.get(uuid)
        if name == DRAFT:
            return draft(prompt), prompt
        row = await self._channels(uuid).named(name)
        return present_channel(row), row

    async def publish(self, uuid: UUID, name: str, given: ChannelUpdate, revision: int | None) -> Row:
        """Has a channel lead to a version, or to two; makes the channel if need be."""
        await self._prompts.locked(uuid)
        return await self._channels(uuid).lead(name, given, self._versions(uuid), revision)

    async def withdraw(self, uuid: UUID, name: str, revision: int | None) -> None:
        """Takes a channel away; who asks for it then finds nothing."""
        await self._prompts.locked(uuid)
        await self._channels(uuid).remove(name, revision)

    async def _change(self, present_row: Row, changes: Mapping[str, Any], revision: int | None) -> Row:
        self._prompts.check_revision(present_row, revision)
        changed = any(changes[name] != present_row[name] for name in VERSIONED if name in changes)
        version = present_row["version"] + changed
        row = await self._prompts.update(present_row["uuid"], {**changes, "version": version})
        if changed:
            await self._keep_version(row)
        return row

    async def _keep_version(self, row: Row) -> None:
        await self._versions(row["uuid"]).insert(
            {
                "uuid": new_uuid(),
                "number": row["version"],
                "creator_uuid": self._access.user_uuid,
                **{name: row[name] for name in VERSIONED},
            }
        )

    def _versions(self, uuid: UUID) -> PromptVersionRepository:
        return PromptVersionRepository(self._session, self._access.workspace_uuid, uuid)

    def _channels(self, uuid: UUID) -> PromptChannelRepository:
        return PromptChannelRepository(self._session, self._access.workspace_uuid, uuid)

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        items = [present(row) for row in rows]
        if "creator" in relations:
            await self._add_creators(items, rows)
        if "versions" in relations:
            kept: dict[UUID, list[dict[str, Any]]] = {row["uuid"]: [] for row in rows}
            for version in await self._prompts.last_versions(list(kept)):
                created_at = clock.rfc3339(version["created_at"])
                kept[version["prompt_uuid"]].append({"number": version["number"], "created_at": created_at})
            for item, row in zip(items, rows, strict=True):
                item["versions"] = kept[row["uuid"]]
        return items

    async def show_versions(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """As :meth:`show`, for versions."""
        items = [_present_version(row) for row in rows]
        if "creator" in relations:
            await self._add_creators(items, rows)
        return items

    async def _add_creators(self, items: Sequence[dict[str, Any]], rows: Sequence[Row]) -> None:
        found = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
        for item, row in zip(items, rows, strict=True):
            item["creator"] = found.get(row["creator_uuid"])


def present(row: Row) -> dict[str, Any]:
    """A prompt's row as the API shows it, without relations."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "description": row["description"],
        **_said(row),
        "tags": row["tags"],
        "version": row["version"],
        "creator": None,
        "versions": None,
    }


def _present_version(row: Row) -> dict[str, Any]:
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "prompt_uuid": row["prompt_uuid"],
        "number": row["number"],
        **_said(row),
        "creator": None,
    }


def _said(row: Row) -> dict[str, Any]:
    return {**{name: row[name] for name in VERSIONED}, "metadata": show_metadata(row["metadata"])}
