"""Recorded answers of each dialect, streamed and whole, and the parser of server-sent events."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.llm import anthropic, google, openai_chat, openai_responses
from athena.llm.dialect import Adapter
from athena.llm.errors import ErrorKind, ModelError
from athena.llm.sse import EventTooLargeError, SseParser
from athena.llm.types import (
    Completed,
    Event,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)


def run(adapter: Adapter, *payloads: Any) -> tuple[list[Event], Completed]:
    decoder = adapter.decoder()
    events: list[Event] = []
    for payload in payloads:
        events += decoder.feed([payload if isinstance(payload, bytes) else json.dumps(payload).encode()])
    return events, decoder.finish()


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def test_chat_completions_with_reasoning_tools_and_usage() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 7},
    }
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "add", "arguments": ""}}
    second = {"index": 1, "id": "call_2", "function": {"name": "sub", "arguments": {"b": 2}}}
    events, answer = run(
        openai_chat,
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "Hm, "}),
        chunk({"reasoning": "yes."}),
        chunk({"content": "I add"}),
        chunk({"content": "."}),
        chunk({"tool_calls": [first]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}, second]}),
        chunk({}, "tool_calls"),
        {"id": "c1", "choices": [], "usage": usage},
        b"[DONE]",
    )
    assert events[:4] == [ReasoningDelta("Hm, "), ReasoningDelta("yes."), TextDelta("I add"), TextDelta(".")]
    assert events[4] == ToolCallDelta(0, "call_1", "add", "")
    assert answer == Completed(
        text="I add.",
        reasoning="Hm, yes.",
        tool_calls=(ToolCall("call_1", "add", '{"a":1}'), ToolCall("call_2", "sub", '{"b":2}')),
        usage=Usage(10, 20, 4, 7),
        finish_reason=FinishReason.TOOL_CALLS,
        provider_response_id="c1",
    )


def test_pieces_that_arrive_together_are_one_event() -> None:
    decoder = openai_chat.decoder()
    pieces = [json.dumps(chunk({"content": text})).encode() for text in ("a", "b", "c")]
    assert decoder.feed(pieces) == [TextDelta("abc")]


def test_mistrals_lists_of_parts_are_text_and_reasoning() -> None:
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "hi"}]
    events, answer = run(openai_chat, chunk({"content": content}), chunk({"content": ""}, "stop"))
    assert events == [ReasoningDelta("hm"), TextDelta("hi")]
    assert (answer.text, answer.reasoning) == ("hi", "hm")


def test_anthropic_keeps_thinking_with_its_signature() -> None:
    events, answer = run(
        anthropic,
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "content": [],
                "usage": {
                    "input_tokens": 5,
                    "cache_read_input_tokens": 3,
                    "cache_creation_input_tokens": 2,
                    "output_tokens": 1,
                },
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Let me "}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "see."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "SIG"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_stop", "index": 1},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
        },
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a"'}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ": 1}"}},
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 30}},
        {"type": "message_stop"},
    )
    assert text_of(events) == "Hello"
    assert answer.tool_calls == (ToolCall("toolu_1", "f", '{"a": 1}'),)
    assert answer.usage == Usage(10, 30, 3, 0, 2)
    assert answer.finish_reason is FinishReason.TOOL_CALLS
    assert answer.opaque == {
        "dialect": "anthropic",
        "blocks": [
            {"type": "thinking", "thinking": "Let me see.", "signature": "SIG"},
            {"type": "text", "text": "Hello"},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
        ],
    }


def test_responses_keep_encrypted_reasoning() -> None:
    reasoning = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "ENC"}
    call = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a":1}'}
    usage = {"input_tokens": 9, "output_tokens": 8, "output_tokens_details": {"reasoning_tokens": 7}}
    events, answer = run(
        openai_responses,
        {"type": "response.created", "response": {"id": "r1", "status": "in_progress", "output": []}},
        {"type": "response.reasoning_summary_text.delta", "delta": "thinking"},
        {"type": "response.output_text.delta", "delta": "Hi", "output_index": 1},
        {"type": "response.output_item.added", "output_index": 2, "item": {**call, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"a":'},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "1}"},
        {
            "type": "response.completed",
            "response": {
                "id": "r1",
                "status": "completed",
                "output": [reasoning, {"type": "message", "content": []}, call],
                "usage": usage,
            },
        },
    )
    assert text_of(events) == answer.text == "Hi"
    assert answer.tool_calls == (ToolCall("call_1", "f", '{"a":1}'),)
    assert answer.usage == Usage(9, 8, 0, 7)
    assert answer.opaque is not None
    assert answer.opaque["items"][0] == reasoning


def test_google_keeps_thought_signatures_and_makes_ids() -> None:
    events, answer = run(
        google,
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "hm", "thought": True}]}}]},
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}]}}], "responseId": "g1"},
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "lo"}]}}]},
        {
            "candidates": [
                {
                    "content": {
                        "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "SIG"}]
                    },
                    "finishReason": "STOP",
                }
            ],
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3, "thoughtsTokenCount": 2},
        },
    )
    assert text_of(events) == answer.text == "Hello"
    assert answer.reasoning == "hm"
    assert answer.usage == Usage(5, 5, 0, 2)
    assert answer.finish_reason is FinishReason.TOOL_CALLS
    assert answer.tool_calls[0].id
    assert (answer.tool_calls[0].name, answer.tool_calls[0].arguments) == ("f", '{"a":1}')
    assert answer.opaque is not None
    assert answer.opaque["parts"][-1] == {
        "functionCall": {"name": "f", "args": {"a": 1}},
        "thoughtSignature": "SIG",
    }


@pytest.mark.parametrize(
    ("adapter", "body", "text"),
    [
        (openai_chat, {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}, "hi"),
        (
            openai_responses,
            {
                "status": "completed",
                "output": [{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}],
            },
            "hi",
        ),
        (anthropic, {"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}, "hi"),
        (google, {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]}, "hi"),
    ],
)
def test_a_whole_answer_is_read(adapter: Adapter, body: dict[str, Any], text: str) -> None:
    answer = adapter.parse(json.dumps(body).encode())
    assert (answer.text, answer.finish_reason, answer.usage) == (text, FinishReason.STOP, None)


@pytest.mark.parametrize(
    ("adapter", "payload", "kind"),
    [
        (openai_chat, chunk({}, "content_filter"), ErrorKind.REFUSED),
        (openai_chat, {"error": {"code": 429, "message": "slow down"}}, ErrorKind.RATE_LIMITED),
        (openai_chat, {"error": "boom"}, ErrorKind.SERVER_ERROR),
        (
            openai_responses,
            {"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error"}}},
            ErrorKind.SERVER_ERROR,
        ),
        (openai_responses, {"type": "error", "code": "rate_limit_exceeded", "message": "x"}, ErrorKind.RATE_LIMITED),
        (anthropic, {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, ErrorKind.OVERLOADED),
        (anthropic, {"type": "message_delta", "delta": {"stop_reason": "refusal"}}, ErrorKind.REFUSED),
        (google, {"promptFeedback": {"blockReason": "SAFETY"}}, ErrorKind.REFUSED),
        (google, {"candidates": [{"finishReason": "PROHIBITED_CONTENT"}]}, ErrorKind.REFUSED),
        (google, {"error": {"code": 503, "message": "busy"}}, ErrorKind.OVERLOADED),
    ],
)
def test_a_refusal_or_an_error_within_a_stream(adapter: Adapter, payload: dict[str, Any], kind: ErrorKind) -> None:
    with pytest.raises(ModelError) as caught:
        run(adapter, payload)
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("adapter", "body", "first"),
    [
        (
            openai_chat,
            {"data": [{"id": "m", "context_length": 8, "supported_parameters": ["tools"]}]},
            ("m", 8, ("tools",)),
        ),
        (openai_chat, [{"id": "m", "max_model_len": 9}], ("m", 9, ())),
        (
            anthropic,
            {"data": [{"id": "m", "max_input_tokens": 7, "capabilities": {"image_input": {"supported": True}}}]},
            ("m", 7, ("tools", "vision")),
        ),
        (
            google,
            {"models": [{"name": "models/m", "inputTokenLimit": 6, "supportedGenerationMethods": ["embedContent"]}]},
            ("m", 6, ("embeddings",)),
        ),
    ],
)
def test_a_list_of_models_is_read(adapter: Adapter, body: Any, first: tuple[str, int, tuple[str, ...]]) -> None:
    models, after = adapter.parse_models(json.dumps(body).encode())
    assert (models[0].id, models[0].context_window, models[0].capabilities) == first
    assert after is None


def test_lists_of_models_have_pages() -> None:
    assert anthropic.parse_models(b'{"data":[],"has_more":true,"last_id":"x"}')[1] == "x"
    assert google.parse_models(b'{"models":[],"nextPageToken":"y"}')[1] == "y"


SSE = (
    "\ufeffdata: one\r\n\r\n: a comment\r\nevent: x\r\nid: 7\r\ndata: two\r\ndata:lines\r\n\r\n"
    "retry: 5\n\ndata\n\ndata:  spaced\r\rdata: Grüße 🙂\n\n\n\ndata: left"
).encode()
PAYLOADS = [b"one", b"two\nlines", b"", b" spaced", "Grüße 🙂".encode()]


@given(st.lists(st.integers(0, len(SSE)), max_size=30))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    parser = SseParser()
    edges = [0, *sorted(cuts), len(SSE)]
    found: list[bytes] = []
    for start, end in itertools.pairwise(edges):
        found += parser.feed(SSE[start:end])
    assert found == PAYLOADS
    assert parser.flush() == [b"left"]


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_break_the_parser(chunks: list[bytes]) -> None:
    parser, whole = SseParser(), SseParser()
    assert [payload for chunk in chunks for payload in parser.feed(chunk)] == whole.feed(b"".join(chunks))


def test_an_event_without_an_end_is_refused_in_linear_time() -> None:
    parser = SseParser()

    def feed() -> None:
        for _ in range(10_000):
            parser.feed(b"data: " + b"x" * 10_000)

    with pytest.raises(EventTooLargeError):
        feed()
