"""What all answers have in common: versions, HEAD, security headers, and who may read them from another site."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from athena.kit.http import Envelope
from tests.conftest import Tenant
from tests.providers.conftest import built_in

__all__ = ["built_in"]
THREADS = "/api/v1/threads"


async def a_thread(owner: Tenant) -> tuple[str, str]:
    answer = await owner.post(THREADS, {"name": "One"})
    return answer.headers["location"], answer.headers["etag"]


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("{tag}", True),
        ("W/{tag}", True),
        ('"0", {tag}', True),
        ('"0" , W/{tag},"x"', True),
        ("*", True),
        ('"0"', False),
        ("1", False),
        ('"1', False),
        ('"0", "2"', False),
        ("", False),
    ],
)
async def test_what_is_known_already_is_not_sent_again(owner: Tenant, value: str, known: bool) -> None:
    path, tag = await a_thread(owner)
    answer = await owner.get(path, headers={"If-None-Match": value.format(tag=tag)})
    assert answer.status_code == (304 if known else 200)
    if known:
        assert answer.content == b""
        assert answer.headers["etag"] == tag
        assert "ratelimit" in answer.headers
    else:
        assert answer.json()["data"]["name"] == "One"


async def test_a_changed_resource_and_a_list_are_sent(owner: Tenant) -> None:
    path, tag = await a_thread(owner)
    await owner.put(path, {"name": "Two"})
    assert (await owner.get(path, headers={"If-None-Match": tag})).json()["data"]["name"] == "Two"
    assert (await owner.get(THREADS, headers={"If-None-Match": "*"})).status_code == 200
    assert (await owner.get(f"{THREADS}/{uuid4()}", headers={"If-None-Match": "*"})).status_code == 404


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("{tag}", 200),
        ("*", 200),
        ('"0", {tag}', 200),
        ('"abc",{tag} , "0"', 200),
        ("W/{tag}", 412),
        ('W/{tag}, "0"', 412),
        ('"0"', 412),
        ('"abc"', 412),
        ("nonsense", 412),
        ('"' + "9" * 30 + '"', 412),
    ],
)
async def test_a_change_can_depend_on_the_version(owner: Tenant, value: str, status: int) -> None:
    path, tag = await a_thread(owner)
    for method, changed in (("PUT", {"name": "Two"}), ("DELETE", None)):
        given = value.format(tag=tag)
        answer = await owner.request(method, path, headers={"If-Match": given}, json=changed)
        assert answer.status_code == (204 if status == 200 and method == "DELETE" else status), answer.text
        tag = answer.headers.get("etag", tag)


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/errors", "/openapi.json", "/health/live", THREADS, "/nothing"])
async def test_head_is_get_without_its_body(owner: Tenant, path: str) -> None:
    shown, head = await owner.get(path), await owner.request("HEAD", path)
    assert head.status_code == shown.status_code
    assert head.content == b""
    varying = {"x-request-id", "ratelimit", "content-length"}
    assert {k: v for k, v in head.headers.items() if k not in varying} == {
        k: v for k, v in shown.headers.items() if k not in varying
    }
    assert path == "/nothing" or head.headers["content-length"] == shown.headers["content-length"]


async def test_head_on_the_real_server(owner: Tenant, server_url: str) -> None:
    path, tag = await a_thread(owner)
    async with httpx2.AsyncClient(base_url=server_url, headers=owner.headers, timeout=10) as client:
        head = await client.head(path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
        assert int(head.headers["content-length"]) == len((await client.get(path)).content)
        assert (await client.head(path, headers={"If-None-Match": tag})).status_code == 304
        only_post = await client.head("/api/v1/auth/sign-in")
        assert (only_post.status_code, only_post.headers["allow"]) == (405, "POST")
        assert (await client.request("PATCH", path)).headers["allow"] == "DELETE, GET, HEAD, PUT"


def envelope(app: Any, **options: Any) -> Envelope:
    return Envelope(app._app, max_body_bytes=1024, body_timeout=5, **options)


def calling(app: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://athena.test")


PATHS = ["/", "/docs", "/docs/assets/start.js", "/openapi.json", "/health/ready", THREADS, "/nothing"]


async def test_security_headers_are_on_every_answer(app: Any, owner: Tenant) -> None:
    async with calling(envelope(app, secure=True)) as client:
        answers = [await client.get(path, headers=owner.headers) for path in PATHS]
        answers.append(await client.get(THREADS))
        answers.append(await client.request("PATCH", THREADS))
        answers.append(await client.post(THREADS, content=b"x" * 2000, headers=owner.headers))
        answers.append(await client.request("OPTIONS", THREADS))
    assert {each.status_code for each in answers} >= {200, 401, 404, 405, 413}
    for each in answers:
        assert each.headers["strict-transport-security"] == "max-age=31536000", each.url
        assert each.headers["x-content-type-options"] == "nosniff"
        assert each.headers["x-frame-options"] == "DENY"
        assert each.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in each.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in each.headers["content-security-policy"]
        assert not [name for name in each.headers if name.startswith("access-control-")]


async def test_without_tls_nothing_is_said_of_it(app: Any) -> None:
    async with calling(envelope(app)) as client:
        assert "strict-transport-security" not in (await client.get("/docs")).headers


async def test_a_page_of_a_named_origin_may_call_with_a_token(app: Any, owner: Tenant) -> None:
    origin = "https://app.example.com"
    async with calling(envelope(app, origins=[origin])) as client:
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        preflight = await client.request("OPTIONS", f"{THREADS}/{uuid4()}", headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == origin
        assert "PUT" in preflight.headers["access-control-allow-methods"]
        assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
        for path in (THREADS, "/nothing"):
            answer = await client.get(path, headers={**owner.headers, "Origin": origin})
            assert answer.headers["access-control-allow-origin"] == origin
            assert "RateLimit" in answer.headers["access-control-expose-headers"]
            assert answer.headers["vary"] == "Origin"
            assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://app.example.com.evil.example", "http://app.example.com", "null", "*", "https://APP.example.com"]
)
async def test_other_origins_may_not(app: Any, origin: str) -> None:
    async with calling(envelope(app, origins=["https://app.example.com"])) as client:
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        for method in ("OPTIONS", "GET"):
            answer = await client.request(method, THREADS, headers=asked)
            assert answer.status_code in {401, 405}
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert answer.headers["vary"] == "Origin"
