"""The trigger of executions that a request from outside starts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.config import JsonDict

from athena.node_types.base import Config, Trigger
from athena.triggers.webhook_authentication import NoAuthentication, WebhookAuthentication, secret_names

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
LITERAL: JsonDict = {"x-expression": "none"}


class WebhookTriggerConfig(Config):
    """Which requests it takes, and how they are answered."""

    methods: Annotated[
        list[Method],
        Field(min_length=1, max_length=5, description="The requests' methods.", json_schema_extra=LITERAL),
    ] = Field(default_factory=lambda: list[Method](["POST"]))
    authentication: Annotated[
        WebhookAuthentication, Field(description="How a request shows that it may.", json_schema_extra=LITERAL)
    ] = Field(default_factory=lambda: NoAuthentication(type="none"))
    response_mode: Annotated[
        Literal["immediately", "last_node", "respond_node", "stream"],
        Field(
            description="`immediately`: 202 with the execution. `last_node`: with the output, when it has ended. "
            "`respond_node`: as the node Respond to webhook says. `stream`: with its events as they come.",
            json_schema_extra=LITERAL,
        ),
    ] = "immediately"
    response_timeout_seconds: Annotated[
        float,
        Field(
            gt=0,
            le=600,
            strict=False,
            description="How long the caller waits for the answer; after that it is 202 with the execution.",
            json_schema_extra=LITERAL,
        ),
    ] = 60.0
    maximum_bytes: Annotated[
        int, Field(ge=1, le=1_000_000_000, description="Of the body.", json_schema_extra=LITERAL)
    ] = 1_000_000
    deduplicate: Annotated[
        bool,
        Field(
            description="Answer a delivery that comes again (by its sender's id, or `Idempotency-Key`) from the "
            "execution that it has started before, for three days.",
            json_schema_extra=LITERAL,
        ),
    ] = True


class WebhookTrigger(Trigger[WebhookTriggerConfig]):
    """Started by a request."""

    type = "webhook_trigger"
    name = "Webhook"
    description = "Starts when a request comes to the workflow's own address, and gives what it brought."
    config = WebhookTriggerConfig
    output_schema: ClassVar = {
        "type": "object",
        "properties": {
            "method": {"type": "string"},
            "headers": {"type": "object", "description": "By name in lower case, without credentials."},
            "query": {"type": "object"},
            "body": {"description": "JSON and forms as values, text as text, anything else as base64."},
            "content_type": {"type": ["string", "null"]},
            "files": {"type": "array", "description": "Of a form: field, name, content_type, size and media_uuid."},
        },
    }

    def secret_names(self, config: WebhookTriggerConfig) -> Collection[str]:
        """Those by which a request is checked."""
        return secret_names(config.authentication)
