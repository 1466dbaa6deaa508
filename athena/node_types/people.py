"""What nodes have in common that ask people: who may answer, until when, and who is told."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import Field, model_validator

from athena.approvals import service as approvals
from athena.approvals.answering import MAXIMUM_PAYLOAD
from athena.approvals.schemas import MAXIMUM_PASSWORD, MINIMUM_PASSWORD
from athena.approvals.service import Question
from athena.engine import Apply
from athena.engine.events import encode
from athena.kit import clock
from athena.kit.db import Row, Session
from athena.kit.egress import Egress, Outgoing
from athena.kit.schemas import Uuid
from athena.node_types.base import Config, EffectCall, JsonObject, NodeFailed, Result, Wait, WaitNode
from athena.node_types.failures import in_transaction
from athena.node_types.outgoing import send, status_failed
from athena.users.passwords import hash_password

LONGEST_SECONDS: Final = 10 * 366 * 86_400
NOTIFY_SECONDS: Final = 15.0
MAXIMUM_ANSWER: Final = 1_000_000
REFUSED: Final = 300
LINK_PASSWORD: Final = re.compile(f"(?=.{{{MINIMUM_PASSWORD},{MAXIMUM_PASSWORD}}}$)[!-~][ -~]*[!-~]")
PASSWORD_RULE: Final = f"Give {MINIMUM_PASSWORD} to {MAXIMUM_PASSWORD} visible ASCII characters."

RoleName = Literal["owner", "admin", "builder", "operator", "viewer"]


class Answerers(Config):
    """Members in one of the roles, and these users."""

    roles: Annotated[list[RoleName], Field(max_length=5, description="Of members who may answer.")] = Field(
        default_factory=list[RoleName]
    )
    user_uuids: Annotated[list[Uuid], Field(max_length=100, description="Who may answer, too.")] = Field(
        default_factory=list[Uuid]
    )


class QuestionConfig(Config):
    """What is asked, and of whom."""

    title: Annotated[
        str,
        Field(
            min_length=1,
            max_length=255,
            description="The question in a line.",
            examples=["Pay {{ input.total }} to {{ input.name }}?"],
        ),
    ]
    message: Annotated[str, Field(max_length=20_000, description="What people should know to answer.")] = ""
    answerers: Annotated[
        Answerers, Field(description="Members who may answer. Left out: whoever has `workflow_executions.answer`.")
    ] = Field(default_factory=Answerers)
    expires_after_seconds: Annotated[
        float | None, Field(gt=0, le=LONGEST_SECONDS, description="How long there is to answer. Left out: for ever.")
    ] = None
    link: Annotated[bool, Field(description="Whether whoever holds the question's link may answer, too.")] = False
    link_password: Annotated[
        str | None,
        Field(
            description=f"What the link asks for. {PASSWORD_RULE}",
            json_schema_extra={"x-secrets": True},
            examples=["{{ secrets.APPROVAL_PASSWORD }}"],
        ),
    ] = None
    notify_url: Annotated[
        str | None,
        Field(
            description="Where the question, with its link, is posted as JSON.",
            json_schema_extra={"x-secrets": True},
            examples=["{{ secrets.CHAT_WEBHOOK_URL }}"],
        ),
    ] = None

    @model_validator(mode="after")
    def _password_of_a_link(self) -> Self:
        if self.link_password is not None and not self.link:
            raise ValueError("Only a link has a password; set `link`, too")
        return self


Q = TypeVar("Q", bound=QuestionConfig)


class QuestionNode(WaitNode[Q]):
    """Asks, and waits for the answer."""

    category = "human"

    @abstractmethod
    def question(self, config: Q, call: EffectCall) -> Mapping[str, Any]:
        """What is asked beside what all questions have: fields of :class:`Question`."""

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:
        """Whether a password that is written as it is can be one."""
        password: str = data.get("link_password") or "{{"
        return () if "{{" in password or LINK_PASSWORD.fullmatch(password) else (("link_password", PASSWORD_RULE),)

    async def begin(self, config: Q, call: EffectCall, signal: str) -> Wait | Result:
        """Stores the question, and tells who is to be told."""
        until = None
        if config.expires_after_seconds is not None:
            until = clock.now() + timedelta(seconds=config.expires_after_seconds)
        question = Question(
            run_uuid=call.run_uuid,
            node_id=call.node_id,
            signal=signal,
            title=config.title,
            message=config.message,
            roles=config.answerers.roles,
            user_uuids=config.answerers.user_uuids,
            link=config.link,
            password_hash=await _hashed(config.link_password),
            expires_at=until,
            **self.question(config, call),
        )
        if config.notify_url is None:
            return _waiting(question.uuid, question, until, _asking(call, question))
        row = await _ask_and_tell(config.notify_url, call, question)
        return _waiting(row["uuid"], question, row["expires_at"], None)


def _waiting(uuid: UUID, question: Question, until: datetime | None, apply: Apply | None) -> Wait:
    # Neither the message, which may be of what is to be redacted, nor the link, with which who sees this could answer.
    details = {"approval_uuid": str(uuid), "kind": question.kind, "title": question.title}
    return Wait(until, for_signal=True, details=details, event="approval.required", apply=apply)


def shown(payload: Any) -> Any:
    """A payload; :class:`NodeFailed` when it is too large to be shown to anybody."""
    if len(encode(payload).encode()) > MAXIMUM_PAYLOAD:
        raise NodeFailed("too_large", f"What people are shown has at most {MAXIMUM_PAYLOAD} bytes.")
    return payload


async def _hashed(password: str | None) -> str | None:
    if password is None:
        return None
    if not LINK_PASSWORD.fullmatch(password):
        raise NodeFailed("invalid_configuration", f"data.link_password: {PASSWORD_RULE}", path="data.link_password")
    return await hash_password(password)


def _asking(call: EffectCall, question: Question) -> Apply:
    async def apply(session: Session) -> None:
        await approvals.ask(session, call.access.workspace_uuid, question)

    return apply


async def _ask_and_tell(url: str, call: EffectCall, question: Question) -> Row:
    """Stores the question before anybody is told of it, so that whoever is told finds it."""

    async def ask(session: Session) -> tuple[Row, str | None]:
        row = await approvals.ask(session, call.access.workspace_uuid, question)
        return row, await approvals.open_link(session, row) if question.link else None

    row, link = await in_transaction(call, ask)
    try:
        await _tell(url, call, row, link)
    except NodeFailed:
        # Unless somebody was quicker than the failure.
        if await in_transaction(call, lambda session: approvals.withdraw(session, row)):
            raise
    return row


async def _tell(url: str, call: EffectCall, row: Row, link: str | None) -> None:
    """Posts the question; :class:`NodeFailed` when it was not taken."""
    body = orjson.dumps(
        {
            "kind": row["kind"],
            "title": row["title"],
            "message": row["message"],
            "link": link,
            "expires_at": clock.rfc3339_or_none(row["expires_at"]),
            "approval_uuid": str(row["uuid"]),
            "run_uuid": str(row["run_uuid"]),
            "workspace_uuid": str(row["workspace_uuid"]),
        }
    )
    request = Outgoing("POST", url, {"content-type": "application/json", "idempotency-key": call.idempotency_key}, body)
    # Half of the time, so that what follows from a failure has some left.
    seconds = min(NOTIFY_SECONDS, call.seconds / 2)
    answer = await send(call.database.provided(Egress), request, seconds=seconds, max_bytes=MAXIMUM_ANSWER)
    if answer.status >= REFUSED:
        # Without what was answered: that may hold the link, which the next try sends again.
        raise status_failed(answer, "")
