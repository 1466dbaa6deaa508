"""OpenAI's responses, used without its server-side state: Athena keeps the conversation."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from athena.llm.dialect import JSON_HEADERS, UNREADABLE, Answer, HttpCall, encode, is_strict, joined, opaque_of
from athena.llm.errors import ErrorKind, ModelError, from_stream, malformed
from athena.llm.openai_chat import data_url, models_call, parse_models
from athena.llm.types import (
    Completed,
    Dialect,
    Event,
    FinishReason,
    ImagePart,
    Message,
    ModelEndpoint,
    ModelRequest,
    NamedTool,
    ReasoningDelta,
    TextDelta,
    TextPart,
    Usage,
)

__all__ = ["Decoder", "call", "decoder", "models_call", "parse", "parse_models"]

# Models that think; only they can give their thoughts back, encrypted, and others fail when asked to.
_REASONS = re.compile(r"(o\d|gpt-(?:[5-9]|\d\d))(?!.*-chat)")
_TEXT = frozenset({"response.output_text.delta", "response.refusal.delta"})
_THOUGHT = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})


class _Details(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Incomplete(msgspec.Struct, gc=False):
    reason: str | None = None


class _Response(msgspec.Struct):
    status: str
    id: str | None = None
    output: list[dict[str, Any]] = []
    usage: _Usage | None = None
    error: Any = None
    incomplete_details: _Incomplete | None = None


class _Event(msgspec.Struct):
    type: str
    delta: Any = None
    output_index: int = 0
    item: dict[str, Any] | None = None
    response: msgspec.Raw = msgspec.Raw()
    error: Any = None
    message: str | None = None
    code: str | int | None = None


_decode = msgspec.json.Decoder(_Event).decode
_decode_response = msgspec.json.Decoder(_Response).decode


def call(endpoint: ModelEndpoint, request: ModelRequest) -> HttpCall:
    """The HTTP request for a model call. The dialect knows no stop sequences; they are left out."""
    body: dict[str, Any] = {
        "model": request.model,
        "input": [item for message in request.messages for item in _items(message)],
        "stream": request.stream,
        "store": False,
        "include": ["reasoning.encrypted_content"] if _REASONS.match(request.model) else None,
        "instructions": request.system or None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": request.max_tokens,
    }
    if request.tools:
        # Left out, "strict" would be on, and most schemas would be refused.
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in request.tools
        ]
        choice = request.tool_choice
        body["tool_choice"] = {"type": "function", "name": choice.name} if isinstance(choice, NamedTool) else choice
    if request.response_schema is not None:
        body["text"] = {
            "format": {
                "type": "json_schema",
                "name": "answer",
                "schema": request.response_schema,
                "strict": is_strict(request.response_schema),
            }
        }
    return HttpCall("POST", endpoint.url("/responses"), JSON_HEADERS, encode(body, request.extra))


def parse(body: bytes) -> Completed:
    """The answer that was not streamed."""
    decoder = Decoder()
    decoder.ends(body)
    return decoder.finish()


def decoder() -> Decoder:
    """A decoder for one streamed answer."""
    return Decoder()


class Decoder:
    """Reads a stream of events; the last one repeats the whole response."""

    __slots__ = ("_answer", "done")

    def __init__(self) -> None:
        self._answer = Answer()
        self.done = False

    @property
    def ended(self) -> bool:
        """Whether the answer is whole."""
        return self.done

    def feed(self, payloads: list[bytes]) -> list[Event]:
        """The events in these payloads."""
        events: list[Event] = []
        for payload in payloads:
            if payload.startswith(b"[DONE]"):
                continue
            try:
                event = _decode(payload)
            except UNREADABLE:
                raise malformed("a part of the answer is not the expected JSON") from None
            if event.type in _TEXT and isinstance(event.delta, str):
                if event.delta:
                    self._answer.text.append(event.delta)
                    events.append(TextDelta(event.delta))
            else:
                self._other(event, events)
        return joined(events)

    def finish(self) -> Completed:
        """The whole answer."""
        return self._answer.completed()

    def ends(self, body: bytes | msgspec.Raw) -> None:
        """Take in the whole response, which ends a stream or is all there is."""
        try:
            response = _decode_response(body)
        except UNREADABLE:
            raise malformed("the answer is not the expected JSON") from None
        answer = self._answer
        answer.response_id = response.id
        answer.usage = _usage(response.usage)
        if response.status == "completed":
            answer.finish_reason = FinishReason.STOP
        elif response.status == "incomplete":
            reason = response.incomplete_details.reason if response.incomplete_details else None
            filtered = reason == "content_filter"
            answer.finish_reason = FinishReason.CONTENT_FILTER if filtered else FinishReason.LENGTH
        elif response.status == "failed" or response.error:
            raise from_stream(response.error)
        else:
            raise ModelError(ErrorKind.MALFORMED_RESPONSE, provider_message=f"the status is {response.status[:40]}")
        self._output(response.output)
        self.done = True

    def _other(self, event: _Event, events: list[Event]) -> None:
        answer = self._answer
        if event.type in _THOUGHT and isinstance(event.delta, str) and event.delta:
            answer.reasoning.append(event.delta)
            events.append(ReasoningDelta(event.delta))
        elif event.type == "response.function_call_arguments.delta" and isinstance(event.delta, str):
            events.append(answer.call(event.output_index, arguments=event.delta))
        elif event.type == "response.output_item.added" and event.item and event.item.get("type") == "function_call":
            call_id, name = str(event.item.get("call_id") or ""), str(event.item.get("name") or "")
            events.append(answer.call(event.output_index, call_id, name))
        elif event.type in {"response.completed", "response.incomplete", "response.failed"}:
            if not event.response:
                raise malformed("the last event has no response")
            self.ends(event.response)
        elif event.type == "error":
            raise from_stream(event.error or {"code": event.code, "message": event.message})

    def _output(self, items: list[dict[str, Any]]) -> None:
        """What the whole response holds beyond what was streamed (all of it, if nothing was)."""
        answer = self._answer
        fresh = not answer.text
        for index, item in enumerate(items):
            kind = item.get("type")
            if kind == "message" and fresh:
                answer.text.extend(_texts(item.get("content")))
            elif kind == "function_call" and not (index in answer.calls and answer.calls[index].arguments):
                arguments = str(item.get("arguments") or "")
                answer.call(index, str(item.get("call_id") or ""), str(item.get("name") or ""), arguments)
            elif kind == "reasoning" and not answer.reasoning:
                answer.reasoning.extend(_texts(item.get("summary")))
        if any(item.get("encrypted_content") for item in items):
            answer.opaque = {"dialect": Dialect.OPENAI_RESPONSES.value, "items": items}


def _texts(parts: object) -> list[str]:
    found = msgspec.convert(parts or [], list[dict[str, Any]], strict=False)
    return [str(part.get("text") or part.get("refusal") or "") for part in found]


def _usage(usage: _Usage | None) -> Usage | None:
    if usage is None:
        return None
    given, made = usage.input_tokens_details, usage.output_tokens_details
    return Usage(
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        cached_input_tokens=(given.cached_tokens if given else 0) or 0,
        reasoning_tokens=(made.reasoning_tokens if made else 0) or 0,
    )


def _items(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.tool_call_id or "", "output": message.text}]
    kept = opaque_of(message, Dialect.OPENAI_RESPONSES, "items")
    if kept is not None:
        return kept
    items: list[dict[str, Any]] = []
    if message.role == "user" and not isinstance(message.content, str):
        items.append({"role": "user", "content": [_part(part) for part in message.content]})
    elif message.text or not message.tool_calls:
        items.append({"role": message.role, "content": message.text})
    items.extend(
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in message.tool_calls
    )
    return items


def _part(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "input_text", "text": part.text}
    return {"type": "input_image", "image_url": data_url(part), "detail": "auto"}
