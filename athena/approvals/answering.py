"""How an approval is answered: who may, what fits, and when it is decided, so that its run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from athena.approvals.fields import FormField, filled
from athena.approvals.repository import AnswerRepository, ApprovalRepository
from athena.approvals.schemas import ApprovalAnswerCreate
from athena.engine import Engine
from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, PermissionDenied, TooLarge, ValidationFailed
from athena.kit.ids import new_uuid
from athena.users import service as users

MAXIMUM_PAYLOAD: Final = 1_000_000
"""Bytes of JSON that are shown, or come back edited."""
ENDS: Final[Mapping[str, str]] = {
    "approved": "It has been approved.",
    "refused": "It has been refused.",
    "answered": "It has been answered.",
    "expired": "It has expired.",
    "cancelled": "The run that asked has ended.",
}


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers: a member of the workspace, or whoever holds the link."""

    user_uuid: UUID | None = None
    role: str = ""

    @classmethod
    def of(cls, access: Access) -> Answerer:
        """The caller."""
        return cls(access.user_uuid, access.role)

    def check(self, row: Row) -> None:
        """:class:`PermissionDenied` unless the approval is for them to answer."""
        if self.user_uuid is None or not (row["roles"] or row["user_uuids"]):
            return
        if self.role not in row["roles"] and str(self.user_uuid) not in row["user_uuids"]:
            raise PermissionDenied("This is for others to answer.", code="not_an_answerer")


def status_of(row: Row) -> str:
    """An approval's status at this moment."""
    late = row["status"] == "open" and row["expires_at"] is not None and row["expires_at"] <= clock.now()
    return "expired" if late else row["status"]


async def give(
    session: Session, workspace_uuid: WorkspaceId, uuid: UUID, given: ApprovalAnswerCreate, who: Answerer
) -> Row:
    """Stores an answer; with the one that decides, the run goes on. The approval's row."""
    approvals, answers = ApprovalRepository(session, workspace_uuid), AnswerRepository(session, workspace_uuid)
    row = await approvals.locked(uuid)
    who.check(row)
    check_open(row)
    before = await answers.of([uuid])
    if any(each["by_link"] if who.user_uuid is None else each["user_uuid"] == who.user_uuid for each in before):
        raise Conflict("You have answered already; others have to.", code="already_answered")
    decision, content = read(row, given)
    answer = await answers.insert(
        {
            "uuid": new_uuid(),
            "approval_uuid": uuid,
            "user_uuid": who.user_uuid,
            "by_link": who.user_uuid is None,
            "decision": decision,
            "comment": given.comment,
            "content": content,
        }
    )
    every = [*before, answer]
    status = decision if decision != "approved" or len(every) >= row["answers_needed"] else "open"
    # Also where it stays open: it is shown with its answers, and so has changed.
    row = await approvals.update(uuid, {"status": status}, verb="")
    details = {"decision": decision, "by_link": who.user_uuid is None, "status": status}
    session.record("approval.answered", "approval", uuid, details, workspace_uuid=workspace_uuid)
    if status != "open":
        await _go_on(session, row, every)
    return row


def check_open(row: Row) -> None:
    """:class:`Conflict` when nobody can answer it any more."""
    status = status_of(row)
    if status != "open":
        raise Conflict(ENDS[status], code="approval_closed")


def read(row: Row, given: ApprovalAnswerCreate) -> tuple[str, Any]:
    """What was decided, and what was filled in or edited; :class:`ValidationFailed` when it does not fit."""
    edited = "payload" in given.model_fields_set
    if row["kind"] == "form":
        if given.decision is not None or edited:
            raise ValidationFailed.of("decision" if given.decision else "payload", "A form is answered with `values`.")
        fields = [FormField.model_validate(field) for field in row["fields"]]
        return "answered", filled(fields, given.values or {})
    if given.values is not None:
        raise ValidationFailed.of("values", "This is no form; answer with a `decision`.")
    if given.decision is None:
        raise ValidationFailed.of("decision", "This field is required.")
    if not edited:
        return given.decision, None
    if not row["editable"]:
        raise ValidationFailed.of("payload", "It may be approved or refused as it is, and not be edited.")
    if len(orjson.dumps(given.payload)) > MAXIMUM_PAYLOAD:
        raise TooLarge(f"A payload has at most {MAXIMUM_PAYLOAD} bytes.")
    return given.decision, {"payload": given.payload}


async def _go_on(session: Session, row: Row, answers: Sequence[Row]) -> None:
    """Gives the run what was decided."""
    known = await users.by_ids(session, [each["user_uuid"] for each in answers if each["user_uuid"]])
    told: dict[str, Any] = {"status": row["status"], "answers": [_told(each, known) for each in answers]}
    content = answers[-1]["content"]
    if row["kind"] == "form":
        told["values"] = content
    elif content is not None:
        told["payload"] = content["payload"]
    engine = session.provided(Engine)
    if not await engine.signal(session, row["workspace_uuid"], row["run_uuid"], row["signal"], told):
        raise Conflict("The run does not wait for it any more.", code="approval_closed")


def _told(answer: Row, known: Mapping[UUID, Mapping[str, Any]]) -> dict[str, Any]:
    person = known.get(answer["user_uuid"])
    return {
        "decision": answer["decision"],
        "comment": answer["comment"],
        "by": {"uuid": str(person["uuid"]), "name": person["name"], "email": person["email"]} if person else None,
        "by_link": answer["by_link"],
        "at": clock.rfc3339(answer["created_at"]),
    }
