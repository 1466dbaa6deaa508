"""What whoever holds a link does with it: see one approval and answer it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from athena.approvals.answering import Answerer, give, status_of
from athena.approvals.models import approvals
from athena.approvals.repository import AnswerRepository, LinkRepository
from athena.approvals.schemas import ApprovalAnswerCreate
from athena.approvals.service import digest
from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Scope, Session
from athena.kit.errors import NotFound, Unauthenticated
from athena.kit.guesses import Guesses
from athena.users.passwords import verify_link_password


async def of_link(session: Session, token: str, password: str | None, count: Callable[[UUID], None]) -> LinkedApproval:
    """The approval of a link; needs a session of the system's scope, which then is its workspace's. ``count``s its use.

    :class:`NotFound` for a link that is none, :class:`Unauthenticated` without its password.
    """
    row = await LinkRepository(session).by_token(digest(token))
    if row is None:
        raise NotFound("There is no such approval.")
    count(row["uuid"])
    await _check_password(session, row, password)
    session.scope = Scope(row["workspace_uuid"])
    return LinkedApproval(session, row)


async def _check_password(session: Session, row: Row, password: str | None) -> None:
    if row["password_hash"] is None:
        return
    if not password:
        text = "The link has a password: send it as X-Approval-Password."
        raise Unauthenticated(text, code="approval_password_required")
    if not await verify_link_password(Guesses(session, approvals, row), row["password_hash"], password):
        raise Unauthenticated("The link's password is wrong.", code="approval_password_wrong")


class LinkedApproval:
    """An approval in the hands of who holds its link. The session sees the workspace that asks."""

    def __init__(self, session: Session, row: Row) -> None:
        self.row = row
        self._session = session
        self._workspace_uuid = WorkspaceId(row["workspace_uuid"])

    async def show(self) -> dict[str, Any]:
        """What is asked."""
        row = self.row
        answers = await AnswerRepository(self._session, self._workspace_uuid).of([row["uuid"]])
        return {
            "created_at": clock.rfc3339(row["created_at"]),
            "kind": row["kind"],
            "status": status_of(row),
            **{name: row[name] for name in ("title", "message", "payload", "editable", "fields", "answers_needed")},
            "answers_given": len(answers),
            "expires_at": clock.rfc3339_or_none(row["expires_at"]),
        }

    async def answer(self, given: ApprovalAnswerCreate) -> None:
        """Answers it. Whoever holds the link counts as one person."""
        self.row = await give(self._session, self._workspace_uuid, self.row["uuid"], given, Answerer())
