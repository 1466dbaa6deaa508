"""Google's Gemini API."""

from __future__ import annotations

import base64
import secrets
from typing import Any
from urllib.parse import quote

import msgspec

from athena.llm.dialect import JSON_HEADERS, UNREADABLE, Answer, HttpCall, encode, joined, json_object, opaque_of
from athena.llm.errors import ErrorKind, ModelError, from_stream, malformed
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

_FINISH = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"),
        FinishReason.CONTENT_FILTER,
    ),
}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


class _FunctionCall(msgspec.Struct, gc=False, omit_defaults=True):
    name: str
    id: str | None = None
    args: dict[str, Any] | None = None


class _Part(msgspec.Struct, gc=False, omit_defaults=True, rename="camel"):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: _FunctionCall | None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] = []


class _Candidate(msgspec.Struct, gc=False, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, gc=False, rename="camel"):
    prompt_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0
    cached_content_token_count: int = 0
    tool_use_prompt_token_count: int = 0


class _Feedback(msgspec.Struct, gc=False, rename="camel"):
    block_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False, rename="camel"):
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    prompt_feedback: _Feedback | None = None
    response_id: str | None = None
    error: Any = None


class _Model(msgspec.Struct, rename="camel"):
    name: str
    display_name: str | None = None
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] = []
    thinking: bool = False


class _Models(msgspec.Struct, rename="camel"):
    models: list[_Model] = []
    next_page_token: str | None = None


_decode = msgspec.json.Decoder(_Chunk).decode
_decode_models = msgspec.json.Decoder(_Models).decode


def call(endpoint: ModelEndpoint, request: ModelRequest) -> HttpCall:
    """The HTTP request for a model call."""
    system = [request.system] if request.system else []
    system += [message.text for message in request.messages if message.role == "system"]
    config: dict[str, Any] = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "maxOutputTokens": request.max_tokens,
        "stopSequences": list(request.stop) or None,
        "responseMimeType": "application/json" if request.response_schema is not None else None,
        "responseJsonSchema": request.response_schema,
    }
    config = {name: value for name, value in config.items() if value is not None}
    body: dict[str, Any] = {
        "contents": _contents(request.messages),
        "systemInstruction": {"parts": [{"text": "\n\n".join(system)}]} if system else None,
        "generationConfig": config or None,
    }
    if request.tools:
        declarations = [
            {"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters}
            for tool in request.tools
        ]
        body["tools"] = [{"functionDeclarations": declarations}]
        choice = request.tool_choice
        if isinstance(choice, NamedTool):
            body["toolConfig"] = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [choice.name]}}
        elif choice is not None:
            body["toolConfig"] = {"functionCallingConfig": {"mode": _MODES[choice]}}
    path = f"/models/{quote(request.model.removeprefix('models/'), safe='')}"
    if request.stream:
        url = endpoint.url(f"{path}:streamGenerateContent", {"alt": "sse"})
    else:
        url = endpoint.url(f"{path}:generateContent")
    return HttpCall("POST", url, JSON_HEADERS, encode(body, request.extra))


def parse(body: bytes) -> Completed:
    """The answer that was not streamed."""
    decoder = Decoder()
    decoder.feed([body])
    return decoder.finish()


def decoder() -> Decoder:
    """A decoder for one streamed answer."""
    return Decoder()


class Decoder:
    """Reads a stream of chunks, or the one whole answer, which has the same shape."""

    __slots__ = ("_answer", "_parts", "_salt", "done")

    def __init__(self) -> None:
        self._answer = Answer()
        self._parts: list[_Part] = []
        # Calls often have no id here; one is made that is unique within a thread.
        self._salt = secrets.token_hex(8)
        self.done = False

    @property
    def ended(self) -> bool:
        """Whether the answer is whole; this dialect has no end mark."""
        return self._answer.finish_reason is not None

    def feed(self, payloads: list[bytes]) -> list[Event]:
        """The events in these payloads."""
        events: list[Event] = []
        answer = self._answer
        for payload in payloads:
            try:
                chunk = _decode(payload)
            except UNREADABLE:
                raise malformed("a part of the answer is not the expected JSON") from None
            if chunk.error:
                raise from_stream(chunk.error)
            if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
                raise ModelError(ErrorKind.REFUSED, provider_message=chunk.prompt_feedback.block_reason[:100])
            answer.response_id = chunk.response_id or answer.response_id
            if chunk.usage_metadata is not None:
                answer.usage = _usage(chunk.usage_metadata)
            for candidate in (chunk.candidates or ())[:1]:
                for part in candidate.content.parts if candidate.content else ():
                    self._part(part, events)
                if candidate.finish_reason:
                    answer.finish_reason = _FINISH.get(candidate.finish_reason, FinishReason.OTHER)
        return joined(events)

    def finish(self) -> Completed:
        """The whole answer."""
        if any(part.thought_signature for part in self._parts):
            kept = msgspec.to_builtins(self._parts)
            self._answer.opaque = {"dialect": Dialect.GOOGLE.value, "parts": kept}
        return self._answer.completed()

    def _part(self, part: _Part, events: list[Event]) -> None:
        answer = self._answer
        if part.function_call is not None:
            found = part.function_call
            index = len(answer.calls)
            arguments = msgspec.json.encode(found.args or {}).decode()
            events.append(answer.call(index, found.id or f"call_{self._salt}_{index}", found.name, arguments))
        elif part.text and part.thought:
            answer.reasoning.append(part.text)
            events.append(ReasoningDelta(part.text))
            return
        elif part.text:
            answer.text.append(part.text)
            events.append(TextDelta(part.text))
        self._parts.append(part)


def _usage(usage: _Usage) -> Usage:
    return Usage(
        input_tokens=usage.prompt_token_count + usage.tool_use_prompt_token_count,
        output_tokens=usage.candidates_token_count + usage.thoughts_token_count,
        cached_input_tokens=usage.cached_content_token_count,
        reasoning_tokens=usage.thoughts_token_count,
    )


def _contents(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Turns; all results of one turn's tools belong into one of them. A result also names its function."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "model" if message.role == "assistant" else "user"
        parts = _parts(message, names)
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"].extend(parts)
        else:
            turns.append({"role": role, "parts": parts})
    return turns


def _parts(message: Message, names: dict[str, str]) -> list[dict[str, Any]]:
    if message.role == "tool":
        call_id = message.tool_call_id or ""
        result = {"error" if message.is_error else "output": message.text}
        return [{"functionResponse": {"id": call_id, "name": names.get(call_id, ""), "response": result}}]
    kept = opaque_of(message, Dialect.GOOGLE, "parts")
    if kept is not None:
        return kept
    given = (TextPart(message.content),) if isinstance(message.content, str) else message.content
    parts = [_wire(part) for part in given if isinstance(part, ImagePart) or part.text]
    parts.extend(
        {"functionCall": {"id": call.id, "name": call.name, "args": json_object(call.arguments)}}
        for call in message.tool_calls
    )
    return parts


def _wire(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"text": part.text}
    return {"inlineData": {"mimeType": part.mime, "data": base64.b64encode(part.data).decode()}}


def models_call(endpoint: ModelEndpoint, after: str | None) -> HttpCall:
    """The HTTP request for a page of the account's models."""
    query = {"pageSize": "1000", **({"pageToken": after} if after else {})}
    return HttpCall("GET", endpoint.url("/models", query), {})


def parse_models(body: bytes) -> tuple[list[DiscoveredModel], str | None]:
    """The models of a page, and the token of the next one."""
    try:
        page = _decode_models(body)
    except UNREADABLE:
        raise malformed("the list of models is not the expected JSON") from None
    return [_discovered(model) for model in page.models], page.next_page_token or None


def _discovered(model: _Model) -> DiscoveredModel:
    methods = model.supported_generation_methods
    found: set[str] = set()
    if "embedContent" in methods:
        found.add("embeddings")
    if "generateContent" in methods and model.name.startswith("models/gemini"):
        found |= {"tools", "vision", "json"}
    if model.thinking:
        found.add("reasoning")
    return DiscoveredModel(
        id=model.name.removeprefix("models/"),
        display_name=model.display_name,
        context_window=model.input_token_limit,
        max_output_tokens=model.output_token_limit,
        capabilities=tuple(sorted(found)),
    )
