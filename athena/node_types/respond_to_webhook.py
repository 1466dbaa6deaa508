"""Answers the call that started the execution."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from athena.node_types.base import Call, Config, EffectCall, EffectNode, NodeFailed, Result
from athena.node_types.lists import WRITTEN
from athena.node_types.values import as_text, described

EVENT: Final = "webhook.response"
MAXIMUM_BODY: Final = 1_000_000
"""Bytes of a body; of a binary one, of its base64."""
WITHOUT_BODY: Final = frozenset({204, 205, 304})
VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
CONTENT_TYPES: Final = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "binary": "application/octet-stream",
}
# What the server itself says of its answer, and what would speak for Athena's whole address.
REFUSED: Final = frozenset(
    {
        *("connection", "content-encoding", "content-length", "date", "keep-alive", "server", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
        *("clear-site-data", "content-security-policy", "service-worker-allowed", "set-cookie"),
        *("strict-transport-security", "x-content-type-options"),
    }
)


def _names(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if name.lower() in REFUSED:
            raise ValueError(f"The header {name} cannot be set here.")
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("Two headers have the same name.")
    return headers


def _value(text: str) -> str:
    if VALUE.fullmatch(text) is None:
        raise ValueError("A header's value holds neither line breaks nor characters beyond Latin-1.")
    return text


HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$")]
HeaderValue = Annotated[str, BeforeValidator(as_text), AfterValidator(_value), Field(max_length=4_096)]


class RespondToWebhookConfig(Config):
    """The answer."""

    status: Annotated[int, Field(ge=200, le=599, description="The HTTP status.")] = 200
    headers: Annotated[
        dict[HeaderName, HeaderValue],
        AfterValidator(_names),
        Field(
            max_length=50,
            description="Headers of the answer. Without `Content-Type`, the body's type says which it is.",
            examples=[{"Content-Type": "text/csv; charset=utf-8"}],
        ),
    ] = Field(default_factory=dict[str, str])
    body_type: Annotated[
        Literal["json", "text", "binary", "none"],
        Field(
            description="`json`: any value. `text`: a text as it is. `binary`: bytes, in base64. `none`: no body.",
            json_schema_extra=WRITTEN,
        ),
    ] = "json"
    body: Annotated[
        Any,
        WithJsonSchema({}),
        Field(description="The body. Left out: the node's input.", examples=["{{ nodes.answer.output }}"]),
    ] = None


class RespondToWebhook(EffectNode[RespondToWebhookConfig]):
    """Tells of the answer by the event ``webhook.response``, and gives it; whoever waits for the answer sends it.

    Of several answers of one execution the first counts. Started otherwise than by a webhook, nobody waits, and the
    answer is the node's output alone.
    """

    type = "respond_to_webhook"
    name = "Respond to webhook"
    description = "Answers the webhook that started the execution, with a status, headers and a body."
    category = "flow"
    config = RespondToWebhookConfig
    seconds = 10.0
    output_schema: ClassVar = {
        "type": "object",
        "properties": {
            "status": {"type": "integer"},
            "headers": {"type": "object", "description": "Their names in lower case."},
            "body": {"description": "A text, where `body_type` says so; bytes in base64."},
            "body_type": {"enum": ["json", "text", "binary"], "description": "No body is an empty text."},
        },
    }

    async def execute(self, config: RespondToWebhookConfig, call: EffectCall) -> Result:
        """The answer; :class:`NodeFailed` with ``wrong_body`` when the body is not what its type says."""
        headers = {name.lower(): value for name, value in config.headers.items()}
        if config.body_type == "none" or config.status in WITHOUT_BODY:
            answer = {"body": "", "body_type": "text"}
        else:
            answer = {"body": _body(config, call), "body_type": config.body_type}
            headers.setdefault("content-type", CONTENT_TYPES[config.body_type])
        response = {"status": config.status, "headers": headers, **answer}
        call.emit(EVENT, response)
        return Result.of(response)


def _body(config: RespondToWebhookConfig, call: Call) -> Any:
    body = config.body if "body" in config.model_fields_set else call.input
    if config.body_type != "json" and not isinstance(body, str):
        raise NodeFailed(
            "wrong_body", f"A body of the type {config.body_type} is a text, and this is {described(body)}."
        )
    if config.body_type == "binary":
        try:
            base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise NodeFailed("wrong_body", "The body is not in base64.") from error
    size = len((body if isinstance(body, str) else as_text(body)).encode())
    if size > MAXIMUM_BODY:
        raise NodeFailed("wrong_body", f"The body has {size} bytes; {MAXIMUM_BODY} are the most.")
    return body
