"""What an approval looks like, and how it is answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from athena.approvals.fields import FormField
from athena.kit.schemas import Input, Output, Resource, ShortText, Timestamp
from athena.users.schemas import Person

MINIMUM_PASSWORD = 8
MAXIMUM_PASSWORD = 128

Kind = Literal["approval", "form"]
Status = Literal["open", "approved", "refused", "answered", "expired", "cancelled"]
Decision = Literal["approved", "refused"]
LinkPassword = Annotated[
    str,
    Field(
        min_length=MINIMUM_PASSWORD,
        max_length=MAXIMUM_PASSWORD,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="Visible ASCII, since it is sent in a header.",
        examples=["correct horse battery"],
    ),
]


class ApprovalAnswerCreate(Input):
    """An answer: a `decision` about an approval, or the `values` of a form."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "approved", "comment": "Within the budget of this month."}]}
    )

    decision: Annotated[Decision | None, Field(description="About an approval.")] = None
    values: Annotated[
        dict[str, Any] | None, Field(max_length=200, description="Of a form: what was filled in, by field.")
    ] = None
    comment: ShortText = ""
    payload: Annotated[
        JsonValue, Field(description="What is approved, in place of what was shown, where that is `editable`.")
    ] = None


class ApprovalLinkCreate(Input):
    """A new link. It takes the place of the one before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery"}]})

    password: Annotated[
        LinkPassword | None, Field(description="Left out: as before; null: none. Whoever answers sends it along.")
    ] = None


class ApprovalLink(Output):
    """Where anybody who has this may answer."""

    url: Annotated[str, Field(description="It is shown in this answer, and never again.")]
    has_password: bool
    expires_at: Timestamp | None


class ApprovalAnswer(Output):
    """Who said what."""

    created_at: Timestamp
    decision: Literal["approved", "refused", "answered"]
    comment: str
    by_link: Annotated[bool, Field(description="Whether it came from who holds the link.")]
    user: Annotated[Person | None, Field(description="Null by the link, and when the user is gone.")]
    values: Annotated[dict[str, Any] | None, Field(description="What was filled in, of a form.")]
    payload: Annotated[JsonValue, Field(description="As it was edited. Null: as it was shown.")]


class Approval(Resource):
    """A question that a run asks people, and waits for the answer."""

    kind: Kind
    status: Annotated[Status, Field(description="`cancelled`: the run has ended before it was answered.")]
    run_uuid: UUID
    workflow_uuid: UUID | None
    node_id: str
    title: str
    message: str
    payload: Annotated[JsonValue, Field(description="What the question is about.")]
    editable: Annotated[bool, Field(description="Whether an answer may hold an edited payload.")]
    fields: Annotated[list[FormField], Field(description="Of a form.")]
    answers_needed: Annotated[int, Field(description="By how many people it must be approved. One refusal is enough.")]
    roles: Annotated[list[str], Field(description="Of the members who may answer. Empty with `user_uuids`: all.")]
    user_uuids: Annotated[list[UUID], Field(description="Users who may answer, whatever their role.")]
    link: Annotated[bool, Field(description="Whether whoever holds its link may answer, too.")]
    has_password: Annotated[bool, Field(description="Whether the link has a password.")]
    expires_at: Timestamp | None
    answers: list[ApprovalAnswer]


class LinkedApproval(Output):
    """The same question, for who holds the link."""

    created_at: Timestamp
    kind: Kind
    status: Status
    title: str
    message: str
    payload: JsonValue
    editable: bool
    fields: list[FormField]
    answers_needed: int
    answers_given: int
    expires_at: Timestamp | None
