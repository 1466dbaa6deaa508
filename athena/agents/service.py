"""The rules of agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from athena.accounts.service import AccountService
from athena.agents.repository import AgentRepository
from athena.agents.schemas import AgentCreate, AgentLimits, AgentMemory, AgentUpdate
from athena.guardrails.service import GuardrailService
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.large_language_models.parameters import merge_metadata, show_metadata
from athena.media.service import MediaService
from athena.tools.service import ToolService
from athena.tools.service import present as present_tool
from athena.users import service as users

RELATIONS = ("creator", "account", "avatar", "tools")

MEMORY: Final = AgentMemory().model_dump()
LIMITS: Final = AgentLimits().model_dump()

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name", "description"),
    filters={"account_uuid": UUID, "creator_uuid": UUID, "model": str},
    relations=RELATIONS,
)


class AgentService:
    """The agents of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._agents = AgentRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of agents."""
        return await self._agents.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One agent; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._agents.get(uuid)

    async def create(self, given: AgentCreate) -> Row:
        """Stores a new agent of the caller."""
        await self._check(given.model_dump())
        return await self._agents.insert(
            {
                "uuid": new_uuid(),
                "name": given.name,
                "description": given.description,
                "avatar_uuid": given.avatar_uuid,
                "model": given.model,
                "account_uuid": given.account_uuid,
                "system_prompt": given.system_prompt,
                "metadata": merge_metadata({}, given.metadata.model_dump(exclude_unset=True)),
                "tags": given.tags,
                "version": 1,
                **{name: getattr(given, name) for name in ("tool_uuids", "guardrail_uuids", "team_uuids")},
                "output_schema": given.output_schema,
                "fallback_models": [each.model_dump(mode="json") for each in given.fallback_models],
                "memory": given.memory.model_dump(exclude_unset=True),
                "limits": given.limits.model_dump(exclude_unset=True),
                "reflection": given.reflection.model_dump() if given.reflection else None,
                "creator_uuid": self._access.user_uuid,
            }
        )

    async def update(self, uuid: UUID, given: AgentUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names; each change is a version."""
        present = await self._agents.locked(uuid)
        changes = given.changes()
        await self._check(changes, uuid)
        if "metadata" in changes:
            changes["metadata"] = merge_metadata(present["metadata"], changes["metadata"])
        for name in ("memory", "limits"):
            if name in changes:
                changes[name] = {**present[name], **changes[name]}
        if "fallback_models" in changes:
            changes["fallback_models"] = [each.model_dump(mode="json") for each in given.fallback_models]
        return await self._agents.update(uuid, {**changes, "version": present["version"] + 1}, revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes an agent; its threads stay, without an agent."""
        await self._agents.delete(uuid, revision)

    async def _check(self, given: Mapping[str, Any], uuid: UUID | None = None) -> None:
        """Refuses what names something that the workspace does not have; ``uuid`` is the agent's own."""
        accounts: set[UUID | None] = {given.get("account_uuid")}
        accounts.update(each.get("account_uuid") for each in given.get("fallback_models", ()))
        for account_uuid in filter(None, accounts):
            await AccountService(self._session, self._access).get(account_uuid)
        if given.get("avatar_uuid") is not None:
            avatar = await MediaService(self._session, self._access).get(given["avatar_uuid"])
            if not avatar["mime_type"].startswith("image/"):
                raise ValidationFailed.of("avatar_uuid", "An avatar must be an image.")
        if uuid is not None and uuid in given.get("team_uuids", ()):
            raise ValidationFailed.of("team_uuids", "An agent cannot be in its own team.")
        tools = ToolService(self._session, self._access)
        guardrails = GuardrailService(self._session, self._access)
        for name, rows in (("team_uuids", self._agents), ("tool_uuids", tools), ("guardrail_uuids", guardrails)):
            wanted: list[UUID] = given.get(name) or []
            if len(await rows.by_ids(wanted)) < len(wanted):
                raise NotFound(f"Of {name}, not all exist in this workspace.")

    async def rows(self, uuids: Sequence[UUID]) -> list[Row]:
        """The agents that exist among ``uuids``, in that order."""
        found = await self._agents.by_ids(uuids)
        return [found[uuid] for uuid in uuids if uuid in found]

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Agents as other resources show them, by uuid, in one query."""
        rows = await self._agents.by_ids(uuids)
        return {uuid: present(row) for uuid, row in rows.items()}

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        items = [present(row) for row in rows]
        if "creator" in relations:
            creators = await users.by_ids(self._session, [r["creator_uuid"] for r in rows if r["creator_uuid"]])
            _attach(items, rows, "creator", creators)
        if "account" in relations:
            service = AccountService(self._session, self._access)
            accounts = await service.by_ids([row["account_uuid"] for row in rows if row["account_uuid"]])
            _attach(items, rows, "account", accounts)
        if "avatar" in relations:
            service = MediaService(self._session, self._access)
            media = await service.by_ids([row["avatar_uuid"] for row in rows if row["avatar_uuid"]])
            _attach(items, rows, "avatar", media)
        if "tools" in relations:
            uuids = dict.fromkeys(uuid for row in rows for uuid in row["tool_uuids"])
            tools = await ToolService(self._session, self._access).by_ids(list(uuids))
            for item, row in zip(items, rows, strict=True):
                item["tools"] = [present_tool(tools[uuid]) for uuid in row["tool_uuids"] if uuid in tools]
        return items


def _attach(
    items: Sequence[dict[str, Any]], rows: Sequence[Row], name: str, found: Mapping[UUID, dict[str, Any]]
) -> None:
    for item, row in zip(items, rows, strict=True):
        item[name] = found.get(row[f"{name}_uuid"])


def present(row: Row) -> dict[str, Any]:
    """An agent's row as the API shows it, without relations."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "description": row["description"],
        "model": row["model"],
        "account_uuid": row["account_uuid"],
        "system_prompt": row["system_prompt"],
        "metadata": show_metadata(row["metadata"]),
        "tags": row["tags"],
        "version": row["version"],
        **{name: row[name] for name in ("tool_uuids", "guardrail_uuids", "team_uuids")},
        "output_schema": row["output_schema"],
        "fallback_models": row["fallback_models"],
        "memory": {**MEMORY, **row["memory"]},
        "limits": {**LIMITS, **row["limits"]},
        "reflection": row["reflection"],
        "tools": None,
        "avatar": None,
        "account": None,
        "creator": None,
    }
