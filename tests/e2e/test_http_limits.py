"""What a server on the open net meets: slow, oversized, nested, pipelined and nonsensical requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import resource
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.conftest import MakeAthena
from tests.e2e.program import Athena

BODY_SECONDS = 2
BODY_BYTES = 64 * 1024
HEAD_SECONDS = 15
IDLE = 1200
SLOW = 60


@pytest.fixture(scope="module")
async def athena(make_shared: MakeAthena) -> Athena:
    """A server with small limits."""
    started = make_shared(
        "limits",
        ATHENA_BODY_TIMEOUT_SECONDS=str(BODY_SECONDS),
        ATHENA_MAX_BODY_BYTES=str(BODY_BYTES),
        ATHENA_MAX_UPLOAD_BYTES=str(2 * BODY_BYTES),
    )
    await started.start()
    started.sign_in_as_first_owner()
    return started


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json", self
        body = json.loads(self.body)
        assert body["status"] == self.status
        assert body["request_id"] == self.headers["x-request-id"]
        return body


class Wire:
    """A connection without any manners."""

    def __init__(self, athena: Athena, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.athena = athena
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, athena: Athena) -> Wire:
        return cls(athena, *await asyncio.open_connection("127.0.0.1", athena.port))

    def head(self, line: str, *headers: str, signed_in: bool = True) -> bytes:
        own = [f"Authorization: {self.athena.client.headers['Authorization']}"] if signed_in else []
        return "\r\n".join((f"{line} HTTP/1.1", "Host: 127.0.0.1", *own, *headers, "", "")).encode()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, bodiless: bool = False, seconds: float = 20.0) -> Answer | None:
        """The next answer; ``None`` when the server hangs up instead."""
        async with asyncio.timeout(seconds):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            first, *lines = head.decode("latin-1").rstrip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = 0 if bodiless else int(headers.get("content-length", 0))
            return Answer(int(first.split()[1]), headers, await self.reader.readexactly(length))

    async def close(self) -> None:
        self.writer.close()


@pytest.fixture
async def wire(athena: Athena) -> AsyncIterator[Wire]:
    opened = await Wire.open(athena)
    yield opened
    await opened.close()


async def test_a_slow_head_is_cut_off(wire: Wire) -> None:
    begun = time.monotonic()
    await wire.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    async with asyncio.timeout(HEAD_SECONDS + 10):
        while not wire.reader.at_eof() and time.monotonic() - begun < HEAD_SECONDS + 8:
            try:
                await wire.send(b"a")
                async with asyncio.timeout(0.5):
                    if not await wire.reader.read(1024):
                        break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("the server waits for ever")
    assert time.monotonic() - begun < HEAD_SECONDS + 5


async def test_a_slow_body_is_answered_with_408(wire: Wire) -> None:
    begun = time.monotonic()
    await wire.send(wire.head("POST /api/v1/threads", "Content-Type: application/json", "Content-Length: 1000"))

    async def drip() -> None:
        while True:
            await wire.send(b" ")
            await asyncio.sleep(0.2)

    dripping = asyncio.create_task(drip())
    answer = await wire.answer()
    dripping.cancel()
    assert answer is not None
    assert answer.status == 408
    assert answer.problem()["code"] == "request_timeout"
    assert BODY_SECONDS <= time.monotonic() - begun < BODY_SECONDS + 3


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize("path", ["/api/v1/threads", "/api/v1/media"])
async def test_a_body_that_is_too_large_is_refused(wire: Wire, path: str, declared: bool) -> None:
    size = BODY_BYTES * (3 if path.endswith("media") else 2)
    kind = "multipart/form-data; boundary=b" if path.endswith("media") else "application/json"
    length = f"Content-Length: {size}" if declared else "Transfer-Encoding: chunked"
    await wire.send(wire.head(f"POST {path}", f"Content-Type: {kind}", length))
    if declared:
        await wire.send(b"a" * size)
    else:
        begin = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        sent = begin if path.endswith("media") else b'{"name": "'
        await wire.send(b"%x\r\n%s\r\n" % (len(sent), sent))
        for _ in range(size // 4096):
            await wire.send(b"%x\r\n%s\r\n" % (4096, b"a" * 4096))
        await wire.send(b"0\r\n\r\n")
    answer = await wire.answer()
    assert answer is not None
    assert answer.status == 413
    assert answer.problem()["code"] == "too_large"


async def test_an_absurd_length_is_refused_without_waiting(wire: Wire) -> None:
    begun = time.monotonic()
    await wire.send(wire.head("POST /api/v1/threads", "Content-Type: application/json", "Content-Length: 1000000000"))
    answer = await wire.answer()
    assert answer is not None
    assert answer.status == 413
    assert time.monotonic() - begun < BODY_SECONDS + 2


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for more connections than the usual limit of a process."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def drip(athena: Athena, head: bytes, ended: asyncio.Event) -> None:
    """Sends a request byte by byte, and begins another one when the server has had enough of it."""
    while not ended.is_set():
        wire = await Wire.open(athena)
        with contextlib.suppress(ConnectionError):
            await wire.send(head)
            while not ended.is_set() and not wire.reader.at_eof():
                await wire.send(b"a")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        if await wire.reader.read(4096):
                            break
        await wire.close()


async def test_slow_and_idle_connections_leave_room_for_others(athena: Athena, many_files: None) -> None:
    idle: list[Wire] = []
    while len(idle) < IDLE:
        idle += await asyncio.gather(*(Wire.open(athena) for _ in range(200)))
    ended = asyncio.Event()
    slow_head = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: "
    slow_body = idle[0].head("POST /api/v1/threads", "Content-Type: application/json", "Content-Length: 1000")
    slow = [asyncio.create_task(drip(athena, head, ended)) for head in (slow_head, slow_body) for _ in range(SLOW)]
    # Not the rush of their opening is measured, but what it is like while they are there.
    await asyncio.sleep(2)
    took: list[float] = []

    async def call() -> None:
        for number in range(100):
            begun = time.monotonic()
            method, body = ("POST", {"name": "Amid"}) if number % 4 == 0 else ("GET", None)
            answer = await athena.client.request(method, "/api/v1/threads", json=body)
            assert answer.status_code in {200, 201}
            took.append(time.monotonic() - begun)
            await asyncio.sleep(0.02)

    await asyncio.gather(*(call() for _ in range(5)))
    still_open = sum(not wire.reader.at_eof() for wire in idle)
    ended.set()
    await asyncio.gather(*slow)
    for wire in idle:
        await wire.close()
    assert still_open > IDLE * 0.9, "they were there all the time"
    assert sum(seconds < 1 for seconds in took) >= 0.99 * len(took), sorted(took)[-5:]


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"metadata":{"x":', '{"name":"n","metadata":['])
async def test_deep_nesting_is_malformed(athena: Athena, opening: str) -> None:
    depth = BODY_BYTES // len(opening) - 1
    answer = await athena.client.post(
        "/api/v1/threads", content=opening * depth, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_request"
    assert len(answer.content) < 2000


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"nonsense", 400),
        (b"\xff\xfe", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"name": "a\\u0000b"}', 422),
        (b'{"name": 1e999}', 400),
        (b'{"name": "x", "unknown": 1}', 422),
        (b'{"name": ["x"]}', 422),
        (b'{"name": "x", "metadata": {"temperature": "1"}}', 422),
        (b'{"name": "x", "agent_uuid": "nonsense"}', 422),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
    ],
)
async def test_a_bad_body_is_told_and_leaves_nothing(athena: Athena, content: bytes, status: int) -> None:
    before = (await athena.client.get("/api/v1/threads")).json()["meta"]["total"]
    answer = await athena.client.post("/api/v1/threads", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await athena.client.get("/api/v1/threads")).json()["meta"]["total"] == before


async def test_another_content_type_is_told(athena: Athena) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense", ""):
        answer = await athena.client.post("/api/v1/threads", content=b'{"name": "x"}', headers={"Content-Type": kind})
        assert answer.status_code == 415, (kind, answer.text)
        assert answer.json()["code"] == "unsupported_media_type"


async def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    names = [f"pipelined-{number}" for number in range(20)]
    body = b'{"name": "Pipelined"}'
    post = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    requests = [
        wire.head("POST /api/v1/threads", f"X-Request-ID: {name}", *post) + body
        if number % 3 == 0
        else wire.head("GET /api/v1/threads", f"X-Request-ID: {name}")
        for number, name in enumerate(names)
    ]
    await wire.send(b"".join(requests))
    answers = [await wire.answer() for _ in names]
    assert [each and each.headers["x-request-id"] for each in answers] == names
    assert [each and each.status for each in answers] == [201 if number % 3 == 0 else 200 for number in range(20)]


@pytest.mark.parametrize("method", ["OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY", "NONSENSE"])
@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/api/v1/threads", "GET, HEAD, POST"),
        ("/api/v1/threads/01980000-0000-7000-8000-000000000000", "DELETE, GET, HEAD, PUT"),
    ],
)
async def test_a_method_that_is_not_taken(athena: Athena, wire: Wire, method: str, path: str, allow: str) -> None:
    if method == "CONNECT":
        await wire.send(wire.head(f"CONNECT {path}"))
        answer = await wire.answer()
        assert answer is None or 400 <= answer.status < 500
        return
    answer = await athena.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allow
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/threads/",
        "/api/v1/threads/../users",
        "/api/v1//threads",
        "/api/v1/%00",
        "/api/v1/%ff%fe",
        "/docs/assets/..%2f..%2fapp.py",
        "/docs/assets/%2e%2e%2fapp.py",
        "/" + "a" * 4000,
    ],
)
async def test_an_unknown_path(athena: Athena, wire: Wire, path: str) -> None:
    # Written by hand, because a client would tidy it up.
    await wire.send(wire.head(f"GET {path}"))
    answer = await wire.answer()
    assert answer is not None
    assert answer.status == 404
    problem = answer.problem()
    assert problem["code"] == "route_not_found"


@pytest.mark.parametrize("target", ["nonsense", "GET", "/a b", "/\x01", "http://elsewhere.example/api/v1/threads"])
async def test_a_nonsensical_request_line_does_no_harm(athena: Athena, wire: Wire, target: str) -> None:
    await wire.send(wire.head(f"GET {target}"))
    answer = await wire.answer()
    assert answer is None or answer.status < 500
    assert await athena.is_ready()


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -1",),
        ("Content-Length: nonsense",),
        ("Content-Length: 99999999999999999999999999",),
        ("Transfer-Encoding: nonsense",),
        ("X" * 20_000 + ": x",),
        ("X: " + "x" * 2_000_000,),
        *((tuple(f"X-{number}: x" for number in range(1000)),)),
    ],
    ids=["both", "two", "negative", "text", "huge", "coding", "name", "value", "many"],
)
async def test_a_nonsensical_head_does_no_harm(athena: Athena, wire: Wire, headers: tuple[str, ...]) -> None:
    try:
        await wire.send(wire.head("POST /api/v1/threads", "Content-Type: application/json", *headers) + b"0\r\n\r\n")
        answer = await wire.answer()
    except ConnectionError:
        answer = None
    assert answer is None or 400 <= answer.status < 500
    assert await athena.is_ready()


async def test_a_request_id_is_taken_over(athena: Athena) -> None:
    for given in ("abc-123", "a" * 128, "A.b_c:d/e+f=g@h"):
        answer = await athena.client.get("/api/v1/threads", headers={"X-Request-ID": given})
        assert answer.headers["x-request-id"] == given


async def test_a_request_id_that_is_none_is_made(athena: Athena) -> None:
    made: set[str] = set()
    for given in ("", "a b", "a" * 129, "<script>", "é", 'a"b', "a;b", "a\tb"):
        answer = await athena.client.get("/nothing", headers=[(b"X-Request-ID", given.encode("latin-1"))])
        made.add(answer.headers["x-request-id"])
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"]), given
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert len(made) == 8


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/health/ready", "/api/v1/threads", "/nothing"])
async def test_security_headers_are_everywhere(athena: Athena, path: str) -> None:
    answer = await athena.client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers or "/" not in answer.headers["server"]
    if path.startswith("/api"):
        assert answer.headers["cache-control"] == "no-store"


async def test_other_sites_get_nothing(athena: Athena) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "GET", "POST"):
        answer = await athena.client.request(method, "/api/v1/threads", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
