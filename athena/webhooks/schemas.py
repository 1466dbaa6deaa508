"""What webhooks and their deliveries look like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from athena.kit.schemas import Input, Output, Resource, ShortText, Timestamp, With
from athena.users.schemas import Person
from athena.webhooks.event_types import PATTERN

WebhookStatus = Literal["active", "failing", "disabled"]
DeliveryStatus = Literal["pending", "delivered", "failed"]
DisabledReason = Literal["user", "gone", "failing"]

Url = Annotated[
    str,
    Field(
        max_length=2048,
        pattern=r"^https?://[^\s/@\\#?]+([/?][^\s\\#]*)?$",
        examples=["https://example.com/hooks/athena"],
        description="`https`, or `http` to a host of `ATHENA_EGRESS_ALLOW`.",
    ),
]
EventTypes = Annotated[
    list[Annotated[str, Field(max_length=100, pattern=PATTERN)]],
    Field(
        min_length=1,
        max_length=100,
        description="Event types, families such as `agent.*`, or `*` for all.",
        examples=[["agent.*", "run.failed"]],
    ),
]


class WebhookCreate(Input):
    """Where to send which events."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.com/hooks/athena", "event_types": ["agent.*", "run.failed"]}]
        }
    )

    url: Url
    description: ShortText = ""
    event_types: EventTypes = Field(default_factory=lambda: ["*"])
    enabled: bool = True
    with_: With = Field(default=None, alias="with")


class WebhookUpdate(Input):
    """Changes; what is not named stays. The secret is changed by an operation of its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enabled": True}]})

    url: Url = ""
    description: ShortText = ""
    event_types: EventTypes = Field(default_factory=list[str])
    enabled: bool = True
    with_: With = Field(default=None, alias="with")


class Webhook(Resource):
    """A subscription to events of the workspace."""

    url: str
    description: str
    event_types: list[str]
    enabled: bool
    status: WebhookStatus
    consecutive_failures: int = Field(description="Attempts since the last delivery that succeeded.")
    failing_since: Timestamp | None
    disabled_at: Timestamp | None
    disabled_reason: DisabledReason | None = Field(
        description="`user`: by hand; `gone`: the receiver answered 410; `failing`: nothing reached it for days."
    )
    previous_secret_until: Timestamp | None = Field(description="Until then the secret before this one signs, too.")
    creator: Person | None = None


class CreatedWebhook(Webhook):
    """With the secret, which is shown this once."""

    secret: str = Field(examples=["whsec_…"], description="What signatures are made with (Standard Webhooks).")


class WebhookDelivery(Resource):
    """One event on its way to one webhook."""

    webhook_uuid: UUID
    event_uuid: UUID | None = Field(description="The entry of the log of changes; null for a test.")
    event_type: str = Field(examples=["agent.updated"])
    payload: dict[str, Any] = Field(description="What is sent.")
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Timestamp | None
    last_attempt_at: Timestamp | None
    response_status: int | None
    response_body: str | None = Field(description="The beginning of the last answer.")
    duration_ms: int | None
    error: str | None = Field(description="Why there was no answer.")
    finished_at: Timestamp | None


class EventType(Output):
    """Something that webhooks can be told of."""

    name: str = Field(examples=["agent.updated"])
    family: str = Field(examples=["agent.*"])
