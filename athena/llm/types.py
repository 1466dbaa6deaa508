"""The words in which Athena speaks with any model, whatever the provider's dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

Role = Literal["system", "user", "assistant", "tool"]


class Dialect(StrEnum):
    """The protocol that a provider's server speaks."""

    OPENAI_CHAT = "openai_chat"
    OPENAI_RESPONSES = "openai_responses"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"


class FinishReason(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    OTHER = "other"


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    """Text in a message of several parts. Text files are turned into this before."""

    text: str


class ImagePart(msgspec.Struct, frozen=True, tag="image"):
    """An image, for models that see. ``data`` holds the file's bytes, ``mime`` its type, such as ``image/png``."""

    mime: str
    data: bytes


class ToolCall(msgspec.Struct, frozen=True):
    """A model's wish to have a tool called. ``arguments`` is the JSON text as the model wrote it, possibly invalid."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of a conversation.

    ``content`` is text or parts. ``tool_calls`` belong to the assistant; a message of role ``tool`` answers one of
    them, named by ``tool_call_id``. ``opaque`` is the :class:`Completed` field of that name, given back unchanged.
    """

    role: Role
    content: str | tuple[TextPart | ImagePart, ...] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    is_error: bool = False
    opaque: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The text alone, parts joined by a blank line."""
        if isinstance(self.content, str):
            return self.content
        return "\n\n".join(part.text for part in self.content if isinstance(part, TextPart))


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool that a model may call. ``parameters`` is a JSON Schema of an object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})


class NamedTool(msgspec.Struct, frozen=True):
    """A ``tool_choice`` that forces one tool."""

    name: str


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked of a model.

    ``max_tokens`` limits the answer; ``response_schema`` is a JSON Schema that the answer must fit; ``extra`` is merged
    into the request's body as it is (without replacing the model, the messages or ``stream``); ``stream`` decides how
    the provider is asked, not how the events are handed on.
    """

    model: str
    messages: tuple[Message, ...]
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    response_schema: dict[str, Any] | None = None
    extra: dict[str, Any] = {}
    stream: bool = True


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens that a call used. Cached and cache-written ones are within the input, reasoning ones within the output."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0


class TextDelta(msgspec.Struct, frozen=True, gc=False, tag="text"):
    """The next piece of the answer's text, never empty."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False, tag="reasoning"):
    """The next piece of what the model thinks aloud, never empty."""

    text: str


class ToolCallDelta(msgspec.Struct, frozen=True, gc=False, tag="tool_call"):
    """The beginning (``id`` and ``name`` set) or next piece of a tool call's arguments. ``index`` tells calls apart."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Completed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="completed"):
    """The whole answer, always the last event.

    ``usage`` is ``None`` when the provider did not say. ``opaque`` is what the provider's dialect needs back to
    continue, such as signatures of its reasoning; put it into the assistant's :class:`Message`.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    finish_reason: FinishReason = FinishReason.STOP
    provider_response_id: str | None = None
    opaque: dict[str, Any] | None = None


Event = TextDelta | ReasoningDelta | ToolCallDelta | Completed


class DiscoveredModel(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model that an account may use. Sizes are in tokens; ``None`` and a missing capability mean "not said"."""

    id: str
    display_name: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    capabilities: tuple[str, ...] = ()


class SecretMapping(Mapping[str, str]):
    """Names and values, such as headers, whose values must not be seen in a log or a traceback."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: '***'" for name in self._values) + "}"


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """Where a model is served, and how to get in.

    ``base_url`` is what the provider's documentation calls so, such as ``https://api.openai.com/v1``. ``headers`` and
    ``query`` hold the credentials, resolved by the caller. ``trusted`` marks a server that Athena itself started.
    ``timeout`` is in seconds for the whole call, ``idle_timeout`` for each silence within a stream.
    """

    dialect: Dialect
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    trusted: bool = False
    timeout: float = 300.0
    idle_timeout: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", SecretMapping(self.headers))
        object.__setattr__(self, "query", SecretMapping(self.query))

    @property
    def host(self) -> str:
        """The host name of ``base_url``, in lower case; empty when there is none."""
        try:
            return urlsplit(self.base_url).hostname or ""
        except ValueError:
            return ""

    def url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """``base_url`` with ``path`` (which starts with a slash, already quoted) and all query parameters added."""
        parts = urlsplit(self.base_url)
        given = urlencode({**(query or {}), **self.query})
        joined = "&".join(text for text in (parts.query, given) if text)
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, joined, ""))

    def secrets(self) -> list[str]:
        """The values that must never be shown, longest first: header and query values, and a bearer's bare token."""
        found: set[str] = set()
        for value in (*self.headers.values(), *self.query.values()):
            found.add(value)
            found.add(value.rpartition(" ")[2])
        return sorted((value for value in found if len(value) >= 6), key=len, reverse=True)  # noqa: PLR2004
