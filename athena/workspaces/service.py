"""The rules of workspaces: who makes, changes and ends them, who is in them, and in which role."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from athena.engine import Engine
from athena.kit.access import Access, Identity
from athena.kit.db import Row, Scope, Session
from athena.kit.errors import Conflict, PermissionDenied, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.permissions import Role, outranks
from athena.users.service import add_user, find_user, show_person
from athena.workspaces.repository import (
    MemberRepository,
    OrganizationRepository,
    WorkspaceRepository,
    workspace_id,
)
from athena.workspaces.schemas import MemberUpdate, Retention, WorkspaceCreate, WorkspaceUpdate

WORKSPACE_LIST = ListOptions(
    sortable={"created_at": "created_at", "updated_at": "updated_at", "name": "name", "slug": "slug"},
    searchable=("name", "slug", "description"),
    filters={"slug": str, "name": str},
)
MEMBER_LIST = ListOptions(
    sortable={
        "created_at": "created_at",
        "updated_at": "updated_at",
        "name": "name",
        "email": "email",
        "role": "role",
    },
    searchable=("name", "email"),
    filters={"role": Role},
)

DEFAULT_NAME = "Default workspace"
SLUG_LENGTH = 50
# What an organization's member may do where the provider does not say: work in it, but not manage it.
ORGANIZATION_ROLE = Role.BUILDER


class Organization(Protocol):
    """An organization as the identity provider tells of it."""

    @property
    def id(self) -> str:
        """Its id at the provider."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def role(self) -> str | None:
        """The user's role, as the provider names it."""
        ...


class WorkspaceService:
    """A user's workspaces, outside of any."""

    def __init__(self, session: Session, identity: Identity) -> None:
        self._session = session
        self._identity = identity
        self._workspaces = WorkspaceRepository(session, identity.user_uuid, identity.bound_to)

    async def page(self, query: ListQuery) -> tuple[RowPage, list[dict[str, Any]]]:
        """Those that the caller is in."""
        page = await self._workspaces.page(query)
        counts = await self._workspaces.members_counts([row["uuid"] for row in page.rows])
        return page, [_show(row, counts[row["uuid"]]) for row in page.rows]

    async def create(self, body: WorkspaceCreate) -> tuple[Row, dict[str, Any]]:
        """A new workspace, owned by the caller."""
        uuid = new_uuid()
        # The new workspace's own scope: the database lets nobody write into another.
        self._session.scope = Scope(uuid, self._identity.user_uuid)
        values = {
            "uuid": uuid,
            "name": body.name,
            "description": body.description,
            "settings": body.settings,
            "retention": _kept(body.retention.model_dump()),
        }
        await _store(self._session, values, body.slug or None)
        await MemberRepository(self._session, workspace_id(uuid)).add(self._identity.user_uuid, Role.OWNER)
        row = await self._workspaces.get(uuid)
        return row, _show(row, 1)


class PresentWorkspaceService:
    """The workspace that the caller was let into."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._workspaces = WorkspaceRepository(session, access.user_uuid, access.workspace_uuid)

    async def get(self) -> tuple[Row, dict[str, Any]]:
        """The workspace."""
        row = await self._workspaces.get(self._access.workspace_uuid)
        return row, await self._shown(row)

    async def update(self, body: WorkspaceUpdate, revision: int | None) -> tuple[Row, dict[str, Any]]:
        """Changes the workspace."""
        changes = body.changes()
        if "retention" in changes:
            present = await self._workspaces.get(self._access.workspace_uuid)
            changes["retention"] = _kept({**present["retention"], **changes["retention"]})
        row = await self._workspaces.update(self._access.workspace_uuid, changes, revision)
        return row, await self._shown(row)

    async def delete(self, revision: int | None) -> None:
        """Ends the workspace with all that is in it; not the caller's only one."""
        if await self._workspaces.count_own() == 1:
            raise Conflict("It is your only workspace; make another one first.", code="last_workspace")
        await _end(self._session, self._workspaces, self._access.workspace_uuid, revision)

    async def _shown(self, row: Row) -> dict[str, Any]:
        counts = await self._workspaces.members_counts([row["uuid"]])
        return _show(row, counts[row["uuid"]])


class MemberService:
    """The members of the workspace that the caller was let into."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._members = MemberRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> tuple[RowPage, list[dict[str, Any]]]:
        """The members."""
        page = await self._members.page(query)
        return page, [_show_member(row) for row in page.rows]

    async def get(self, user_uuid: UUID) -> tuple[Row, dict[str, Any]]:
        """One member."""
        row = await self._members.get(user_uuid)
        return row, _show_member(row)

    async def update(self, user_uuid: UUID, body: MemberUpdate, revision: int | None) -> tuple[Row, dict[str, Any]]:
        """Changes a member's role."""
        row = await self._check_change(user_uuid, revision)
        self.check_rank(body.role)
        if body.role is not Role.OWNER:
            await self._check_owner_stays(row)
        await self._members.set_role(user_uuid, body.role)
        self._session.record("member.role_changed", "member", user_uuid, {"from": row["role"], "to": body.role.value})
        return await self.get(user_uuid)

    async def has_address(self, email: str) -> bool:
        """Whether one of the members, whom the caller sees anyway, has this e-mail address."""
        return await self._members.has_address(email)

    async def remove(self, user_uuid: UUID, revision: int | None) -> None:
        """Puts a member out, at once."""
        row = await self._check_change(user_uuid, revision)
        if row["source"] == "oidc":
            raise Conflict(
                "The identity provider says who is in here; remove the member there.", code="managed_by_provider"
            )
        await self._check_owner_stays(row)
        await self._members.remove(user_uuid)
        verb = "left" if user_uuid == self._access.user_uuid else "removed"
        self._session.record(f"member.{verb}", "member", user_uuid)

    async def transfer(self, user_uuid: UUID) -> tuple[Row, dict[str, Any]]:
        """Makes another member an owner, and the caller an admin."""
        if user_uuid == self._access.user_uuid:
            raise ValidationFailed.of("user_uuid", "Name another member.")
        await self._members.lock()
        if "oidc" in {(await self._members.get(uuid))["source"] for uuid in (user_uuid, self._access.user_uuid)}:
            raise Conflict("The identity provider says who is what in here.", code="managed_by_provider")
        # The role may have changed since the request was let in, by another transfer.
        if (await self._members.get(self._access.user_uuid))["role"] != Role.OWNER:
            raise PermissionDenied("Only an owner can hand the workspace over.", code="role_above_own")
        await self._members.set_role(user_uuid, Role.OWNER)
        await self._members.set_role(self._access.user_uuid, Role.ADMIN)
        self._session.record("workspace.transferred", "workspace", self._access.workspace_uuid, {"to": str(user_uuid)})
        return await self.get(user_uuid)

    async def _check_change(self, user_uuid: UUID, revision: int | None) -> Row:
        await self._members.lock()
        row = await self._members.get(user_uuid)
        self._members.check_revision(row, revision)
        self.check_rank(row["role"])
        return row

    def check_rank(self, role: str) -> None:
        """:class:`PermissionDenied` when the caller would give or take a role above their own."""
        if outranks(role, self._access.role):
            raise PermissionDenied(f"The role {role} is above yours.", code="role_above_own")

    async def _check_owner_stays(self, row: Row) -> None:
        if row["role"] == Role.OWNER and await self._members.owners() == 1:
            raise Conflict("The workspace's last owner cannot leave or become something else.", code="last_owner")


async def join(session: Session, workspace_uuid: UUID, user_uuid: UUID, role: str) -> None:
    """Makes an invited user a member; :class:`Conflict` for one who is. The session's scope is the workspace's."""
    members = MemberRepository(session, workspace_id(workspace_uuid))
    if await members.find(user_uuid) is not None:
        raise Conflict("You are in the workspace already.", code="already_exists")
    await members.add(user_uuid, role, invited=True)
    session.record("member.joined", "member", user_uuid, {"role": role}, workspace_uuid=workspace_uuid)


async def name_of(session: Session, workspace_uuid: UUID) -> str:
    """What a workspace is called."""
    return await WorkspaceRepository(session, workspace_uuid).name_of(workspace_uuid)


async def leave_all(session: Session, user_uuid: UUID) -> None:
    """Ends a user's own workspaces, and takes them out of the others; needs the system's scope.

    :class:`Conflict` while others are in a workspace whose only owner the user is.
    """
    workspaces = WorkspaceRepository(session, user_uuid)
    for place in await workspaces.lock_own():
        if place["members"] == 1:
            await _end(session, workspaces, place["uuid"], None)
        elif place["role"] == Role.OWNER and place["owners"] == 1:
            raise Conflict(f"You are the last owner of {place['name']}; hand it over first.", code="last_owner")
        else:
            session.record("member.left", "member", user_uuid, workspace_uuid=place["uuid"])


async def _end(session: Session, workspaces: WorkspaceRepository, uuid: UUID, revision: int | None) -> None:
    """Deletes a workspace with everything in it. What lies elsewhere is reached by the chores of ``retention``."""
    await workspaces.delete(uuid, revision)
    await session.provided(Engine).vanish(session, await workspaces.delete_runs(uuid))


async def role_in(session: Session, user_uuid: UUID, workspace_uuid: UUID) -> str | None:
    """The user's role in a workspace; ``None`` for a stranger."""
    return await WorkspaceRepository(session, user_uuid).role_in(workspace_uuid)


async def bootstrap(session: Session, email: str, password: str) -> tuple[UUID, UUID, bool]:
    """The first owner and workspace: their ids, and whether they were made now. Needs the system's scope."""
    await OrganizationRepository(session, "").lock()
    user_uuid = await find_user(session, email)
    if user_uuid is not None:
        workspace_uuid = await session.value("SELECT workspace_uuid FROM athena_membership($1, NULL)", user_uuid)
        if workspace_uuid is not None:
            return user_uuid, workspace_uuid, False
    else:
        user_uuid = await add_user(session, email, email.partition("@")[0], password=password)
    uuid = new_uuid()
    await _store(session, {"uuid": uuid, "name": DEFAULT_NAME, "description": "", "settings": {}}, None)
    await MemberRepository(session, workspace_id(uuid)).add(user_uuid, Role.OWNER)
    return user_uuid, uuid, True


async def sync_organizations(
    session: Session, user_uuid: UUID, issuer: str, organizations: Sequence[Organization]
) -> None:
    """Makes the user's memberships what the identity provider says. Needs the system's scope."""
    repository = OrganizationRepository(session, issuer)
    known = await repository.by_organization([each.id for each in organizations])
    if len(known) < len(organizations):
        await repository.lock()
        known = await repository.by_organization([each.id for each in organizations])
    kept: list[UUID] = []
    for each in organizations:
        row = known.get(each.id)
        uuid = row["uuid"] if row else await _found(session, issuer, each)
        if row and row["name"] != each.name:
            await repository.rename(uuid, each.name)
        await repository.join(uuid, user_uuid, _role_of(each), ORGANIZATION_ROLE)
        kept.append(uuid)
    await repository.leave_others(user_uuid, kept)


def _role_of(organization: Organization) -> Role | None:
    named = (organization.role or "").lower()
    return Role(named) if named in {role.value for role in Role} else None


async def _found(session: Session, issuer: str, organization: Organization) -> UUID:
    uuid = new_uuid()
    origin = {"oidc_issuer": issuer, "oidc_organization": organization.id}
    await _store(session, {"uuid": uuid, "name": organization.name, "settings": {}, **origin}, None)
    return uuid


async def _store(session: Session, values: Mapping[str, Any], slug: str | None) -> None:
    """Stores a workspace under the slug that was asked for, or under one that is like its name."""
    repository = WorkspaceRepository(session, values["uuid"])
    if slug is not None:
        if not await repository.add({**values, "slug": slug}):
            raise Conflict("This slug is taken.", code="already_exists")
        return
    base = slug_of(str(values["name"]))
    candidate = base
    while not await repository.add({**values, "slug": candidate}):
        candidate = f"{base}-{secrets.token_hex(3)}"


def slug_of(name: str) -> str:
    """``name`` in lower case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-") or "workspace"


def _show(row: Row, members: int) -> dict[str, Any]:
    names = ("uuid", "created_at", "updated_at", "name", "slug", "description", "settings")
    retention = {name: row["retention"].get(name) for name in Retention.model_fields}
    return {**{name: row[name] for name in names}, "retention": retention, "members_count": members}


def _kept(retention: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a retention: its limits."""
    return {name: days for name, days in retention.items() if days is not None}


def _show_member(row: Row) -> dict[str, Any]:
    names = ("created_at", "updated_at", "role", "source", "invited_at")
    return {**show_person(row), **{name: row[name] for name in names}}


async def by_ids(session: Session, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Workspaces as other resources show them, by uuid, in two queries."""
    repository = WorkspaceRepository(session, session.scope.user_uuid or UUID(int=0))
    rows = await repository.by_ids(uuids)
    counts = await repository.members_counts(list(rows))
    return {uuid: _show(row, counts[uuid]) for uuid, row in rows.items()}
