"""The rules of approvals: what a run asks, who sees it, and how it is answered by members."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from athena.approvals.answering import Answerer, check_open, give, status_of
from athena.approvals.fields import FormField
from athena.approvals.repository import AnswerRepository, ApprovalRepository
from athena.approvals.schemas import ApprovalAnswerCreate, ApprovalLinkCreate, Kind, Status
from athena.config import Settings
from athena.engine.events import encode
from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.crypto import Keyring
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.users import service as users
from athena.users.passwords import hash_password

TOKEN_BYTES: Final = 32
LINKS: Final = "/api/v1/approvals/links"
NEVER: Final = datetime(5000, 1, 1, tzinfo=UTC)

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at"},
    searchable=("title", "message"),
    filters={"status": Status, "kind": Kind, "run_uuid": UUID, "workflow_uuid": UUID},
    columns={
        # What is open is so no longer than it may be; the run that asked notes that only when it ends.
        "status": "(status = {0} AND ({0} <> 'open' OR expires_at IS NULL OR expires_at > now()) "
        "OR {0} = 'expired' AND status = 'open' AND expires_at <= now())"
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a run asks, and of whom. Its ``signal`` goes to the run with what was decided: ``status``, ``answers``, and
    ``values`` of a form or the edited ``payload``.
    """

    uuid: UUID = field(default_factory=new_uuid)
    kind: Kind
    run_uuid: UUID
    node_id: str
    signal: str
    title: str
    message: str = ""
    payload: Any = None
    editable: bool = False
    fields: Sequence[FormField] = ()
    answers_needed: int = 1
    roles: Sequence[str] = ()
    user_uuids: Sequence[UUID] = ()
    link: bool = False
    password_hash: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


async def ask(session: Session, workspace_uuid: WorkspaceId, question: Question) -> Row:
    """Stores a question, once for each signal of a run; :class:`Conflict` when the run has ended."""
    # What a model wrote may hold characters that the database does not take.
    shown = {
        "title": question.title,
        "message": question.message,
        "payload": question.payload,
        "fields": [each.model_dump() for each in question.fields],
    }
    row = await ApprovalRepository(session, workspace_uuid).add(
        {
            "uuid": question.uuid,
            "kind": question.kind,
            "run_uuid": question.run_uuid,
            "node_id": question.node_id,
            "signal": question.signal,
            **orjson.loads(encode(shown)),
            "editable": question.editable,
            "answers_needed": question.answers_needed,
            "roles": list(question.roles),
            "user_uuids": [str(uuid) for uuid in question.user_uuids],
            "link": question.link,
            "password_hash": question.password_hash,
            "expires_at": question.expires_at,
        }
    )
    if row is None:
        raise Conflict("The run has ended.", code="approval_closed")
    return row


async def open_link(session: Session, row: Row) -> str:
    """Gives an approval the link that its run sends to somebody, always the same; its address."""
    keyring = session.provided(Keyring)
    about = f"{row['workspace_uuid']}/{row['run_uuid']}/{row['signal']}"
    token = keyring.sign("approval link", about, NEVER).partition(".")[2]
    approvals = ApprovalRepository(session, WorkspaceId(row["workspace_uuid"]))
    await approvals.update(row["uuid"], {"token_hash": digest(token)}, verb="")
    return address(session, token)


async def withdraw(session: Session, row: Row) -> bool:
    """Takes a question back, unless somebody has answered; whether it is gone."""
    workspace_uuid = WorkspaceId(row["workspace_uuid"])
    approvals = ApprovalRepository(session, workspace_uuid)
    try:
        present_row = await approvals.locked(row["uuid"])
    except NotFound:
        return True
    if present_row["status"] != "open" or await AnswerRepository(session, workspace_uuid).of([row["uuid"]]):
        return False
    await approvals.delete(row["uuid"])
    return True


def digest(token: str) -> bytes:
    """What is stored of a link's token; nobody guesses it, so that no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()


def address(session: Session, token: str) -> str:
    """The address of a link."""
    return f"{session.provided(Settings).base_url.rstrip('/')}{LINKS}/{token}"


class ApprovalService:
    """The approvals of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._approvals = ApprovalRepository(session, access.workspace_uuid)
        self._answers = AnswerRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of approvals."""
        return await self._approvals.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One approval; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._approvals.get(uuid)

    async def open_of(self, run_uuids: Sequence[UUID]) -> dict[UUID, list[Row]]:
        """What each of some runs asks at this moment, forms too, the oldest first; in one query."""
        found: dict[UUID, list[Row]] = {uuid: [] for uuid in run_uuids}
        for row in await self._approvals.open_of_runs(run_uuids) if run_uuids else ():
            found[row["run_uuid"]].append(row)
        return found

    async def answer(self, uuid: UUID, given: ApprovalAnswerCreate) -> Row:
        """Stores the caller's answer; with the one that decides, the run goes on."""
        return await give(self._session, self._access.workspace_uuid, uuid, given, Answerer.of(self._access))

    async def approve(self, run_uuid: UUID, node_id: str | None, given: ApprovalAnswerCreate) -> Row:
        """As :meth:`answer`, for the one approval that a run asks for, or that a node of it does."""
        rows = await self._approvals.open_of_run(run_uuid, node_id)
        if not rows:
            raise Conflict("The run waits for no such approval.", code="nothing_to_approve")
        if len(rows) > 1:
            nodes = ", ".join(dict.fromkeys(row["node_id"] for row in rows))
            text = f"The run waits for several approvals ({nodes}); answer the one that you mean."
            raise Conflict(text, code="approval_ambiguous")
        return await self.answer(rows[0]["uuid"], given)

    async def link(self, uuid: UUID, given: ApprovalLinkCreate) -> dict[str, Any]:
        """A new link in place of the one before; who makes it could answer themselves."""
        row = await self._approvals.get(uuid)
        Answerer.of(self._access).check(row)
        check_open(row)
        if not row["link"]:
            raise Conflict("Members alone may answer this.", code="no_link")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        changes: dict[str, Any] = {"token_hash": digest(token)}
        if "password" in given.model_fields_set:
            await self._session.commit()
            password = given.password
            changes["password_hash"] = await hash_password(password) if password is not None else None
        row = await self._approvals.update(uuid, changes, verb="")
        self._approvals.note("link_created", uuid)
        return {
            "url": address(self._session, token),
            "has_password": row["password_hash"] is not None,
            "expires_at": clock.rfc3339_or_none(row["expires_at"]),
        }

    async def show(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with their answers; one query for these, and one for who gave them."""
        answers = await self._answers.of([row["uuid"] for row in rows]) if rows else []
        people = await users.by_ids(self._session, [each["user_uuid"] for each in answers if each["user_uuid"]])
        items = {row["uuid"]: present(row) for row in rows}
        for answer in answers:
            items[answer["approval_uuid"]]["answers"].append(_present_answer(answer, people))
        return list(items.values())


def present(row: Row) -> dict[str, Any]:
    """An approval's row as the API shows it, without answers."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "kind": row["kind"],
        "status": status_of(row),
        "run_uuid": row["run_uuid"],
        "workflow_uuid": row["workflow_uuid"],
        "node_id": row["node_id"],
        **{name: row[name] for name in ("title", "message", "payload", "editable", "fields", "answers_needed")},
        **{name: row[name] for name in ("roles", "user_uuids", "link")},
        "has_password": row["password_hash"] is not None,
        "expires_at": clock.rfc3339_or_none(row["expires_at"]),
        "answers": [],
    }


def _present_answer(answer: Row, people: Mapping[UUID, Any]) -> dict[str, Any]:
    form = answer["decision"] == "answered"
    content = answer["content"]
    return {
        "created_at": clock.rfc3339(answer["created_at"]),
        **{name: answer[name] for name in ("decision", "comment", "by_link")},
        "user": people.get(answer["user_uuid"]),
        "values": content if form else None,
        "payload": content["payload"] if content and not form else None,
    }
