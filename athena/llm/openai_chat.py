"""OpenAI's chat completions, which most model servers speak."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, cast

import msgspec

from athena.llm.dialect import JSON_HEADERS, UNREADABLE, Answer, HttpCall, encode, is_strict, joined
from athena.llm.errors import from_stream, malformed
from athena.llm.types import (
    Completed,
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
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
    "eos": FinishReason.STOP,
    "model_length": FinishReason.LENGTH,
}


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _ToolCall(msgspec.Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Content(msgspec.Struct, gc=False):
    # Streamed as "delta" and whole as "message"; the reasoning's name depends on the server.
    content: str | list[Any] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Content | None = None
    message: _Content | None = None
    finish_reason: str | None = None


class _Details(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Chunk(msgspec.Struct, gc=False):
    id: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


class _Model(msgspec.Struct):
    id: str
    name: str | None = None
    context_window: int | None = None
    context_length: int | None = None
    max_context_length: int | None = None
    max_model_len: int | None = None
    max_completion_tokens: int | None = None
    capabilities: dict[str, Any] | list[Any] | None = None
    supported_parameters: list[str] | None = None
    architecture: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None


class _Models(msgspec.Struct):
    data: list[_Model]


_decode = msgspec.json.Decoder(_Chunk).decode
_decode_models: Callable[[bytes], _Models | list[_Model]] = msgspec.json.Decoder(_Models | list[_Model]).decode


def call(endpoint: ModelEndpoint, request: ModelRequest) -> HttpCall:
    """The HTTP request for a model call."""
    host = endpoint.host
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _messages(request),
        "stream": request.stream,
        # Mistral refuses unknown fields, and sends the usage unasked.
        "stream_options": {"include_usage": True} if request.stream and host != "api.mistral.ai" else None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        # OpenAI's newer models refuse the old name; most other servers know only that one.
        ("max_completion_tokens" if host == "api.openai.com" else "max_tokens"): request.max_tokens,
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
        choice = request.tool_choice
        body["tool_choice"] = (
            {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice
        )
    if request.response_schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {
                "name": "answer",
                "schema": request.response_schema,
                "strict": is_strict(request.response_schema),
            },
        }
    return HttpCall("POST", endpoint.url("/chat/completions"), JSON_HEADERS, encode(body, request.extra))


def parse(body: bytes) -> Completed:
    """The answer that was not streamed."""
    decoder = Decoder()
    decoder.feed([body])
    return decoder.finish()


def decoder() -> Decoder:
    """A decoder for one streamed answer."""
    return Decoder()


class Decoder:
    """Reads a stream of chunks, or the one whole answer, which has nearly the same shape."""

    __slots__ = ("_answer", "_text", "done")

    @property
    def ended(self) -> bool:
        """Whether the answer is whole, though a usage or an end mark may follow."""
        return self.done or self._answer.finish_reason is not None

    def __init__(self) -> None:
        self._answer = Answer()
        self._text = self._answer.text
        self.done = False

    def feed(self, payloads: list[bytes]) -> list[Event]:
        """The events in these payloads."""
        events: list[Event] = []
        for payload in payloads:
            if payload.startswith(b"[DONE]"):
                self.done = True
                break
            try:
                chunk = _decode(payload)
            except UNREADABLE:
                raise malformed("a part of the answer is not the expected JSON") from None
            choices = chunk.choices
            # The common case, a piece of text, is handled here; everything else has time.
            if choices and len(choices) == 1 and chunk.usage is None:
                choice = choices[0]
                delta = choice.delta
                if (
                    delta is not None
                    and choice.finish_reason is None
                    and type(delta.content) is str
                    and delta.content
                    and delta.tool_calls is None
                    and not delta.reasoning_content
                    and not delta.reasoning
                ):
                    self._text.append(delta.content)
                    events.append(TextDelta(delta.content))
                    continue
            self._other(chunk, events)
        return joined(events)

    def finish(self) -> Completed:
        """The whole answer."""
        if self.done and self._answer.finish_reason is None:
            self._answer.finish_reason = FinishReason.STOP
        return self._answer.completed()

    def _other(self, chunk: _Chunk, events: list[Event]) -> None:
        answer = self._answer
        if chunk.error:
            raise from_stream(chunk.error)
        if chunk.id:
            answer.response_id = chunk.id
        if chunk.usage is not None:
            answer.usage = _usage(chunk.usage)
        if chunk.choices is None and chunk.usage is None:
            raise malformed("a part of the answer has no choices")
        for choice in (chunk.choices or ())[:1]:
            content = choice.delta or choice.message
            if content is not None:
                self._content(content, events)
            if choice.finish_reason:
                answer.finish_reason = _FINISH.get(choice.finish_reason, FinishReason.OTHER)

    def _content(self, content: _Content, events: list[Event]) -> None:
        answer = self._answer
        text, reasoning = _text(content.content)
        reasoning = content.reasoning_content or content.reasoning or reasoning
        if reasoning:
            answer.reasoning.append(reasoning)
            events.append(ReasoningDelta(reasoning))
        text = text or content.refusal or ""
        if text:
            answer.text.append(text)
            events.append(TextDelta(text))
        for position, call in enumerate(content.tool_calls or ()):
            function = call.function or _Function()
            arguments = function.arguments or ""
            if not isinstance(arguments, str):
                arguments = msgspec.json.encode(arguments).decode()
            index = position if call.index is None else call.index
            events.append(answer.call(index, call.id or "", function.name or "", arguments))


def _text(content: str | list[Any] | None) -> tuple[str, str]:
    """Text and reasoning of a content, which Mistral's reasoning models send as a list of parts."""
    if isinstance(content, str):
        return content, ""
    text: list[str] = []
    reasoning: list[str] = []
    for part in content or ():
        if not isinstance(part, dict):
            continue
        found = cast("dict[str, Any]", part)
        if found.get("type") == "thinking":
            reasoning.append(_text(found.get("thinking"))[0])
        elif isinstance(found.get("text"), str):
            text.append(found["text"])
    return "".join(text), "".join(reasoning)


def _usage(usage: _Usage) -> Usage:
    given, made = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input_tokens=usage.prompt_tokens or 0,
        output_tokens=usage.completion_tokens or 0,
        cached_input_tokens=(given.cached_tokens if given else 0) or 0,
        reasoning_tokens=(made.reasoning_tokens if made else 0) or 0,
    )


def _messages(request: ModelRequest) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.system:
        messages.append({"role": "system", "content": request.system})
    messages.extend(_message(message) for message in request.messages)
    return messages


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id or "", "content": message.text}
    if message.role == "user" and not isinstance(message.content, str):
        return {"role": "user", "content": [_part(part) for part in message.content]}
    body: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        body["content"] = message.text or None
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return body


def _part(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": data_url(part)}}


def data_url(image: ImagePart) -> str:
    """The image as a ``data:`` URL."""
    return f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}"


def models_call(endpoint: ModelEndpoint, after: str | None) -> HttpCall:  # noqa: ARG001 - there is one page
    """The HTTP request for the account's models."""
    return HttpCall("GET", endpoint.url("/models"), {})


def parse_models(body: bytes) -> tuple[list[DiscoveredModel], str | None]:
    """The account's models, with what this or that server adds to OpenAI's few fields."""
    try:
        found = _decode_models(body)
    except UNREADABLE:
        raise malformed("the list of models is not the expected JSON") from None
    return [_discovered(model) for model in (found if isinstance(found, list) else found.data)], None


def _discovered(model: _Model) -> DiscoveredModel:
    meta = model.meta or {}
    trained = meta.get("n_ctx") or meta.get("n_ctx_train")
    return DiscoveredModel(
        id=model.id,
        display_name=model.name,
        context_window=model.context_window
        or model.context_length
        or model.max_context_length
        or model.max_model_len
        or (trained if isinstance(trained, int) else None),
        max_output_tokens=model.max_completion_tokens,
        capabilities=tuple(sorted(_capabilities(model))),
    )


def _capabilities(model: _Model) -> set[str]:
    found: set[str] = set()
    said = model.capabilities if isinstance(model.capabilities, dict) else {}
    for theirs, ours in (("function_calling", "tools"), ("vision", "vision"), ("reasoning", "reasoning")):
        if said.get(theirs) is True:
            found.add(ours)
    known = model.supported_parameters or ()
    for theirs, ours in (("tools", "tools"), ("structured_outputs", "json"), ("reasoning", "reasoning")):
        if theirs in known:
            found.add(ours)
    inputs = (model.architecture or {}).get("input_modalities")
    if isinstance(inputs, list) and "image" in inputs:
        found.add("vision")
    if re.search(r"(^|[-_/])embed", model.id):
        found.add("embeddings")
    return found
