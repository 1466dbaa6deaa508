"""The SQL of workspaces and their members. These tables say what a tenant is, so that they are not a tenant's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.repository import Repository, Rows, Where
from athena.kit.tables import Json, Time, Uuid, resource_columns
from athena.permissions import Role
from athena.users.models import users
from athena.workspaces.models import workspace_members, workspaces

# What a list of members is read from: the membership, with the person it is about.
_members = sa.Table(
    "members",
    sa.MetaData(),
    sa.Column("workspace_uuid", Uuid),
    sa.Column("uuid", Uuid),
    *resource_columns(),
    sa.Column("role", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("invited_at", Time),
    sa.Column("name", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("profile", Json),
)
_MEMBERS = (
    "(SELECT m.workspace_uuid, m.user_uuid AS uuid, m.created_at, m.updated_at, m.revision, m.role, m.source, "
    f"m.invited_at, u.name, u.email, u.profile FROM {workspace_members.name} AS m "
    f"JOIN {users.name} AS u ON u.uuid = m.user_uuid) AS members"
)


class WorkspaceRepository(Rows):
    """Workspaces that a user is in."""

    table = workspaces
    recorded = "workspace"
    hidden = frozenset({"oidc_issuer", "oidc_organization"})

    def __init__(self, session: Session, user_uuid: UUID, only: UUID | None = None) -> None:
        super().__init__(session)
        self.user_uuid = user_uuid
        self.only = only

    def within(self, where: Where) -> None:
        """The user's, or the one that a token is bound to."""
        where.add(
            "EXISTS (SELECT FROM workspace_members AS own "
            "WHERE own.workspace_uuid = workspaces.uuid AND own.user_uuid = {})",
            self.user_uuid,
        )
        if self.only is not None:
            where.add("workspaces.uuid = {}", self.only)

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such workspace.")

    def note(self, verb: str, uuid: UUID, fields: Iterable[str] = ()) -> None:
        """In the workspace's own log; what is left of one that has ended is its former owner's affair."""
        if verb == "deleted":
            self.session.record("workspace.deleted", "workspace", uuid, user_uuid=self.user_uuid)
        elif verb:
            changed = sorted(set(fields) - self.hidden)
            details = {"changed": changed} if changed else None
            self.session.record(f"workspace.{verb}", "workspace", uuid, details, workspace_uuid=uuid)

    async def add(self, values: dict[str, Any]) -> bool:
        """Stores a new workspace; whether its slug was free."""
        now = clock.now()
        full = {"created_at": now, "updated_at": now, **values}
        places = ", ".join(f"${n}" for n in range(1, len(full) + 1))
        added = await self.session.execute(
            f"INSERT INTO workspaces ({', '.join(full)}) VALUES ({places}) ON CONFLICT (slug) DO NOTHING",
            *full.values(),
        )
        if added:
            self.note("created", values["uuid"])
        return bool(added)

    async def members_counts(self, uuids: Sequence[UUID]) -> dict[UUID, int]:
        """How many members each workspace has; of those that the scope does not see, too."""
        rows = await self.session.fetch("SELECT * FROM athena_members_counts($1)", list(uuids))
        return {row["workspace_uuid"]: row["members"] for row in rows}

    async def count_own(self) -> int:
        """In how many workspaces the user is."""
        return await self.session.value("SELECT count(*) FROM workspace_members WHERE user_uuid = $1", self.user_uuid)

    async def delete_runs(self, workspace_uuid: UUID) -> list[UUID]:
        """Runs with their events; no foreign key takes them along, because the engine knows no workspaces.

        Those that were not at their end.
        """
        rows = await self.session.fetch(
            "WITH gone AS (DELETE FROM runs WHERE workspace_uuid = $1 RETURNING uuid, finished_at) "
            "SELECT uuid FROM gone WHERE finished_at IS NULL",
            workspace_uuid,
        )
        return [row["uuid"] for row in rows]

    async def lock_own(self) -> Sequence[Row]:
        """The user's workspaces, whose members nobody else changes before this transaction ends, and the role in each.

        With how many members, and how many owners, there are.
        """
        await self.session.execute(
            "SELECT FROM workspaces AS w WHERE EXISTS (SELECT FROM workspace_members AS m "
            "WHERE m.workspace_uuid = w.uuid AND m.user_uuid = $1) ORDER BY w.uuid FOR UPDATE",
            self.user_uuid,
        )
        return await self.session.fetch(
            "SELECT w.uuid, w.name, own.role, count(*) AS members, count(*) FILTER (WHERE m.role = $2) AS owners "
            "FROM workspace_members AS own JOIN workspaces AS w ON w.uuid = own.workspace_uuid "
            "JOIN workspace_members AS m ON m.workspace_uuid = w.uuid WHERE own.user_uuid = $1 "
            "GROUP BY w.uuid, own.role ORDER BY w.uuid",
            self.user_uuid,
            Role.OWNER.value,
        )

    async def name_of(self, workspace_uuid: UUID) -> str:
        """What it is called; it is there."""
        return await self.session.value("SELECT name FROM workspaces WHERE uuid = $1", workspace_uuid)

    async def role_in(self, workspace_uuid: UUID) -> str | None:
        """The user's role there."""
        return await self.session.value(
            "SELECT role FROM workspace_members WHERE workspace_uuid = $1 AND user_uuid = $2",
            workspace_uuid,
            self.user_uuid,
        )


class MemberRepository(Repository):
    """The members of one workspace; ``uuid`` is the user's."""

    table = _members
    source = _MEMBERS

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such member in this workspace.")

    async def lock(self) -> None:
        """Waits until nobody else changes the members, so that two owners cannot leave at once."""
        await self.session.execute("SELECT uuid FROM workspaces WHERE uuid = $1 FOR UPDATE", self.workspace_uuid)

    async def owners(self) -> int:
        """How many owners there are."""
        return await self.session.value(
            "SELECT count(*) FROM workspace_members WHERE workspace_uuid = $1 AND role = $2",
            self.workspace_uuid,
            Role.OWNER.value,
        )

    async def add(self, user_uuid: UUID, role: str, *, source: str = "local", invited: bool = False) -> None:
        """Stores a membership."""
        now = clock.now()
        await self.session.execute(
            "INSERT INTO workspace_members "
            "(workspace_uuid, user_uuid, created_at, updated_at, role, source, invited_at) "
            "VALUES ($1, $2, $3, $3, $4, $5, $6)",
            self.workspace_uuid,
            user_uuid,
            now,
            role,
            source,
            now if invited else None,
        )

    async def set_role(self, user_uuid: UUID, role: str) -> None:
        """Changes a role."""
        await self.session.execute(
            "UPDATE workspace_members SET role = $3, updated_at = $4, revision = revision + 1 "
            "WHERE workspace_uuid = $1 AND user_uuid = $2",
            self.workspace_uuid,
            user_uuid,
            role,
            clock.now(),
        )

    async def remove(self, user_uuid: UUID) -> None:
        """Deletes a membership."""
        await self.session.execute(
            "DELETE FROM workspace_members WHERE workspace_uuid = $1 AND user_uuid = $2", self.workspace_uuid, user_uuid
        )

    async def has_address(self, email: str) -> bool:
        """Whether one of the members has this e-mail address."""
        return await self.session.value(
            "SELECT EXISTS (SELECT FROM workspace_members AS m JOIN users AS u ON u.uuid = m.user_uuid "
            "WHERE m.workspace_uuid = $1 AND lower(u.email) = lower($2))",
            self.workspace_uuid,
            email,
        )


class OrganizationRepository:
    """Workspaces that stand for organizations of the identity provider; needs the system's scope."""

    def __init__(self, session: Session, issuer: str) -> None:
        self.session = session
        self.issuer = issuer

    async def by_organization(self, identifiers: Sequence[str]) -> dict[str, Row]:
        """The workspaces of organizations, by their ids."""
        rows = await self.session.fetch(
            "SELECT uuid, name, oidc_organization FROM workspaces "
            "WHERE oidc_issuer = $1 AND oidc_organization = ANY($2)",
            self.issuer,
            list(identifiers),
        )
        return {row["oidc_organization"]: row for row in rows}

    async def rename(self, workspace_uuid: UUID, name: str) -> None:
        """Takes over an organization's new name."""
        await self.session.execute(
            "UPDATE workspaces SET name = $2, updated_at = $3, revision = revision + 1 WHERE uuid = $1",
            workspace_uuid,
            name,
            clock.now(),
        )
        details = {"changed": ["name"]}
        self.session.record("workspace.updated", "workspace", workspace_uuid, details, workspace_uuid=workspace_uuid)

    async def join(self, workspace_uuid: UUID, user_uuid: UUID, role: str | None, otherwise: str) -> None:
        """Lets the user in; ``role`` is the one that the provider names, ``otherwise`` a newcomer's without one.

        A membership that was given here stays as it is.
        """
        row = await self.session.fetch_one(
            "INSERT INTO workspace_members AS present "
            "(workspace_uuid, user_uuid, created_at, updated_at, role, source) "
            "VALUES ($1, $2, $3, $3, coalesce($4::text, $5), 'oidc') "
            "ON CONFLICT (workspace_uuid, user_uuid) DO UPDATE "
            "SET role = excluded.role, updated_at = excluded.updated_at, revision = present.revision + 1 "
            "WHERE present.source = 'oidc' AND present.role <> $4 RETURNING role, xmax = 0 AS is_new",
            workspace_uuid,
            user_uuid,
            clock.now(),
            role,
            otherwise,
        )
        if row is not None:
            action = "member.joined" if row["is_new"] else "member.role_changed"
            self.session.record(
                action, "member", user_uuid, {"role": row["role"], "source": "oidc"}, workspace_uuid=workspace_uuid
            )

    async def leave_others(self, user_uuid: UUID, kept: Sequence[UUID]) -> None:
        """Takes back what the provider no longer gives."""
        rows = await self.session.fetch(
            "DELETE FROM workspace_members AS m USING workspaces AS w "
            "WHERE w.uuid = m.workspace_uuid AND m.user_uuid = $1 AND m.source = 'oidc' AND w.oidc_issuer = $2 "
            "AND m.workspace_uuid <> ALL($3) RETURNING m.workspace_uuid",
            user_uuid,
            self.issuer,
            list(kept),
        )
        for row in rows:
            details, place = {"source": "oidc"}, row["workspace_uuid"]
            self.session.record("member.removed", "member", user_uuid, details, workspace_uuid=place)

    async def lock(self) -> None:
        """Waits until nobody else makes workspaces of organizations."""
        await self.session.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"oidc organizations {self.issuer}"
        )


def workspace_id(uuid: UUID) -> WorkspaceId:
    """The id of a workspace that the program itself makes or manages, by no caller's word."""
    return WorkspaceId(uuid)
