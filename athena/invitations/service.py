"""The rules of invitations: who may make them, who may take them up, and what either is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from athena.auth.secrets import NewSecret, digest, new_secret
from athena.auth.throttle import Throttle
from athena.config import Settings
from athena.invitations.repository import InvitationRepository, OwnInvitationRepository, by_token
from athena.invitations.schemas import InvitationAccept, InvitationCreate
from athena.kit import clock
from athena.kit.access import Access, Identity
from athena.kit.db import SYSTEM, Row, Scope, Session
from athena.kit.errors import Conflict, NotFound
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.permissions import ROLE_PERMISSIONS, Permission, Role, outranks
from athena.users.service import add_user, find_user
from athena.workspaces.service import MemberService, join, name_of, role_in, workspace_id

LIFETIME = timedelta(days=7)
LIST = ListOptions(sortable={"created_at": "uuid"}, searchable=("email",), filters={"role": Role})
OWN_LIST = ListOptions(sortable={"created_at": "uuid"}, filters={"role": Role})


class InvitationService:
    """The invitations into the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._invitations = InvitationRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> tuple[RowPage, list[dict[str, Any]]]:
        """Those that nobody has accepted."""
        page = await self._invitations.page(query)
        return page, [_show(row) for row in page.rows]

    async def retrieve(self, uuid: UUID) -> tuple[Row, dict[str, Any]]:
        """One of them."""
        row = await self._invitations.get(uuid)
        return row, _show(row)

    async def create(self, body: InvitationCreate) -> tuple[Row, dict[str, Any]]:
        """Invites an address. What is answered is the same whether it is somebody's or nobody's."""
        members = MemberService(self._session, self._access)
        members.check_rank(body.role)
        if await members.has_address(body.email):
            raise Conflict("This user is in the workspace already.", code="already_exists")
        present = await self._invitations.to(body.email)
        if present is not None:
            if _status(present) == "pending":
                raise Conflict("This address is invited already; take that back first.", code="already_exists")
            await self._invitations.delete(present["uuid"], verb="")
        secret = new_secret()
        row = await self._invitations.insert(
            {
                "uuid": new_uuid(),
                "email": body.email,
                "role": body.role,
                "inviter_uuid": self._access.user_uuid,
                "token_hash": secret.digest,
                "expires_at": clock.now() + LIFETIME,
            }
        )
        return row, {**_show(row), "token": secret.text, "url": self._link(secret)}

    async def revoke(self, uuid: UUID, revision: int | None) -> None:
        """Takes an invitation back; its link opens nothing any more."""
        await self._invitations.delete(uuid, revision, verb="revoked")

    def _link(self, secret: NewSecret) -> str:
        # Behind the #, so that no browser sends it and no server logs it.
        return f"{self._session.provided(Settings).base_url}/join#{secret.text}"


class InviteeService:
    """What somebody who is signed in does with the invitations to their address.

    A stranger sees nothing of a workspace, so it reads in the system's scope; it writes in that of the workspace.
    """

    def __init__(self, session: Session, identity: Identity) -> None:
        self._session = session
        self._user_uuid = identity.user_uuid
        self._own = OwnInvitationRepository(session, identity.user_uuid)

    async def page(self, query: ListQuery) -> tuple[RowPage, list[dict[str, Any]]]:
        """Those that can be accepted."""
        self._session.scope = SYSTEM
        page = await self._own.page(query)
        return page, [_show_own(row) for row in page.rows]

    async def accept(self, uuid: UUID) -> dict[str, Any]:
        """Lets the caller in."""
        workspace_uuid = (await self._found(uuid))["workspace_uuid"]
        return await _take_up(self._session, workspace_uuid, uuid, self._user_uuid)

    async def decline(self, uuid: UUID) -> None:
        """Tells those who invited that the caller does not want to."""
        workspace_uuid = (await self._found(uuid))["workspace_uuid"]
        self._session.scope = Scope(workspace_uuid, self._user_uuid)
        await InvitationRepository(self._session, workspace_id(workspace_uuid)).decline(uuid)

    async def _found(self, uuid: UUID) -> Row:
        self._session.scope = SYSTEM
        row = await self._own.get(uuid)
        await self._session.commit()
        return row


class LinkService:
    """What somebody does who was given an invitation's link; needs a session of the system's scope."""

    def __init__(self, session: Session, address: str) -> None:
        self._session = session
        self._throttle = Throttle.of_address(session, address)

    async def accept(self, body: InvitationAccept, identity: Identity | None) -> dict[str, Any]:
        """Lets the signed-in caller in, or else a new user whom it makes."""
        await self._throttle.check()
        found = await by_token(self._session, digest(body.token))
        await self._session.commit()
        if found is None:
            await self._throttle.count_failure()
            raise NotFound("There is no such invitation.")
        if identity is not None:
            return await _take_up(self._session, found["workspace_uuid"], found["uuid"], identity.user_uuid)
        if await find_user(self._session, found["email"]) is not None:
            raise Conflict("There is a user with this address: sign in, and accept it then.", code="sign_in_needed")
        await self._session.commit()
        user_uuid = new_uuid()
        self._session.scope = Scope(found["workspace_uuid"], user_uuid)
        # Who holds the link need not be who reads the address's mail: it opens this workspace and nothing else.
        await add_user(
            self._session,
            found["email"],
            body.name or "",
            password=body.password,
            email_verified=False,
            user_uuid=user_uuid,
        )
        return await _take_up(self._session, found["workspace_uuid"], found["uuid"], user_uuid)


async def _take_up(session: Session, workspace_uuid: UUID, uuid: UUID, user_uuid: UUID) -> dict[str, Any]:
    """Makes a user a member, once, if who invited could still do so."""
    session.scope = Scope(workspace_uuid, user_uuid)
    invitations = InvitationRepository(session, workspace_id(workspace_uuid))
    row = await invitations.locked(uuid)
    inviter = await role_in(session, row["inviter_uuid"], workspace_uuid)
    if (
        inviter is None
        or outranks(row["role"], inviter)
        or Permission.MEMBERS_CREATE not in ROLE_PERMISSIONS[Role(inviter)]
    ):
        raise invitations.not_found()
    await invitations.delete(uuid, verb="accepted")
    await join(session, workspace_uuid, user_uuid, row["role"])
    name = await name_of(session, workspace_uuid)
    return {"workspace": {"uuid": workspace_uuid, "name": name}, "user_uuid": user_uuid, "role": row["role"]}


def _status(row: Row) -> str:
    if row["declined_at"] is not None:
        return "declined"
    return "expired" if row["expires_at"] <= clock.now() else "pending"


def _show(row: Row) -> dict[str, Any]:
    names = ("uuid", "created_at", "updated_at", "email", "role", "inviter_uuid", "expires_at")
    return {**{name: row[name] for name in names}, "status": _status(row)}


def _show_own(row: Row) -> dict[str, Any]:
    names = ("uuid", "created_at", "updated_at", "role", "expires_at")
    return {
        **{name: row[name] for name in names},
        "workspace": {"uuid": row["workspace_uuid"], "name": row["workspace_name"]},
        "inviter": {"uuid": row["inviter_uuid"], "name": row["inviter_name"]},
    }
