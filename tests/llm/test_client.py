"""Calling a model: the answer in each way, and every way in which it can fail."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime

import pytest

from athena.llm.client import ModelClient
from athena.llm.errors import ErrorKind, ModelError, from_status, retry_after, retry_delay
from athena.llm.types import (
    Completed,
    Dialect,
    Event,
    FinishReason,
    Message,
    ModelEndpoint,
    ModelRequest,
    TextDelta,
    ToolSpec,
)

Answering = Callable[..., AbstractAsyncContextManager[str]]
Scripted = Callable[[Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]], AbstractAsyncContextManager[str]]
BOTH = pytest.mark.parametrize("dialect", [Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES])
KEY = "sk-verysecretkey0123456789"


def endpoint(url: str, dialect: Dialect = Dialect.OPENAI_CHAT, **options: float) -> ModelEndpoint:
    return ModelEndpoint(dialect, url, {"authorization": f"Bearer {KEY}"}, timeout=options.get("timeout", 5.0))


def ask(text: str, *, model: str = "mock-t4", stream: bool = True) -> ModelRequest:
    return ModelRequest(model=model, messages=(Message("user", text),), stream=stream)


async def events_of(client: ModelClient, where: ModelEndpoint, request: ModelRequest) -> list[Event]:
    return [event async for event in client.stream(where, request)]


async def failure(client: ModelClient, where: ModelEndpoint, request: ModelRequest) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await client.complete(where, request)
    assert KEY not in repr(vars(caught.value))
    return caught.value


@BOTH
@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_arrives_with_its_usage(
    client: ModelClient, mock_url: str, dialect: Dialect, stream: bool
) -> None:
    events = await events_of(client, endpoint(mock_url, dialect), ask("hello [[delay:5]]", stream=stream))
    last = events[-1]
    assert isinstance(last, Completed)
    assert last.text == "the quick brown fox "
    assert last.finish_reason is FinishReason.STOP
    assert last.usage is not None
    assert last.usage.output_tokens == 4
    assert last.provider_response_id
    if stream:
        assert "".join(event.text for event in events if isinstance(event, TextDelta)) == last.text
        assert len(events) > 2
    else:
        assert events == [last]


@BOTH
@pytest.mark.parametrize("stream", [True, False])
async def test_tools_are_called_in_parallel_and_answered(
    client: ModelClient, mock_url: str, dialect: Dialect, stream: bool
) -> None:
    question = Message("user", '[[tool:weather {"city": "Oslo, in the long north"}]][[tool:clock {}]]')
    tools = (ToolSpec("weather"), ToolSpec("clock"))
    request = ModelRequest(model="mock-t2", messages=(question,), tools=tools, stream=stream)
    answer = await client.complete(endpoint(mock_url, dialect), request)
    assert answer.finish_reason is FinishReason.TOOL_CALLS
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [
        ("weather", '{"city": "Oslo, in the long north"}'),
        ("clock", "{}"),
    ]
    results = [Message("tool", "cold", tool_call_id=call.id) for call in answer.tool_calls]
    turn = Message("assistant", answer.text, tool_calls=answer.tool_calls)
    second = ModelRequest(model="mock-t2", messages=(question, turn, *results), tools=tools, stream=stream)
    assert (await client.complete(endpoint(mock_url, dialect), second)).text == "the quick "


async def test_a_schema_shapes_the_answer(client: ModelClient, mock_url: str) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    request = ModelRequest(model="mock", messages=(Message("user", "hi"),), response_schema=schema)
    for dialect in (Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES):
        assert (await client.complete(endpoint(mock_url, dialect), request)).text == '{"ok":true}'


@BOTH
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, ErrorKind.INVALID_REQUEST, False),
        (401, ErrorKind.AUTHENTICATION, False),
        (402, ErrorKind.QUOTA, False),
        (403, ErrorKind.PERMISSION, False),
        (404, ErrorKind.NOT_FOUND, False),
        (408, ErrorKind.TIMEOUT, True),
        (413, ErrorKind.CONTEXT_TOO_LONG, False),
        (422, ErrorKind.INVALID_REQUEST, False),
        (429, ErrorKind.RATE_LIMITED, True),
        (500, ErrorKind.SERVER_ERROR, True),
        (503, ErrorKind.OVERLOADED, True),
        (504, ErrorKind.TIMEOUT, True),
        (529, ErrorKind.OVERLOADED, True),
    ],
)
async def test_a_status_becomes_an_error_that_says_what_to_do(
    client: ModelClient, mock_url: str, dialect: Dialect, stream: bool, status: int, kind: ErrorKind, retryable: bool
) -> None:
    error = await failure(client, endpoint(mock_url, dialect), ask(f"[[error:{status}]]", stream=stream))
    assert (error.kind, error.status, error.retryable) == (kind, status, retryable)
    assert error.message.endswith((".", "mock error"))
    assert error.provider_message == "mock error"
    assert error.retry_after == (1.0 if status == 429 else None)


@BOTH
async def test_a_dropped_stream_is_an_error_after_its_text(
    client: ModelClient, mock_url: str, dialect: Dialect
) -> None:
    seen: list[str] = []

    async def read() -> None:
        async for event in client.stream(endpoint(mock_url, dialect), ask("[[drop:2]]", model="mock-t9-d5")):
            assert isinstance(event, TextDelta)
            seen.append(event.text)

    with pytest.raises(ModelError) as caught:
        await read()
    assert caught.value.kind is ErrorKind.CONNECTION
    assert caught.value.retryable
    assert "".join(seen) == "the quick "


@pytest.mark.parametrize("stream", [True, False])
async def test_a_provider_that_never_answers_meets_the_deadline(
    client: ModelClient, mock_url: str, stream: bool
) -> None:
    error = await failure(client, endpoint(mock_url, timeout=0.3), ask("[[hang]]", stream=stream))
    assert error.kind is ErrorKind.TIMEOUT


async def test_a_stream_that_drips_meets_the_deadline(client: ModelClient, mock_url: str) -> None:
    error = await failure(client, endpoint(mock_url, timeout=0.4), ask("x", model="mock-t100-d50"))
    assert error.kind is ErrorKind.TIMEOUT


async def test_a_refused_connection_and_a_private_address_are_told_apart(client: ModelClient) -> None:
    assert (await failure(client, endpoint("http://127.0.0.1:1/v1"), ask("x"))).kind is ErrorKind.CONNECTION
    error = await failure(client, endpoint("http://10.0.0.1/v1"), ask("x"))
    assert error.kind is ErrorKind.ADDRESS_REFUSED
    assert "ATHENA_EGRESS_ALLOW" in error.message


@pytest.mark.parametrize("url", ["http://[::1", "not a url", "", "file:///etc/passwd"])
async def test_a_base_url_that_is_none_is_an_error(client: ModelClient, url: str) -> None:
    assert (await failure(client, endpoint(url), ask("x"))).kind in {
        ErrorKind.ADDRESS_REFUSED,
        ErrorKind.INVALID_REQUEST,
    }


async def test_bytes_that_come_one_at_a_time_make_the_same_answer(client: ModelClient, scripted: Scripted) -> None:
    text = 'data: {"choices":[{"delta":{"content":"Grüße"},"finish_reason":null}]}\r\n\r\n: ping\r\n\r\n'
    end = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    async def script(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for byte in (text + end).encode():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async with scripted(script) as url:
        assert (await client.complete(endpoint(url), ask("x"))).text == "Grüße"


GARBAGE = {
    "nothing": b"",
    "html": b"<html><body>Welcome</body></html>",
    "not json": b"data: hello\n\n",
    "half json": b'data: {"choices": [\n\n',
    "wrong types": b'data: {"choices": 7}\n\n',
    "null": b"data: null\n\n",
    "list": b"data: []\n\n",
    "empty object": b"data: {}\n\n",
    "invalid utf-8": b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n',
    "binary": bytes(range(256)) * 40,
    "deep": b"data: " + b"[" * 100_000 + b"\n\n",
    "deep within": b'data: {"choices":[{"delta":{"content":' + b"[" * 100_000 + b"\n\n",
    "deep in any": b'data: {"type":"x","error":' + b"[" * 100_000 + b"\n\n",
    "no end": b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":null}]}\n\n',
    "cut event": b'data: {"choices":[{"delta":{"content":"x"},"fin',
}


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("name", list(GARBAGE))
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json", "text/html"])
async def test_garbage_is_an_error_and_never_an_answer(
    client: ModelClient, answering: Answering, dialect: Dialect, name: str, content_type: str
) -> None:
    async with answering(GARBAGE[name], content_type=content_type) as url:
        error = await failure(client, endpoint(url, dialect), ask("x"))
    assert error.kind in {ErrorKind.MALFORMED_RESPONSE, ErrorKind.CONNECTION}


async def test_a_whole_answer_to_a_request_for_a_stream_is_taken(client: ModelClient, answering: Answering) -> None:
    body = b'{"id":"1","choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]}'
    async with answering(body, content_type="application/json") as url:
        assert (await client.complete(endpoint(url), ask("x"))).text == "whole"


async def test_a_stream_without_its_end_mark_is_whole_once_it_said_why_it_stopped(
    client: ModelClient, answering: Answering
) -> None:
    body = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"length"}]}\n\n'
    async with answering(body, length=len(body) + 10) as url:
        assert (await client.complete(endpoint(url), ask("x"))).finish_reason is FinishReason.LENGTH


async def test_a_body_without_an_end_is_refused(
    client: ModelClient, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("athena.llm.client.MAX_ANSWER_BYTES", 1_000_000)

    async def script(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        while not writer.is_closing():
            writer.write(b": " + b"x" * 100_000 + b"\n")
            await writer.drain()

    async with scripted(script) as url:
        error = await failure(client, endpoint(url), ask("x"))
    assert error.kind is ErrorKind.MALFORMED_RESPONSE
    assert not error.retryable


async def test_an_error_in_the_middle_of_a_stream_is_an_error(client: ModelClient, answering: Answering) -> None:
    body = b'data: {"error":{"message":"Overloaded, key %s","type":"overloaded_error"}}\n\n' % KEY.encode()
    async with answering(body) as url:
        error = await failure(client, endpoint(url), ask("x"))
    assert error.kind is ErrorKind.OVERLOADED
    assert error.provider_message == "Overloaded, key ***"


async def test_an_echoed_credential_is_masked(client: ModelClient, answering: Answering) -> None:
    body = b'{"error":{"message":"Bad header Bearer %s and sk-otherkey0123456789abc"}}' % KEY.encode()
    async with answering(body, status=400, content_type="application/json") as url:
        error = await failure(client, endpoint(url), ask("x"))
    assert error.message == "The provider did not accept the request: Bad header *** and ***"


async def test_text_that_cannot_be_sent_is_the_callers_error(client: ModelClient, mock_url: str) -> None:
    error = await failure(client, endpoint(mock_url), ask("half \ud800 pair"))
    assert error.kind is ErrorKind.INVALID_REQUEST


async def test_a_reader_that_stops_early_ends_the_call(client: ModelClient, mock_url: str) -> None:
    async with aclosing(client.stream(endpoint(mock_url), ask("x", model="mock-t100-d20"))) as events:
        async for _ in events:
            break


async def test_an_endpoint_never_shows_its_credentials() -> None:
    shown = ModelEndpoint(Dialect.GOOGLE, "http://x", {"authorization": KEY}, {"key": KEY})
    assert KEY not in f"{shown!r} {shown} {shown.headers} {shown.query!r}"
    assert shown.url("/models", {"a": "b"}) == f"http://x/models?a=b&key={KEY}"


async def test_models_are_listed(client: ModelClient, mock_url: str) -> None:
    assert "gpt-4o-mini" in [model.id for model in await client.list_models(endpoint(mock_url))]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"error":{"code":"context_length_exceeded","message":"too long"}}', ErrorKind.CONTEXT_TOO_LONG),
        (400, b'{"error":{"message":"maximum context length is 8192 tokens"}}', ErrorKind.CONTEXT_TOO_LONG),
        (400, b'{"type":"error","error":{"message":"prompt is too long: 2 > 1"}}', ErrorKind.CONTEXT_TOO_LONG),
        (400, b'[{"error":{"code":400,"message":"API key not valid.","status":"X"}}]', ErrorKind.AUTHENTICATION),
        (400, b'{"error":{"message":"Your credit balance is too low"}}', ErrorKind.QUOTA),
        (429, b'{"error":{"type":"insufficient_quota","message":"exceeded"}}', ErrorKind.QUOTA),
        (400, b'{"error":{"code":"content_filter","message":"no"}}', ErrorKind.REFUSED),
        (404, b'{"detail":"Not Found"}', ErrorKind.NOT_FOUND),
        (422, b'{"detail":[{"msg":"field required"}]}', ErrorKind.INVALID_REQUEST),
        (418, b"\xff\xfe", ErrorKind.INVALID_REQUEST),
        (599, b"<html>", ErrorKind.SERVER_ERROR),
        (302, b"", ErrorKind.INVALID_REQUEST),
    ],
)
def test_a_providers_words_decide_where_its_status_is_vague(status: int, body: bytes, kind: ErrorKind) -> None:
    assert from_status(status, {}, body, []).kind is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Mon, 02 Jan 2040 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 01 Jan 2040 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, datetime(2040, 1, 2, tzinfo=UTC)) == seconds


def test_waits_grow_honour_the_provider_and_end() -> None:
    busy = ModelError(ErrorKind.OVERLOADED)
    assert [retry_delay(busy, attempt, jitter=0.5) for attempt in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, None]
    assert retry_delay(ModelError(ErrorKind.RATE_LIMITED, retry_after=7), 1, jitter=0) == 7
    assert retry_delay(ModelError(ErrorKind.RATE_LIMITED, retry_after=7200), 1, jitter=0) == 60
    assert retry_delay(ModelError(ErrorKind.AUTHENTICATION), 1, jitter=0) is None
