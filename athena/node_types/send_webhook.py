"""Sends an event to somebody else's webhook, signed as Standard Webhooks has it."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, ClassVar, Final

import orjson
from pydantic import Field
from standardwebhooks import Webhook

from athena.kit import clock
from athena.kit.egress import Egress, Outgoing, excerpt_of
from athena.node_types.base import Config, EffectCall, EffectNode, JsonObject, NodeFailed, Result
from athena.node_types.outgoing import send, status_failed

MAXIMUM_ANSWER: Final = 1_000_000
REFUSED: Final = 300


class SendWebhookConfig(Config):
    """What is sent where."""

    url: Annotated[
        str,
        Field(
            max_length=4_000,
            pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://",
            description="The receiver's address. Private addresses are refused, unless the installation allows them.",
            examples=["https://example.com/hooks/athena"],
            json_schema_extra={"x-secrets": True},
        ),
    ]
    event_type: Annotated[
        str, Field(min_length=1, max_length=255, description="What happened.", examples=["order.approved"])
    ]
    data: Annotated[Any, Field(description="What it happened to: any JSON.", examples=[{"order": "{{ input.id }}"}])]
    secret: Annotated[
        str,
        Field(
            max_length=1_000,
            description="The secret that the receiver knows, in base64, with or without `whsec_` before it.",
            examples=["{{ secrets.PARTNER_WEBHOOK }}"],
            json_schema_extra={"x-secrets": True},
        ),
    ]


class SendWebhook(EffectNode[SendWebhookConfig]):
    """One signed event."""

    type = "send_webhook"
    name = "Send webhook"
    description = "Sends a signed event in the format of Standard Webhooks. Receivers tell repetitions by `webhook-id`."
    category = "action"
    config = SendWebhookConfig
    seconds = 30.0
    output_schema: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "status": {"type": "integer"},
            "body": {"type": "string", "description": "The beginning of the receiver's answer."},
            "id": {"type": "string", "description": "What was sent as `webhook-id`."},
        },
        "required": ["status", "body", "id"],
    }

    async def execute(self, config: SendWebhookConfig, call: EffectCall) -> Result:
        """Sends it; whatever but 2xx is a failure."""
        moment = clock.now()
        event = {"type": config.event_type, "timestamp": clock.rfc3339(moment), "data": config.data}
        try:
            body = orjson.dumps(event)
        except TypeError as error:
            raise NodeFailed("invalid_configuration", f"data.data: This cannot be written as JSON: {error}.") from error
        signature = Webhook(_key(config.secret)).sign(call.idempotency_key, moment, body.decode())
        headers = {
            "content-type": "application/json",
            "webhook-id": call.idempotency_key,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        }
        request = Outgoing("POST", config.url, headers, body)
        egress = call.database.provided(Egress)
        response = await send(egress, request, seconds=call.seconds, max_bytes=MAXIMUM_ANSWER)
        excerpt = excerpt_of(response.body)
        if response.status >= REFUSED:
            raise status_failed(response, excerpt)
        output = {"status": response.status, "body": excerpt, "id": call.idempotency_key}
        return Result({"output": output}, details={"status": response.status})


def _key(secret: str) -> bytes:
    """The bytes of a secret as receivers are given it."""
    text = secret.strip().removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NodeFailed("invalid_secret", "data.secret: The secret of a webhook is written in base64.") from error
    if not key:
        raise NodeFailed("invalid_secret", "data.secret: The secret is empty.")
    return key
