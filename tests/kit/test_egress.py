"""Outgoing HTTP: which addresses it refuses, and how it stays within its limits."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiohttp import web

from athena.kit.egress import (
    Egress,
    EgressConnectionFailed,
    EgressError,
    EgressProtocolError,
    EgressRefused,
    EgressTimeout,
    EgressTooLarge,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[str]:
    """A server on a free port of the loopback; gives its URL."""
    runner = web.ServerRunner(web.Server(cast("Any", handler)), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_serving(
    handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncGenerator[str]:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def egress(*allow: str, **options: Any) -> AsyncGenerator[Egress]:
    made = Egress(allow, **options)
    try:
        yield made
    finally:
        await made.close()


async def get(client: Egress, url: str, *, seconds: float = 5, max_bytes: int = 100_000, **flags: bool) -> bytes:
    answer = await client.request(
        "GET",
        url,
        timeout=seconds,
        max_bytes=max_bytes,
        allow_redirects=flags.get("allow_redirects", False),
        trusted=flags.get("trusted", False),
    )
    return answer.body


async def read_stream(client: Egress, url: str, *, seconds: float = 5, max_bytes: int = 100_000) -> bytes:
    async with client.stream("GET", url, timeout=seconds, max_bytes=max_bytes) as stream:
        return b"".join([chunk async for chunk in stream])


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def test_the_refusal_says_how_to_allow_the_address() -> None:
    async with egress() as client:
        with pytest.raises(EgressRefused, match="ATHENA_EGRESS_ALLOW") as refused:
            await get(client, "http://10.0.0.1/secret?key=hidden")
    assert not refused.value.sent


async def test_an_allowed_or_trusted_address_is_reached() -> None:
    async with serving(hello) as url:
        async with egress("127.0.0.1") as client:
            assert await get(client, url) == b"hello"
        async with egress() as client:
            assert await get(client, url, trusted=True) == b"hello"
            with pytest.raises(EgressRefused):
                await get(client, url)


async def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_that_is_used() -> None:
    answers = [["10.9.9.9", "127.0.0.1"], ["10.9.9.9"]]
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    async with serving(hello) as url:
        port = url.rpartition(":")[2]
        async with egress("127.0.0.1", resolve=resolve) as client:
            # The private address beside the allowed one is left out, not merely tried later.
            assert await get(client, f"http://changing.example:{port}/") == b"hello"
        async with egress("127.0.0.1", resolve=resolve) as client:
            with pytest.raises(EgressRefused, match=r"changing\.example \(10\.9\.9\.9\)"):
                await get(client, f"http://changing.example:{port}/")
    assert asked == ["changing.example"] * 2


async def test_a_public_name_that_points_inside_is_refused() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["169.254.169.254"]

    async with egress(resolve=resolve) as client:
        with pytest.raises(EgressRefused):
            await get(client, "http://rebound.example/")


async def test_a_name_without_an_address_is_a_failed_connection() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError("unknown")

    async with egress(resolve=resolve) as client:
        with pytest.raises(EgressConnectionFailed, match="could not be resolved") as failed:
            await get(client, "http://unknown.example/path?key=hidden")
    assert not failed.value.sent


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd", "http://u:p@127.0.0.1/", "http://0/"],
)
async def test_a_redirect_to_where_one_may_not_go_is_refused(target: str) -> None:
    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": target})

    async with serving(redirect) as url, egress("127.0.0.1") as client:
        with pytest.raises(EgressRefused) as refused:
            await get(client, url, allow_redirects=True)
    assert refused.value.sent


async def test_trust_ends_at_a_redirect() -> None:
    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": "/again"})

    async with serving(redirect) as url, egress() as client:
        with pytest.raises(EgressRefused):
            await get(client, url, allow_redirects=True, trusted=True)


async def test_redirects_are_not_followed_unless_asked_for_and_not_for_ever() -> None:
    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": "/again"})

    async with serving(redirect) as url, egress("127.0.0.1") as client:
        assert (await client.request("GET", url, timeout=5, max_bytes=100)).status == 302
        with pytest.raises(EgressProtocolError, match="more than 5 times"):
            await get(client, url, allow_redirects=True)


async def test_credentials_do_not_follow_a_redirect_to_another_origin() -> None:
    seen: list[dict[str, str]] = []

    async def record(request: web.Request) -> web.Response:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(text=request.method)

    async with serving(record) as other:

        async def redirect(request: web.Request) -> web.Response:
            if request.path == "/same":
                return web.Response(status=307, headers={"location": f"{other}/x", "set-cookie": "a=b"})
            return web.Response(status=307, headers={"location": "/same"})

        headers = {"authorization": "Bearer secret", "x-api-key": "secret", "cookie": "c=d", "accept": "a/b"}
        async with serving(redirect) as url, egress("127.0.0.1") as client:
            answer = await client.request(
                "POST", url, headers=headers, body=b"{}", timeout=5, max_bytes=100, allow_redirects=True
            )
    assert answer.body == b"POST"
    assert seen[0]["accept"] == "a/b"
    assert not {"authorization", "x-api-key", "cookie"} & set(seen[0])


async def test_a_see_other_turns_a_post_into_a_get() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/":
            return web.Response(status=303, headers={"location": "/done"})
        return web.Response(text=f"{request.method} {await request.text()}")

    async with serving(handler) as url, egress("127.0.0.1") as client:
        answer = await client.request("POST", url, body=b"x", timeout=5, max_bytes=100, allow_redirects=True)
    assert answer.body == b"GET "
    assert answer.url.endswith("/done")


async def test_cookies_are_not_kept_and_proxies_not_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("cookie"))
        return web.Response(headers={"set-cookie": "session=1; path=/"})

    async with serving(handler) as url, egress("127.0.0.1") as client:
        await get(client, url)
        await get(client, url)
    assert seen == [None, None]


async def test_a_body_that_is_too_large_is_refused_with_and_without_its_length() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/length":
            return web.Response(body=b"x" * 1001)
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 100)
        return response

    async with serving(handler) as url, egress("127.0.0.1") as client:
        for path in ("/length", "/chunked"):
            with pytest.raises(EgressTooLarge):
                await get(client, url + path, max_bytes=1000)
        with pytest.raises(EgressTooLarge):
            await read_stream(client, f"{url}/chunked", max_bytes=1000)


async def test_a_compressed_bomb_is_measured_after_decompression() -> None:
    bomb = gzip.compress(bytes(50_000_000))

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"content-encoding": "gzip"})

    assert len(bomb) < 100_000
    async with serving(handler) as url, egress("127.0.0.1") as client:
        with pytest.raises(EgressTooLarge):
            await get(client, url, max_bytes=100_000)


async def test_a_body_that_is_not_what_its_encoding_says_is_a_protocol_error() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"not gzip at all", headers={"content-encoding": "gzip"})

    async with serving(handler) as url, egress("127.0.0.1") as client:
        with pytest.raises(EgressProtocolError):
            await get(client, url)


async def test_headers_that_come_slowly_meet_the_deadline() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with raw_serving(handler) as url, egress("127.0.0.1") as client:
        with pytest.raises(EgressTimeout):
            await get(client, url, seconds=0.3)


async def test_a_body_that_comes_slowly_meets_the_deadline_although_bytes_keep_coming() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(40):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    async with serving(handler) as url, egress("127.0.0.1") as client:
        started = asyncio.get_running_loop().time()
        with pytest.raises(EgressTimeout):
            await get(client, url, seconds=0.4)
        with pytest.raises(EgressTimeout):
            await read_stream(client, url, seconds=0.4)
        assert asyncio.get_running_loop().time() - started < 1.5


async def test_a_stream_that_falls_silent_meets_the_idle_timeout_but_a_slow_reader_does_not() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await asyncio.sleep(0.1)
        await response.write(b"second")
        await asyncio.sleep(5)
        return response

    async with (
        serving(handler) as url,
        egress("127.0.0.1") as client,
        client.stream("GET", url, timeout=5, idle_timeout=0.2) as stream,
    ):
        assert await stream.read() == b"first"
        await asyncio.sleep(0.5)
        assert await stream.read() == b"second"
        with pytest.raises(EgressTimeout, match="sent nothing"):
            await stream.read()


async def test_a_deadline_that_passes_while_the_reader_is_busy_does_not_cancel_its_task() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await asyncio.sleep(5)
        return response

    async with (
        serving(handler) as url,
        egress("127.0.0.1") as client,
        client.stream("GET", url, timeout=0.2) as stream,
    ):
        assert await stream.read() == b"first"
        await asyncio.sleep(0.4)
        with pytest.raises(EgressTimeout):
            await stream.read()


async def test_a_connection_that_breaks_is_told_apart_from_one_that_was_never_made() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello")

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with egress("127.0.0.1") as client:
        async with raw_serving(cut) as url:
            with pytest.raises(EgressConnectionFailed, match="in the middle") as broken:
                await get(client, url)
        with pytest.raises(EgressConnectionFailed, match="could not be reached") as unmade:
            await get(client, url)
        async with raw_serving(silent) as url:
            with pytest.raises(EgressConnectionFailed, match="before it answered") as unanswered:
                await client.request("POST", url, body=b"{}", timeout=5, max_bytes=100)
    assert [caught.value.sent for caught in (broken, unmade, unanswered)] == [True, False, True]


async def test_what_is_not_http_is_a_protocol_error() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.0\r\n\r\n")
        await writer.drain()

    async with raw_serving(handler) as url, egress("127.0.0.1") as client:
        with pytest.raises(EgressProtocolError):
            await get(client, url)


@pytest.mark.parametrize("value", ["a\r\nx-injected: 1", "a\nb"])
async def test_a_header_that_cannot_be_sent_is_a_protocol_error(value: str) -> None:
    async with serving(hello) as url, egress("127.0.0.1") as client:
        with pytest.raises(EgressProtocolError):
            await client.request("GET", url, headers={"authorization": value}, timeout=5, max_bytes=100)


async def test_a_connection_is_used_again() -> None:
    peers: set[object] = set()

    async def handler(request: web.Request) -> web.Response:
        peers.add(request.transport.get_extra_info("peername") if request.transport else None)
        return web.Response(text="hello")

    async with serving(handler) as url, egress("127.0.0.1") as client:
        for _ in range(3):
            await get(client, url)
            async with client.stream("GET", url, timeout=5) as stream:
                assert [chunk async for chunk in stream] == [b"hello"]
                await stream.drain()
    assert len(peers) == 1


async def test_no_error_shows_the_path_the_query_or_a_header() -> None:
    async with egress("127.0.0.1") as client:
        for url in ("http://127.0.0.1:1/private?key=hidden", "http://10.0.0.1/private?key=hidden"):
            with pytest.raises(EgressError) as caught:
                await client.request("GET", url, headers={"x": "hidden"}, timeout=2, max_bytes=10)
            assert "hidden" not in str(caught.value)
            assert "private?" not in str(caught.value)
