"""The rules of tools: what a configuration must be, what a tool offers, and calls that try one out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from athena.accounts.service import AccountService
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, PreconditionFailed, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.tools.base import ToolConfig, ToolKind, ToolKinds, ToolResult
from athena.tools.builtins import BUILTINS
from athena.tools.calling import call_function, check_condition
from athena.tools.discovery import found
from athena.tools.naming import ToolRow
from athena.tools.repository import ToolRepository
from athena.tools.schemas import ToolCallCreate, ToolCreate, ToolType, ToolUpdate
from athena.users import service as users

RELATIONS = ("creator", "account")
FOUND_BY: Final = frozenset({"config", "parameters", "account_uuid"})
NAMED_BY: Final = frozenset({"name", "description"})

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name", "description"),
    filters={"type": ToolType, "name": str, "enabled": bool, "account_uuid": UUID, "creator_uuid": UUID},
    relations=RELATIONS,
)


class ToolService:
    """The tools of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._tools = ToolRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of tools."""
        return await self._tools.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One tool; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._tools.get(uuid)

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, Row]:
        """The tools that exist among ``uuids``, in one query."""
        return await self._tools.by_ids(uuids)

    async def for_agent(self, tool_uuids: Sequence[UUID]) -> list[Row]:
        """Those of ``tool_uuids`` that are enabled, in that order, in one query."""
        return await self._tools.enabled(tool_uuids) if tool_uuids else []

    async def newest(self, count: int) -> list[Row]:
        """The newest ``count`` that are enabled."""
        return await self._tools.newest(count)

    async def create(self, given: ToolCreate) -> Row:
        """Stores a new tool of the caller, with the functions that it is found to offer.

        Commits before a server is asked for them.
        """
        return await self.store(await self.prepare(given))

    def asks_server(self, name: str) -> bool:
        """Whether the functions of tools of this type are found by asking a server, which takes a commit."""
        return self._kind(name).asks_server

    async def prepare(self, given: ToolCreate) -> dict[str, Any]:
        """The first half of :meth:`create`, which stores nothing: the columns, for :meth:`store`."""
        values = {key: value for key, value in given.model_dump().items() if key != "with_"}
        kind = self._kind(given.type)
        if given.approval_condition is not None:
            check_condition(given.approval_condition)
        config = await self._checked(kind, values)
        return {**values, "config": config.model_dump(mode="json"), **await self._found(kind, config, values)}

    async def store(self, prepared: Mapping[str, Any]) -> Row:
        """Stores what :meth:`prepare` made."""
        return await self._tools.insert(
            {"uuid": new_uuid(), "creator_uuid": self._access.user_uuid, **prepared},
        )

    async def update(self, uuid: UUID, given: ToolUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names. The functions are found anew where they may have become others."""
        row, changes = await self.prepare_update(uuid, given, revision)
        return await self.store_update(row, changes, revision)

    async def prepare_update(
        self, uuid: UUID, given: ToolUpdate, revision: int | None
    ) -> tuple[Row, Mapping[str, Any]]:
        """The first half of :meth:`update`, which changes nothing: what :meth:`store_update` needs."""
        row = await self._tools.get(uuid)
        self._tools.check_revision(row, revision)
        changes = given.changes()
        kind = self._kind(row["type"])
        finders = FOUND_BY if kind.asks_server else FOUND_BY | NAMED_BY
        if changes.get("approval_condition") is not None:
            check_condition(changes["approval_condition"])
        if any(changes[name] != row[name] for name in finders & changes.keys()):
            merged = {**row, **changes}
            config = await self._checked(kind, merged)
            changes |= {"config": config.model_dump(mode="json"), **await self._found(kind, config, merged)}
        return row, changes

    async def store_update(self, row: Row, changes: Mapping[str, Any], revision: int | None) -> Row:
        """Makes the changes that :meth:`prepare_update` found."""
        return await self._replace(row, changes, revision, "updated")

    async def refresh(self, uuid: UUID) -> Row:
        """Finds the tool's functions anew."""
        row = await self._tools.get(uuid)
        kind = self._kind(row["type"])
        config = await self._checked(kind, row)
        return await self._replace(row, await self._found(kind, config, row, again=True), None, "refreshed")

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a tool; the agents that had it have it no more."""
        await self._tools.delete(uuid, revision)

    async def call(self, uuid: UUID, given: ToolCallCreate) -> dict[str, Any]:
        """Tries the tool out; holds no connection meanwhile."""
        row = await self._tools.get(uuid)
        await self._session.commit()
        begin = time.perf_counter()
        key = f"call-{new_uuid()}"
        result = await call_function(
            self._session.database, self._access, row, given.function, given.arguments, idempotency_key=key
        )
        return present_result(result, round((time.perf_counter() - begin) * 1000))

    def _kind(self, name: str) -> ToolKind[Any]:
        kind = self._session.provided(ToolKinds).get(name)
        if kind is None:
            raise ValidationFailed.of("type", f"There are no tools of the type {name} here.")
        return kind

    async def _checked(self, kind: ToolKind[Any], values: ToolRow) -> ToolConfig:
        """The configuration, as its type has it; the errors are those of a request."""
        if values["parameters"] is not None and not kind.takes_parameters:
            raise ValidationFailed.of("parameters", f"A tool of the type {kind.type} knows its parameters by itself.")
        config = _config(kind, values["config"])
        if values["account_uuid"] is not None:
            await AccountService(self._session, self._access).get(values["account_uuid"])
        await kind.check(config, self._session, self._access)
        return config

    async def _found(
        self, kind: ToolKind[Any], config: ToolConfig, values: ToolRow, *, again: bool = False
    ) -> dict[str, Any]:
        """The columns of what the tool offers."""
        if kind.asks_server:
            await self._session.commit()
        return await found(self._session.database, self._access, kind, config, values, again=again)

    async def _replace(self, row: Row, changes: Mapping[str, Any], revision: int | None, verb: str) -> Row:
        """Changes ``row``, unless somebody else did meanwhile."""
        try:
            return await self._tools.update(row["uuid"], changes, row["revision"], verb=verb)
        except PreconditionFailed as error:
            if revision is not None:
                raise
            raise Conflict("The tool was changed meanwhile; try again.", code="concurrent_change") from error

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        items = [present(row) for row in rows]
        if "creator" in relations:
            creators = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = creators.get(row["creator_uuid"])
        if "account" in relations:
            service = AccountService(self._session, self._access)
            accounts = await service.by_ids([row["account_uuid"] for row in rows if row["account_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["account"] = accounts.get(row["account_uuid"])
        return items


def _config(kind: ToolKind[Any], given: Mapping[str, Any]) -> ToolConfig:
    try:
        return kind.config.model_validate(given)
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for each in error.errors(include_url=False, include_context=False, include_input=False):
            path = ".".join(["config", *map(str, each["loc"])])
            errors.setdefault(path, []).append(each["msg"].removeprefix("Value error, "))
        path, messages = next(iter(errors.items()))
        raise ValidationFailed(f"{path}: {messages[0]}", errors=errors) from error


def present(row: ToolRow) -> dict[str, Any]:
    """A tool's row as the API shows it, without relations."""
    functions = row["functions"]
    parameters = row["parameters"]
    if parameters is None and len(functions) == 1:
        parameters = functions[0]["parameters"]
    kept = ("account_uuid", "requires_approval", "approval_condition", "seconds", "max_result_bytes", "enabled")
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        **{name: row[name] for name in ("name", "description", "type", "config")},
        "parameters": parameters,
        "functions": functions,
        **{name: row[name] for name in kept},
        "refreshed_at": clock.rfc3339(row["refreshed_at"]),
        "creator": None,
        "account": None,
    }


def present_result(result: ToolResult, duration_ms: int) -> dict[str, Any]:
    """What a call came to, as the API shows it."""
    return {
        "content": result.content,
        "data": result.data,
        "is_error": result.is_error,
        "error": result.details.get("error"),
        "details": {name: value for name, value in result.details.items() if name != "error"},
        "duration_ms": duration_ms,
        "usage": None if result.usage is None else asdict(result.usage),
    }


def present_builtins() -> list[dict[str, Any]]:
    """What Athena brings along, as the API shows it."""
    return [
        {
            "name": each.name,
            "title": each.title,
            "description": each.description,
            "parameters": each.parameters,
            "config": {"name": each.name},
        }
        for each in BUILTINS.values()
    ]
