"""Runs and their streams, over connections that break."""

from __future__ import annotations

import json
import re

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_client import AsyncStream, Athena, AthenaError, ConnectionFailed, Event, RateLimited, ServerFailed, TimedOut
from athena_client.calls import Call, options
from athena_client.events import EventDecoder
from tests.athena_client.conftest import Desk, Proxy

PROBLEM = {"content-type": "application/problem+json"}


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("athena_client.calls.FIRST_PAUSE_SECONDS", 0.01)


async def followed(stream: AsyncStream) -> list[Event]:
    async with stream:
        return [event async for event in stream]


def text_of(events: list[Event]) -> str:
    return "".join(event.data["delta"] for event in events if event.type == "message.delta")


def check(events: list[Event]) -> None:
    """Nothing is lost or doubled, and the text is whole."""
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events if event.is_terminal] == ["run.completed"]
    assert text_of(events) == events[-1].data["output"]["message"]["content"]


async def test_a_run_is_waited_for(desk: Desk) -> None:
    async with desk.client() as client:
        run = await client.agents.run(desk.agent_uuid, input="Tell me.")
        assert run["status"] == "succeeded"
        assert [each["uuid"] async for each in client.runs.list()] == [run["uuid"]]


async def test_a_stream_is_read_to_its_end(desk: Desk) -> None:
    async with desk.client() as client:
        stream = client.agents.stream(desk.agent_uuid, input="Tell me.")
        events = await followed(stream)
        check(events)
        assert stream.run_uuid == events[0].data["run_uuid"]
        later = await followed(client.runs.events(events[0].data["run_uuid"], after=3))
        assert later == events[3:]


async def test_the_waiting_client_streams_text(desk: Desk) -> None:
    def work(client: Athena) -> str:
        with client.agents.stream(desk.agent_uuid, input="Tell me.") as stream:
            return "".join(stream.text())

    assert len(str(await desk.wait(work)).split()) == 20


@pytest.mark.parametrize("cuts", [[0], [120], [900, 700, 1000], [1500, 0, 0, 900]])
async def test_a_cut_stream_goes_on_where_it_broke(desk: Desk, proxy: Proxy, cuts: list[int | None]) -> None:
    proxy.cut_after = [*cuts]
    async with desk.client(proxy.url) as client:
        check(await followed(client.agents.stream(desk.agent_uuid, input="Tell me.")))
        assert not proxy.cut_after
        assert len([each async for each in client.runs.list()]) == 1


async def test_the_waiting_client_resumes_too(desk: Desk, proxy: Proxy) -> None:
    proxy.cut_after = [1000, 900]
    check(await desk.wait(lambda client: list(client.agents.stream(desk.agent_uuid, input="Tell me.")), proxy.url))  # type: ignore[arg-type]


async def test_a_stream_that_never_holds_is_given_up(desk: Desk, proxy: Proxy) -> None:
    async with desk.client() as client:
        run = await client.agents.run(desk.agent_uuid, input="Tell me.")
    proxy.cut_after = [300] * 40
    async with desk.client(proxy.url) as client:
        with pytest.raises(ConnectionFailed):
            await followed(client.runs.events(run["uuid"], after=10_000))


async def test_a_repeated_post_is_done_once(desk: Desk, proxy: Proxy) -> None:
    proxy.cut_after = [0, 10]
    async with desk.client(proxy.url) as client:
        made = await client.threads.create(name="Once")
        assert [each["uuid"] async for each in client.threads.list()] == [made["uuid"]]
    keys = re.findall(rb"(?i)idempotency-key: (\S+)", b"".join(proxy.requests))
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_a_run_whose_answer_was_lost_is_the_same_run(desk: Desk, proxy: Proxy) -> None:
    proxy.cut_after = [20]
    async with desk.client(proxy.url) as client:
        run = await client.agents.run(desk.agent_uuid, input="Tell me.")
        assert [each["uuid"] async for each in client.runs.list()] == [run["uuid"]]


def answer(status: int, body: object = None, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, content=json.dumps(body or {}), headers=headers)


def test_what_passes_is_repeated_and_what_lasts_is_not() -> None:
    opened = options("http://a", "t", None, 5, 2)
    call = Call("POST", "/threads")
    assert call.after_answer(answer(201), opened) is None
    assert call.after_answer(answer(429, **{"retry-after": "3"}), opened) == 3
    assert (call.after_answer(answer(503), opened) or 0) > 0
    with pytest.raises(RateLimited):
        call.after_answer(answer(429), opened)
    with pytest.raises(RateLimited):
        Call("GET", "/threads").after_answer(answer(429, **{"retry-after": "3600"}), opened)
    assert Call("GET", "/threads").after_answer(httpx2.Response(502, content=b"<html>"), opened)
    failed = {"code": "provider_unavailable", "detail": "The provider failed."}
    with pytest.raises(ServerFailed, match="provider"):
        Call("GET", "/threads").after_answer(answer(502, failed, **PROBLEM), opened)


def test_what_takes_no_key_is_not_repeated() -> None:
    call = Call("POST", "/auth/sign-in")
    assert "Idempotency-Key" not in call.headers
    with pytest.raises(ServerFailed):
        call.after_answer(answer(503), options("http://a", None, None, 5, 2))


def test_a_call_that_is_worked_on_is_waited_for_as_long_as_it_may_take() -> None:
    opened = options("http://a", "t", None, 5, 0)
    flying = answer(409, {"code": "idempotency_in_flight"}, **{"retry-after": "1"})
    call = Call("POST", "/agents/1/run", timeout=60)
    assert [call.after_answer(flying, opened) for _ in range(10)] == [1.0] * 10
    call.begun -= 61
    with pytest.raises(AthenaError, match="idempotency_in_flight"):
        call.after_answer(flying, opened)


def test_a_late_answer_is_told_at_once() -> None:
    with pytest.raises(TimedOut):
        Call("GET", "/user").after_break(httpx2.ReadTimeout("late"), options("http://a", "t", None, 5, 5))


words = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(words, max_size=6), st.lists(st.integers(1, 40), min_size=1), st.sampled_from([b"\n", b"\r\n"]))
def test_a_stream_may_be_cut_into_any_chunks(texts: list[str], sizes: list[int], end: bytes) -> None:
    expected = [Event(number, "message.delta", {"delta": text}) for number, text in enumerate(texts, 1)]
    parts = [b": keep-alive" + end * 2]
    for event in expected:
        data = json.dumps(event.data, ensure_ascii=False).encode()
        parts.append(b"id: %d%sevent: %s%sdata: %s%s" % (event.id, end, event.type.encode(), end, data, end * 2))
    stream = b"".join(parts)
    decoder, found, at = EventDecoder(), list[Event](), 0
    while at < len(stream):
        size = sizes[at % len(sizes)]
        found += decoder.feed(stream[at : at + size])
        at += size
    assert found == expected


@pytest.mark.parametrize("stream", [b"data: {}\n\n", b"id: x\nevent: a\ndata: {}\n\n", b"id: 1\nevent: a\ndata: {\n\n"])
def test_what_is_no_event_is_an_error(stream: bytes) -> None:
    with pytest.raises(AthenaError):
        EventDecoder().feed(stream)


def test_an_event_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("athena_client.events.MAX_EVENT_BYTES", 1000)
    decoder = EventDecoder()
    decoder.feed(b"data: " + b"x" * 900)
    with pytest.raises(AthenaError, match="longer"):
        decoder.feed(b"x" * 200)
