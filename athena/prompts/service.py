"""The rules of prompts: what they declare, and what becomes a version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.db import Row
from athena.kit.pagination import ListOptions
from athena.kit.versioned import VersionedService
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


class PromptService(VersionedService):
    """The prompts of the caller's workspace."""

    repository = PromptRepository
    version_repository = PromptVersionRepository
    channel_repository = PromptChannelRepository
    versioned = VERSIONED

    async def create(self, given: PromptCreate) -> Row:
        """Stores a new prompt of the caller, and its first version."""
        says = {
            "content": given.content,
            "variables": template.declared(given.content, [each.model_dump() for each in given.variables]),
            "model": given.model,
            "metadata": merge_metadata({}, given.metadata.model_dump(exclude_unset=True)),
        }
        return await self._insert(
            {
                "name": given.name,
                "description": given.description,
                "tags": given.tags,
                **says,
            }
        )

    async def update(self, uuid: UUID, given: PromptUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names. Without ``variables``, those that the content no longer names go."""
        present_row = await self._rows.locked(uuid)
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

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        items = [present(row) for row in rows]
        if "creator" in relations:
            await self._add_creators(items, rows)
        if "versions" in relations:
            kept: dict[UUID, list[dict[str, Any]]] = {row["uuid"]: [] for row in rows}
            for version in await PromptRepository(self._session, self._access.workspace_uuid).last_versions(list(kept)):
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
