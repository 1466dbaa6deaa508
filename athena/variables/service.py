"""The rules of variables, and what workflows read of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from athena.accounts.credentials import mask
from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.crypto import Keyring, SecretUnreadable, place
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.users import service as users
from athena.variables.repository import VariableRepository
from athena.variables.schemas import MAXIMUM_SECRET, Kind, VariableCreate, VariableUpdate

MOST = 500
RELATIONS = ("creator",)

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name", "description"),
    filters={"kind": Kind, "name": str},
    relations=RELATIONS,
)


@dataclass(frozen=True, slots=True)
class WorkspaceValues:
    """What expressions read of a workspace, by name."""

    variables: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)


async def load(session: Session, workspace_uuid: WorkspaceId, secret_names: Collection[str]) -> WorkspaceValues:
    """Every variable, and those secrets alone that are named; what does not exist is not there.

    :class:`ValidationFailed` with the code ``secret_unreadable`` for a secret that cannot be opened any more.
    """
    keyring = session.provided(Keyring)
    found: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for row in await VariableRepository(session, workspace_uuid).values(secret_names):
        if row["kind"] == "secret":
            secrets[row["name"]] = _opened(keyring, workspace_uuid, row)
        else:
            found[row["name"]] = row["value"]
    return WorkspaceValues(found, secrets)


async def missing_secrets(session: Session, workspace_uuid: WorkspaceId, names: Collection[str]) -> frozenset[str]:
    """Those of ``names`` that are no secrets of the workspace."""
    return frozenset(names) - await VariableRepository(session, workspace_uuid).secrets(names)


def _opened(keyring: Keyring, workspace_uuid: UUID, row: Row) -> str:
    try:
        return keyring.open(row["sealed_value"], _place(workspace_uuid, row["uuid"])).decode()
    except SecretUnreadable as error:
        name = row["name"]
        raise ValidationFailed(
            f"The secret {name} cannot be read: {error}",
            code="secret_unreadable",
            errors={f"secrets.{name}": [str(error)]},
        ) from error


def _place(workspace_uuid: UUID, uuid: UUID) -> str:
    return place("variables", workspace_uuid, uuid, "value")


class VariableService:
    """The variables of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._variables = VariableRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of variables."""
        return await self._variables.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One variable; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._variables.get(uuid)

    async def kinds(self, names: Collection[str]) -> dict[str, str]:
        """Of ``names`` those that exist, with their kinds: variable or secret."""
        return await self._variables.kinds(names)

    async def create(self, given: VariableCreate) -> Row:
        """Stores a new variable of the caller; :class:`Conflict` where its name is taken, or there are too many."""
        if await self._variables.count() >= MOST:
            raise Conflict(f"A workspace has at most {MOST} variables and secrets.", code="variable_limit")
        uuid = new_uuid()
        return await self._variables.insert(
            {
                "uuid": uuid,
                "name": given.name,
                "description": given.description,
                "kind": given.kind,
                **self._stored(uuid, given.kind, given.value),
                "creator_uuid": self._access.user_uuid,
            }
        )

    async def update(self, uuid: UUID, given: VariableUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names."""
        changes = given.changes()
        stored: Mapping[str, Any] = {}
        if "value" in changes:
            kind = (await self._variables.get(uuid))["kind"]
            stored = self._stored(uuid, kind, changes["value"])
        row = await self._variables.update(uuid, {**changes, **stored}, revision, verb="")
        self._variables.note("updated", uuid, changes)
        return row

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a variable."""
        await self._variables.delete(uuid, revision)

    def _stored(self, uuid: UUID, kind: Kind, value: object) -> dict[str, Any]:
        """The columns of a new value."""
        if kind == "variable":
            return {"value": value}
        if not isinstance(value, str) or not 1 <= len(value) <= MAXIMUM_SECRET:
            raise ValidationFailed.of("value", f"A secret is text of 1 to {MAXIMUM_SECRET:,} characters.")
        sealed = self._session.provided(Keyring).seal(value.encode(), _place(self._access.workspace_uuid, uuid))
        return {"value": None, "sealed_value": sealed, "hint": mask(value)}

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [present(row) for row in rows]
        if "creator" in relations:
            found = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = found.get(row["creator_uuid"])
        return items


def present(row: Row) -> dict[str, Any]:
    """A variable's row as the API shows it, without relations."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        **{name: row[name] for name in ("name", "description", "kind", "value", "hint")},
        "creator": None,
    }
