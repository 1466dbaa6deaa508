"""What each wire dialect offers to the client, and what their decoders share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import msgspec

from athena.llm.errors import ErrorKind, ModelError, cut_off, malformed
from athena.llm.types import (
    Completed,
    Dialect,
    DiscoveredModel,
    Event,
    FinishReason,
    Message,
    ModelEndpoint,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)

_PROTECTED = frozenset({"model", "messages", "input", "contents", "stream"})


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request as it goes over the wire. ``headers`` hold the dialect's own, without the endpoint's."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = field(default=None, repr=False)


class Decoder(Protocol):
    """Reads one streamed answer."""

    done: bool
    """The provider said that nothing follows."""

    @property
    def ended(self) -> bool:
        """The answer is whole: a connection that breaks now has done no harm."""
        ...

    def feed(self, payloads: list[bytes]) -> list[Event]:
        """The events that the payloads of server-sent events hold. Raises :class:`ModelError`."""
        ...

    def finish(self) -> Completed:
        """The whole answer. Raises :class:`ModelError` if the stream ended too early, or the provider refused."""
        ...


class Adapter(Protocol):
    """A wire dialect; each is a module."""

    def call(self, endpoint: ModelEndpoint, request: ModelRequest) -> HttpCall:
        """The HTTP request for a model call."""
        ...

    def parse(self, body: bytes) -> Completed:
        """The answer that was not streamed. Raises :class:`ModelError`."""
        ...

    def decoder(self) -> Decoder:
        """A decoder for one streamed answer."""
        ...

    def models_call(self, endpoint: ModelEndpoint, after: str | None) -> HttpCall:
        """The HTTP request for a page of the account's models; ``after`` is what :meth:`parse_models` gave."""
        ...

    def parse_models(self, body: bytes) -> tuple[list[DiscoveredModel], str | None]:
        """The models of a page, and where the next page begins."""
        ...


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    arguments: list[str]


class Answer:
    """Collects what a stream brings, and makes the one :class:`Completed` of it."""

    __slots__ = ("calls", "finish_reason", "opaque", "reasoning", "response_id", "text", "usage")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.calls: dict[int, _Call] = {}
        self.usage: Usage | None = None
        self.finish_reason: FinishReason | None = None
        self.response_id: str | None = None
        self.opaque: dict[str, Any] | None = None

    def call(self, index: int, call_id: str = "", name: str = "", arguments: str = "") -> ToolCallDelta:
        """Note a piece of a tool call, and give its event."""
        found = self.calls.get(index)
        if found is None:
            self.calls[index] = _Call(call_id, name, [arguments] if arguments else [])
        else:
            found.id = found.id or call_id
            found.name = found.name or name
            if arguments:
                found.arguments.append(arguments)
        return ToolCallDelta(index, call_id, name, arguments)

    def completed(self) -> Completed:
        """The whole answer.

        Raises:
            ModelError: the provider never said why it stopped, its filter left nothing, or a tool call has no name.
        """
        if self.finish_reason is None:
            raise cut_off()
        calls = tuple(
            ToolCall(call.id or f"call_{index}", call.name, "".join(call.arguments) or "{}")
            for index, call in sorted(self.calls.items())
        )
        if any(not call.name for call in calls):
            raise malformed("a tool call has no name")
        text = "".join(self.text)
        if self.finish_reason is FinishReason.CONTENT_FILTER and not text and not calls:
            raise ModelError(ErrorKind.REFUSED)
        reason = self.finish_reason
        if calls and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        return Completed(
            text=text,
            reasoning="".join(self.reasoning),
            tool_calls=calls,
            usage=self.usage,
            finish_reason=reason,
            provider_response_id=self.response_id,
            opaque=self.opaque,
        )


def joined(events: list[Event]) -> list[Event]:
    """``events`` with neighbouring pieces of text made one: what arrived together is handed on together."""
    if len(events) < 2:  # noqa: PLR2004
        return events
    merged: list[Event] = []
    run: list[str] = []
    kind: type[TextDelta | ReasoningDelta] | None = None
    for event in events:
        if isinstance(event, TextDelta | ReasoningDelta):
            if kind is not None and kind is not type(event):
                merged.append(kind("".join(run)))
                run.clear()
            kind = type(event)
            run.append(event.text)
            continue
        if kind is not None:
            merged.append(kind("".join(run)))
            run.clear()
            kind = None
        merged.append(event)
    if kind is not None:
        merged.append(kind("".join(run)))
    return merged


def encode(body: dict[str, Any], extra: Mapping[str, Any]) -> bytes:
    """``body`` as JSON, with the caller's extra fields, and without those that are ``None``.

    Raises:
        ModelError: the text holds something that JSON over HTTP cannot carry, such as half of a surrogate pair.
    """
    merged = {name: value for name, value in body.items() if value is not None}
    merged.update((name, value) for name, value in extra.items() if name not in _PROTECTED)
    try:
        return msgspec.json.encode(merged)
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError):
        raise ModelError(ErrorKind.INVALID_REQUEST, "The messages hold characters that cannot be sent.") from None


def json_object(text: str) -> dict[str, Any]:
    """A tool call's arguments for dialects that want an object; empty if the model wrote something else."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def opaque_of(message: Message, dialect: Dialect, key: str) -> list[dict[str, Any]] | None:
    """What this dialect kept in an assistant's message to continue it; ``None`` if another model wrote the message."""
    opaque = message.opaque
    return opaque.get(key) if opaque is not None and opaque.get("dialect") == dialect else None


def is_strict(schema: object) -> bool:
    """Whether a JSON Schema is one that OpenAI can enforce: each object names all its fields and requires them."""
    if isinstance(schema, list):
        return all(is_strict(item) for item in cast("list[object]", schema))
    if not isinstance(schema, dict):
        return True
    found = cast("dict[str, Any]", schema)
    fields = found.get("properties")
    if found.get("type") == "object" or fields is not None:
        names = set(cast("dict[str, Any]", fields)) if isinstance(fields, dict) else set[str]()
        if found.get("additionalProperties") is not False or names != set(found.get("required") or ()):
            return False
    return all(is_strict(value) for value in found.values())


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises on JSON that is broken, of another shape, not UTF-8, or nested beyond reason."""

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}
