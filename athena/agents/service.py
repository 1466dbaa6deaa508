"""The rules of agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from athena.accounts.service import AccountService
from athena.agents import comparison
from athena.agents.repository import AgentChannelRepository, AgentRepository, AgentVersionRepository
from athena.agents.schemas import AgentCreate, AgentLimits, AgentMemory, AgentUpdate, Visibility
from athena.budgets.service import BudgetService
from athena.guardrails.service import GuardrailService
from athena.kit import clock
from athena.kit.db import Row
from athena.kit.errors import NotFound, PermissionDenied, ValidationFailed
from athena.kit.pagination import ListOptions
from athena.kit.versioned import VersionedService
from athena.large_language_models.parameters import merge_metadata, show_metadata
from athena.media.service import MediaService
from athena.tools.service import ToolService
from athena.tools.service import present as present_tool
from athena.users import service as users

RELATIONS = ("creator", "account", "avatar", "tools", "budgets")
VERSION_RELATIONS = ("creator",)
VERSIONED = (
    "model",
    "account_uuid",
    "system_prompt",
    "metadata",
    "tool_uuids",
    "guardrail_uuids",
    "team_uuids",
    "output_schema",
    "fallback_models",
    "memory",
    "limits",
    "reflection",
)
"""How an agent answers; a change of any of it is a version."""

MEMORY: Final = AgentMemory().model_dump()
LIMITS: Final = AgentLimits().model_dump()

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name", "description"),
    filters={"account_uuid": UUID, "creator_uuid": UUID, "model": str, "visibility": Visibility},
    relations=RELATIONS,
)
VERSION_LIST = ListOptions(
    sortable={"number": "number", "created_at": "uuid"},
    searchable=("system_prompt",),
    filters={"creator_uuid": UUID, "model": str},
    relations=VERSION_RELATIONS,
    default_sort="-number",
)


class AgentService(VersionedService):
    """The agents of the caller's workspace. Private ones exist for those who reach them, and for nobody else."""

    version_repository = AgentVersionRepository
    channel_repository = AgentChannelRepository
    versioned = VERSIONED

    async def create(self, given: AgentCreate) -> Row:
        """Stores a new agent of the caller, and its first version."""
        await self._check(given.model_dump())
        return await self._insert(
            {
                "name": given.name,
                "description": given.description,
                "avatar_uuid": given.avatar_uuid,
                "model": given.model,
                "account_uuid": given.account_uuid,
                "system_prompt": given.system_prompt,
                "metadata": merge_metadata({}, given.metadata.model_dump(exclude_unset=True)),
                "tags": given.tags,
                "visibility": given.visibility,
                **{name: getattr(given, name) for name in ("tool_uuids", "guardrail_uuids", "team_uuids")},
                "output_schema": given.output_schema,
                "fallback_models": [each.model_dump(mode="json") for each in given.fallback_models],
                "memory": given.memory.model_dump(exclude_unset=True),
                "limits": given.limits.model_dump(exclude_unset=True),
                "reflection": given.reflection.model_dump() if given.reflection else None,
            }
        )

    async def update(self, uuid: UUID, given: AgentUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names; a change of how the agent answers is a version."""
        present_agent = await self._rows.locked(uuid)
        changes = given.changes()
        await self._check(changes, uuid)
        self._check_visibility(present_agent, changes)
        if "team_uuids" in changes:
            changes["team_uuids"] += await self._concealed(present_agent["team_uuids"])
        if "metadata" in changes:
            changes["metadata"] = merge_metadata(present_agent["metadata"], changes["metadata"])
        for name in ("memory", "limits"):
            if name in changes:
                changes[name] = {**present_agent[name], **changes[name]}
        if "fallback_models" in changes:
            changes["fallback_models"] = [each.model_dump(mode="json") for each in given.fallback_models]
        if given.reflection is not None:
            changes["reflection"] = given.reflection.model_dump()
        return await self._change(present_agent, changes, revision)

    async def compare(self, uuid: UUID, before: int, after: int) -> dict[str, Any]:
        """What changed from one version to another."""
        await self._rows.get(uuid)
        versions = self._versions(uuid)
        said = [effective(await versions.numbered(number)) for number in (before, after)]
        await self._conceal(said)
        changes = comparison.compare(*said)
        return {"before": before, "after": after, "changes": changes, "summary": comparison.in_words(changes)}

    def effective(self, row: Row | Mapping[str, Any]) -> dict[str, Any]:
        """As in every version, with what is not set as it usually is."""
        return effective(row)

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
        for name, rows in (("team_uuids", self._rows), ("tool_uuids", tools), ("guardrail_uuids", guardrails)):
            wanted: list[UUID] = given.get(name) or []
            if len(await rows.by_ids(wanted)) < len(wanted):
                raise NotFound(f"Of {name}, not all exist in this workspace.")

    def _check_visibility(self, present_agent: Row, changes: Mapping[str, Any]) -> None:
        """Nobody takes an agent away from others that is not theirs."""
        if changes.get("visibility", present_agent["visibility"]) == present_agent["visibility"]:
            return
        if not self._access.manages and present_agent["creator_uuid"] != self._access.user_uuid:
            raise PermissionDenied("Only its creator, owners and admins say for whom an agent exists.")

    async def _concealed(self, uuids: Sequence[UUID]) -> list[UUID]:
        """Those of ``uuids`` that do not exist for the caller; no query for who reaches every agent."""
        if self._access.reach is None:
            return []
        found = await self._rows.by_ids(uuids)
        return [uuid for uuid in uuids if uuid not in found]

    async def _conceal(self, items: Sequence[dict[str, Any]]) -> None:
        """Takes out of each team who does not exist for the caller."""
        concealed = set(await self._concealed([uuid for item in items for uuid in item["team_uuids"]]))
        for item in items if concealed else ():
            item["team_uuids"] = [uuid for uuid in item["team_uuids"] if uuid not in concealed]

    def _repository(self) -> AgentRepository:
        return AgentRepository(self._session, self._access.workspace_uuid, self._access.reach)

    async def rows(self, uuids: Sequence[UUID]) -> list[Row]:
        """The agents that exist among ``uuids``, in that order."""
        found = await self._rows.by_ids(uuids)
        return [found[uuid] for uuid in uuids if uuid in found]

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Agents as other resources show them, by uuid, in one query."""
        found = {uuid: present(row) for uuid, row in (await self._rows.by_ids(uuids)).items()}
        await self._conceal(list(found.values()))
        return found

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        items = [present(row) for row in rows]
        await self._conceal(items)
        if "creator" in relations:
            await self._attach_creators(items, rows)
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
        if "budgets" in relations:
            budgets = await BudgetService(self._session, self._access).of_agents([row["uuid"] for row in rows])
            for item, row in zip(items, rows, strict=True):
                item["budgets"] = budgets[row["uuid"]]
        return items

    async def show_versions(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """As :meth:`show`, for versions."""
        items = [_present_version(row) for row in rows]
        await self._conceal(items)
        if "creator" in relations:
            await self._attach_creators(items, rows)
        return items

    async def _attach_creators(self, items: Sequence[dict[str, Any]], rows: Sequence[Row]) -> None:
        creators = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
        _attach(items, rows, "creator", creators)


def _attach(
    items: Sequence[dict[str, Any]], rows: Sequence[Row], name: str, found: Mapping[UUID, dict[str, Any]]
) -> None:
    for item, row in zip(items, rows, strict=True):
        item[name] = found.get(row[f"{name}_uuid"])


def effective(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """How an agent or a version answers, with what is not set as it usually is."""
    says = {name: row[name] for name in VERSIONED}
    return {**says, "memory": {**MEMORY, **row["memory"]}, "limits": {**LIMITS, **row["limits"]}}


def _shown(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    return {**effective(row), "metadata": show_metadata(row["metadata"])}


def _present_version(row: Row) -> dict[str, Any]:
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "agent_uuid": row["agent_uuid"],
        "number": row["number"],
        **_shown(row),
        "creator": None,
    }


def present(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """An agent's row as the API shows it, without relations."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "description": row["description"],
        **_shown(row),
        "tags": row["tags"],
        "version": row["version"],
        "visibility": row["visibility"],
        "tools": None,
        "budgets": None,
        "avatar": None,
        "account": None,
        "creator": None,
    }
