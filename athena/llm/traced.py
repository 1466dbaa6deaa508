"""A call of a model in the words of OpenTelemetry's conventions for generative AI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from athena.kit import tracing
from athena.llm.types import Completed, Dialect, Message, ModelEndpoint, ModelRequest, TextPart

PROVIDERS: Final[Mapping[Dialect, str]] = {
    Dialect.OPENAI_CHAT: "openai",
    Dialect.OPENAI_RESPONSES: "openai",
    Dialect.ANTHROPIC: "anthropic",
    Dialect.GOOGLE: "gcp.gemini",
}
"""By the dialect, which other providers speak, too; the server's address tells them apart."""
CONTENT_MOST: Final = 32_000
"""Characters of what was said that a span holds at most, of each kind."""


def asked(endpoint: ModelEndpoint, request: ModelRequest) -> Mapping[str, Any]:
    """What a span tells of a request; what was said only where that is wanted."""
    if not tracing.is_on():
        return {}
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": PROVIDERS[endpoint.dialect],
        "gen_ai.request.model": request.model,
        "gen_ai.request.temperature": request.temperature,
        "gen_ai.request.max_tokens": request.max_tokens,
        "gen_ai.request.top_p": request.top_p,
        "gen_ai.request.stream": request.stream,
        "server.address": endpoint.host,
    }
    if tracing.with_content():
        told["gen_ai.input.messages"] = _text([_message(each) for each in request.messages])
        told["gen_ai.system_instructions"] = request.system and _text([_part(request.system)])
    return told


def said(completed: Completed) -> Mapping[str, Any]:
    """What a span tells of an answer."""
    if not tracing.is_on():
        return {}
    usage = completed.usage
    told = {
        "gen_ai.response.finish_reasons": [completed.finish_reason.value],
        "gen_ai.response.id": completed.provider_response_id,
        "gen_ai.usage.input_tokens": usage and usage.input_tokens,
        "gen_ai.usage.output_tokens": usage and usage.output_tokens,
    }
    if tracing.with_content():
        answer = Message("assistant", completed.text, completed.tool_calls)
        told["gen_ai.output.messages"] = _text([_message(answer) | {"finish_reason": completed.finish_reason.value}])
    return told


def _message(message: Message) -> dict[str, Any]:
    parts: list[dict[str, Any]]
    if message.role == "tool":
        parts = [{"type": "tool_call_response", "id": message.tool_call_id, "response": message.text}]
    elif isinstance(message.content, str):
        parts = [_part(message.content)] if message.content else []
    else:
        parts = [
            _part(each.text) if isinstance(each, TextPart) else {"type": "blob", "mime_type": each.mime}
            for each in message.content
        ]
    calls = [
        {"type": "tool_call", "id": each.id, "name": each.name, "arguments": each.arguments}
        for each in message.tool_calls
    ]
    return {"role": message.role, "parts": [*parts, *calls]}


def _part(text: str) -> dict[str, Any]:
    return {"type": "text", "content": text}


def _text(value: Any) -> str:
    return orjson.dumps(value, default=str).decode("utf-8", "replace")[:CONTENT_MOST]
