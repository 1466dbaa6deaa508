"""Anthropic's messages."""

from __future__ import annotations

import base64
import re
from typing import Any

import msgspec

from athena.llm.dialect import JSON_HEADERS, UNREADABLE, Answer, HttpCall, encode, joined, json_object, opaque_of
from athena.llm.errors import from_stream, malformed
from athena.llm.types import (
    Completed,
    Dialect,
    DiscoveredModel,
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

VERSION = "2023-06-01"
"""Later versions refuse a temperature for every model. The endpoint's headers may name another."""
DEFAULT_MAX_TOKENS = 4096
"""The dialect demands a limit; this one every model of it accepts."""
_FINISH = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.CONTENT_FILTER,
}
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
# Models from Opus 4.7 and the fifth generation on have no sampling parameters, and refuse requests that name one.
_UNSAMPLED = re.compile(r"claude-(?:opus-4-(?:[7-9]|\d\d)|[a-z]+-(?:[5-9]|\d\d))(?!\d)")
_THINKING = frozenset({"thinking", "redacted_thinking"})


class _Details(msgspec.Struct, gc=False):
    thinking_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: _Details | None = None


class _Delta(msgspec.Struct, gc=False):
    type: str | None = None
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Message(msgspec.Struct):
    id: str | None = None
    content: list[dict[str, Any]] = []
    stop_reason: str | None = None
    usage: _Usage | None = None


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    delta: _Delta | None = None
    content_block: dict[str, Any] | None = None
    message: _Message | None = None
    usage: _Usage | None = None
    error: Any = None


class _Model(msgspec.Struct):
    id: str
    display_name: str | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    capabilities: dict[str, dict[str, Any]] | None = None


class _Models(msgspec.Struct):
    data: list[_Model]
    has_more: bool = False
    last_id: str | None = None


_decode = msgspec.json.Decoder(_Event).decode
_decode_message = msgspec.json.Decoder(_Message).decode
_decode_models = msgspec.json.Decoder(_Models).decode


def call(endpoint: ModelEndpoint, request: ModelRequest) -> HttpCall:
    """The HTTP request for a model call."""
    system = [request.system] if request.system else []
    system += [message.text for message in request.messages if message.role == "system"]
    sampled = _UNSAMPLED.match(request.model) is None
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
        "messages": _messages(request.messages),
        "stream": request.stream or None,
        "system": "\n\n".join(system) or None,
        "temperature": request.temperature if sampled else None,
        "top_p": request.top_p if sampled else None,
        "stop_sequences": list(request.stop) or None,
    }
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
        choice = request.tool_choice
        if isinstance(choice, NamedTool):
            body["tool_choice"] = {"type": "tool", "name": choice.name}
        elif choice is not None:
            body["tool_choice"] = {"type": _CHOICES[choice]}
    if request.response_schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": request.response_schema}}
    headers = {**JSON_HEADERS, "anthropic-version": VERSION}
    return HttpCall("POST", endpoint.url(_path(endpoint, "/messages")), headers, encode(body, request.extra))


def parse(body: bytes) -> Completed:
    """The answer that was not streamed."""
    try:
        message = _decode_message(body)
    except UNREADABLE:
        raise malformed("the answer is not the expected JSON") from None
    if message.stop_reason is None:
        raise malformed("the answer has no stop_reason")
    decoder = Decoder()
    decoder.whole(message)
    return decoder.finish()


def decoder() -> Decoder:
    """A decoder for one streamed answer."""
    return Decoder()


class Decoder:
    """Reads a stream of content blocks. The blocks are kept, since thinking must be given back with its signature."""

    __slots__ = ("_answer", "_blocks", "_pieces", "_usage", "done")

    def __init__(self) -> None:
        self._answer = Answer()
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, list[str]] = {}
        self._usage = _Usage()
        self.done = False

    @property
    def ended(self) -> bool:
        """Whether the answer is whole, though an end mark may follow."""
        return self.done or self._answer.finish_reason is not None

    def feed(self, payloads: list[bytes]) -> list[Event]:
        """The events in these payloads."""
        events: list[Event] = []
        for payload in payloads:
            try:
                event = _decode(payload)
            except UNREADABLE:
                raise malformed("a part of the answer is not the expected JSON") from None
            if event.type == "content_block_delta":
                if event.delta is not None:
                    self._delta(event.index, event.delta, events)
            else:
                self._other(event, events)
        return joined(events)

    def finish(self) -> Completed:
        """The whole answer."""
        answer = self._answer
        usage = self._usage
        cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        if usage.input_tokens is not None or usage.output_tokens is not None:
            answer.usage = Usage(
                input_tokens=(usage.input_tokens or 0) + cached + written,
                output_tokens=usage.output_tokens or 0,
                cached_input_tokens=cached,
                cache_write_tokens=written,
                reasoning_tokens=(usage.output_tokens_details or _Details()).thinking_tokens or 0,
            )
        if any(block.get("type") in _THINKING for block in self._blocks.values()):
            answer.opaque = {"dialect": Dialect.ANTHROPIC.value, "blocks": self._kept()}
        return answer.completed()

    def whole(self, message: _Message) -> None:
        """Take in an answer that was not streamed."""
        self._started(message)
        self._answer.finish_reason = _FINISH.get(message.stop_reason or "", FinishReason.OTHER)
        for index, block in enumerate(message.content):
            self._block(index, block, [])

    def _other(self, event: _Event, events: list[Event]) -> None:
        if event.type == "error":
            raise from_stream(event.error)
        if event.message is not None:
            self._started(event.message)
        if event.content_block is not None:
            self._block(event.index, event.content_block, events)
        if event.usage is not None:
            self._count(event.usage)
        if event.delta is not None and event.delta.stop_reason is not None:
            self._answer.finish_reason = _FINISH.get(event.delta.stop_reason, FinishReason.OTHER)
        if event.type == "message_stop":
            self.done = True

    def _started(self, message: _Message) -> None:
        self._answer.response_id = message.id
        if message.usage is not None:
            self._count(message.usage)

    def _count(self, usage: _Usage) -> None:
        """Later counts replace earlier ones; what is not said again stays."""
        for name in usage.__struct_fields__:
            value = getattr(usage, name)
            if value is not None:
                setattr(self._usage, name, value)

    def _block(self, index: int, block: dict[str, Any], events: list[Event]) -> None:
        """A content block begins (or is whole, when nothing was streamed)."""
        self._blocks[index] = block
        kind = block.get("type")
        if kind == "text":
            self._text(str(block.get("text") or ""), events)
        elif kind == "thinking":
            self._thought(str(block.get("thinking") or ""), events)
        elif kind == "tool_use":
            given = block.get("input")
            arguments = msgspec.json.encode(given).decode() if given else ""
            events.append(self._answer.call(index, str(block.get("id") or ""), str(block.get("name") or ""), arguments))

    def _delta(self, index: int, delta: _Delta, events: list[Event]) -> None:
        if delta.text:
            self._text(delta.text, events)
            self._pieces.setdefault(index, []).append(delta.text)
        elif delta.partial_json:
            events.append(self._answer.call(index, arguments=delta.partial_json))
        elif delta.thinking:
            self._thought(delta.thinking, events)
            self._pieces.setdefault(index, []).append(delta.thinking)
        elif delta.signature and index in self._blocks:
            block = self._blocks[index]
            block["signature"] = block.get("signature", "") + delta.signature

    def _text(self, text: str, events: list[Event]) -> None:
        if text:
            self._answer.text.append(text)
            events.append(TextDelta(text))

    def _thought(self, text: str, events: list[Event]) -> None:
        if text:
            self._answer.reasoning.append(text)
            events.append(ReasoningDelta(text))

    def _kept(self) -> list[dict[str, Any]]:
        """The blocks as a later request has to repeat them."""
        kept: list[dict[str, Any]] = []
        for index, block in sorted(self._blocks.items()):
            kind = block.get("type")
            whole = dict(block)
            if kind in {"text", "thinking"}:
                whole[kind] = whole.get(kind, "") + "".join(self._pieces.get(index, ()))
            elif kind == "tool_use" and index in self._answer.calls:
                whole["input"] = json_object("".join(self._answer.calls[index].arguments))
            if kind != "text" or whole["text"]:
                kept.append(whole)
        return kept


def _path(endpoint: ModelEndpoint, path: str) -> str:
    """The base URL is documented without the version, but often written with it."""
    return path if endpoint.base_url.rstrip("/").endswith("/v1") else f"/v1{path}"


def _messages(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Turns alternate in this dialect, and all results of one turn's tools belong into one message."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"].extend(blocks)
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": message.tool_call_id or "", "content": message.text}
        return [{**result, "is_error": True} if message.is_error else result]
    kept = opaque_of(message, Dialect.ANTHROPIC, "blocks")
    if kept is not None:
        return kept
    parts = (TextPart(message.content),) if isinstance(message.content, str) else message.content
    blocks = [_part(part) for part in parts if isinstance(part, ImagePart) or part.text]
    blocks.extend(
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json_object(call.arguments)}
        for call in message.tool_calls
    )
    return blocks


def _part(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    data = base64.b64encode(part.data).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": part.mime, "data": data}}


def models_call(endpoint: ModelEndpoint, after: str | None) -> HttpCall:
    """The HTTP request for a page of the account's models."""
    query = {"limit": "1000", **({"after_id": after} if after else {})}
    return HttpCall("GET", endpoint.url(_path(endpoint, "/models"), query), {"anthropic-version": VERSION})


def parse_models(body: bytes) -> tuple[list[DiscoveredModel], str | None]:
    """The models of a page, and the last one's id if there are more."""
    try:
        page = _decode_models(body)
    except UNREADABLE:
        raise malformed("the list of models is not the expected JSON") from None
    return [_discovered(model) for model in page.data], page.last_id if page.has_more else None


def _discovered(model: _Model) -> DiscoveredModel:
    found = {"tools"}
    for theirs, ours in (("image_input", "vision"), ("structured_outputs", "json"), ("thinking", "reasoning")):
        if (model.capabilities or {}).get(theirs, {}).get("supported") is True:
            found.add(ours)
    return DiscoveredModel(
        id=model.id,
        display_name=model.display_name,
        context_window=model.max_input_tokens,
        max_output_tokens=model.max_tokens,
        capabilities=tuple(sorted(found)),
    )
