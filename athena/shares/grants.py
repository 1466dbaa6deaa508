"""What grantees do with a share: see, change and run one thing of a workspace that is not theirs, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Row, Scope, Session
from athena.kit.errors import AthenaError, BudgetExhausted, Conflict, NotFound, PermissionDenied, Unauthenticated
from athena.kit.guesses import Guesses
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.permissions import Role
from athena.runs.service import OWN_ERRORS, RunService
from athena.shares import view
from athena.shares.models import shares
from athena.shares.repository import SharedRepository, ShareRepository
from athena.shares.schemas import Grantee, ShareableType, SharedRun, SharedUpdate, SharePermission
from athena.shares.service import RANKS, digest, is_exhausted
from athena.shares.shareables import SHAREABLES
from athena.users import passwords

OWNERS_ERRORS = OWN_ERRORS | {"no_trigger", "workflow_inactive", "workflow_invalid"}
"""Codes of failures that whoever shares it can mend, and nobody else."""

LIST = ListOptions(
    sortable={"created_at": "uuid"},
    searchable=("shares.name",),
    filters={"shareable_type": ShareableType, "grantee": Grantee, "permission": SharePermission},
)


async def page(session: Session, query: ListQuery) -> RowPage:
    """One page of what is shared with the caller, or with the workspace that the caller is in."""
    return await SharedRepository(session).page(query)


async def of_member(session: Session, access: Access, uuid: UUID, wanted: SharePermission) -> Grant:
    """A share that is the caller's, or the caller's workspace's, used for ``wanted``."""
    row = await SharedRepository(session).get(uuid)
    kind = SHAREABLES[row["shareable_type"]]
    if row["grantee"] == "workspace":
        access.require(kind.uses[wanted])
    own = replace(_opened(row, access.user_uuid), actor=access.actor)
    session.scope = own.scope
    return _checked(Grant(session, own, row, f"/api/v1/shared/{uuid}"), wanted)


async def of_link(
    session: Session, token: str, password: str | None, wanted: SharePermission, count: Callable[[UUID], None]
) -> Grant:
    """The share of a link; needs a session of the system's scope, which then is the owner's. ``count``s its use."""
    row = await SharedRepository(session).by_token(digest(token))
    if row is None:
        raise SharedRepository(session).not_found()
    count(row["uuid"])
    await _check_password(session, row, password)
    # In the name of who made the link: whoever holds it is nobody that is known.
    own = _opened(row, row["creator_uuid"])
    session.scope = Scope(own.workspace_uuid)
    return _checked(Grant(session, own, row, f"/api/v1/links/{token}"), wanted)


def _opened(row: Row, user_uuid: UUID) -> Access:
    """What the share lets do in the workspace that owns it: agents are within reach as they are for who shared."""
    uses = SHAREABLES[row["shareable_type"]].uses
    return Access(
        WorkspaceId(row["workspace_uuid"]),
        user_uuid,
        Role.VIEWER,
        frozenset(uses[name] for name in RANKS[: RANKS.index(row["permission"]) + 1]),
        acts_for=row["creator_uuid"],
        agent_uuid=row["agent_uuid"],
    )


def _checked(grant: Grant, wanted: SharePermission) -> Grant:
    if RANKS.index(grant.row["permission"]) < RANKS.index(wanted):
        raise PermissionDenied(
            f"The share lets you {grant.row['permission']}, not {wanted}.", code="share_permission_missing"
        )
    return grant


async def _check_password(session: Session, row: Row, password: str | None) -> None:
    """:class:`Unauthenticated` unless ``password`` is the link's; after some wrong ones none is taken for a while."""
    if row["password_hash"] is None:
        return
    if not password:
        raise Unauthenticated("The link has a password: send it as X-Share-Password.", code="share_password_required")
    if not await passwords.verify_link_password(Guesses(session, shares, row), row["password_hash"], password):
        raise Unauthenticated("The link's password is wrong.", code="share_password_wrong")


class Grant:
    """A share in use. From here on the session sees the workspace that owns what is shared."""

    def __init__(self, session: Session, access: Access, row: Row, path: str) -> None:
        self.row = row
        self.path = path
        """Where the share is used, of which its runs' addresses are made."""
        self._session = session
        self._access = access
        labels = {"share_uuid": str(row["uuid"])}
        self._resource = SHAREABLES[row["shareable_type"]](session, access, labels)
        self._runs = RunService(session, access, labels)
        self._view = view.view_of(row["shareable_type"])

    async def show(self) -> tuple[Row, dict[str, Any]]:
        """The row of what is shared, and the share with what its grantee sees of it."""
        row = await self._resource.get(self.row["shareable_uuid"])
        return row, await self._show(row)

    async def update(self, given: SharedUpdate, revision: int | None) -> tuple[Row, dict[str, Any]]:
        """Changes what is shared."""
        row = await self._resource.update(self.row["shareable_uuid"], given.changes(), revision)
        return row, await self._show(row)

    async def _show(self, row: Row) -> dict[str, Any]:
        resource = await self._resource.show(row, edits=self.row["permission"] == "edit")
        return {"share": present({**self.row, "name": row["name"]}), "resource": resource}

    async def run(self, given: SharedRun, accepted: Callable[[UUID], None]) -> UUID:
        """Accepts a run, and counts it; from here on it is durable. ``accepted`` is told of it before the commit."""
        if is_exhausted(self.row):
            raise _exhausted()
        asked = {name: value for name, value in given.changes().items() if name not in {"stream", "background"}}
        try:
            run_uuid = await self._resource.run(self._runs, self.row["shareable_uuid"], asked)
        except BudgetExhausted as error:
            # How much another workspace may spend, and for what, is its own affair.
            raise BudgetExhausted(view.SPENT[error.code]) from error
        except AthenaError as error:
            if error.error_code in OWNERS_ERRORS:
                raise Conflict("At present it cannot be run; tell who shared it.", code="share_unusable") from error
            raise
        # Last, so that others through the same share wait no longer than for the commit.
        if not await ShareRepository(self._session, self._access.workspace_uuid, self._access.reach).count_run(
            self.row["uuid"]
        ):
            raise _exhausted()
        accepted(run_uuid)
        await self._session.commit()
        return run_uuid

    async def run_row(self, run_uuid: UUID) -> Row:
        """A run that this share started, and this user, where one is known; :class:`NotFound` for all others."""
        with contextlib.suppress(NotFound):
            row = await self._runs.get(run_uuid)
            mine = self.row["grantee"] == "link" or row["input"].get("user_uuid") == str(self._access.user_uuid)
            if mine and row["labels"].get("share_uuid") == str(self.row["uuid"]):
                return row
        raise NotFound("There is no such run of this share.")

    async def finished(self, run_uuid: UUID) -> Row:
        """The run once it is at its end."""
        await self._session.commit()
        await self._runs.finished(run_uuid)
        return await self.run_row(run_uuid)

    def events(self, run_uuid: UUID) -> view.SharedEvents:
        """A new run's events, from the first."""
        return view.SharedEvents(self._runs.events(run_uuid), self._view)

    async def resumed(self, run_uuid: UUID, after: int) -> view.SharedEvents:
        """A run's events after one."""
        await self.run_row(run_uuid)
        return view.SharedEvents(await self._runs.resumed(run_uuid, after), self._view)


def _exhausted() -> Conflict:
    return Conflict("No more runs can be started through this share.", code="share_exhausted")


def present(row: Any) -> dict[str, Any]:
    """A share, as those see it with whom is shared."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "shareable_type": row["shareable_type"],
        "name": row["name"],
        "grantee": row["grantee"],
        "permission": row["permission"],
        "expires_at": clock.rfc3339_or_none(row["expires_at"]),
        "runs_left": None if row["run_limit"] is None else max(0, row["run_limit"] - row["runs"]),
    }
