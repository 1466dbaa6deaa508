"""Bodies that are no bodies: always a problem document, and nothing half-written."""

from __future__ import annotations

import pytest

from tests.conftest import Tenant

PATHS = {
    "threads": "/api/v1/threads",
    "agents": "/api/v1/agents",
    "messages": "/api/v1/messages",
    "thread": "/api/v1/threads/{thread}",
    "run": "/api/v1/threads/{thread}/run",
    "name": "/api/v1/threads/{thread}/generate-name",
}
DEEP = b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BODIES = {
    "cut off": (b'{"name": "a"', 400),
    "no json": (b"name=a", 400),
    "nan": (b'{"metadata": {"temperature": NaN}}', 400),
    "infinity": (b'{"metadata": {"temperature": Infinity}}', 400),
    "infinite number": (b'{"metadata": {"temperature": 1e999}}', 400),
    "lone surrogate": (rb'{"name": "a\ud800"}', 400),
    "lone surrogate in a key": (rb'{"metadata": {"\udc00": "x"}}', 400),
    "not utf-8": (b'{"name": "\xff"}', 400),
    "raw nul": (b'{"name": "a\x00b"}', 400),
    "byte order mark": (b'\xef\xbb\xbf{"name": "a"}', 400),
    "100,000 deep": (DEEP, 400),
    "nul": (rb'{"name": "a\u0000b"}', 422),
    "nul in a key": (rb'{"metadata": {"a\u0000b": "x"}}', 422),
    "unknown field": (b'{"colour": "red"}', 422),
    "list": (b"[]", 422),
    "text": (b'"name"', 422),
    "number": (b"1", 422),
    "huge number": (b'{"metadata": {"max_tokens": 1' + b"0" * 400 + b"}}", 400),
    "too large": (b'{"name": "' + b"a" * (2 * 1024 * 1024) + b'"}', 413),
}


@pytest.mark.parametrize("what", PATHS)
async def test_a_body_that_is_none_is_a_problem(owner: Tenant, what: str) -> None:
    thread = (await owner.post("/api/v1/threads", {"name": "Before"})).json()["data"]
    path = PATHS[what].format(thread=thread["uuid"])
    method = "PUT" if what == "thread" else "POST"
    for name, (body, status) in BODIES.items():
        answer = await owner.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, (name, answer.text[:300])
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert {"type", "title", "detail", "instance", "message", "code", "request_id"} <= problem.keys()
        assert ("errors" in problem) == (status == 422), name
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = await owner.request(method, path, content=b"{}", headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type"), content_type
    if what != "name":
        for body in (b"", b"null"):
            answer = await owner.request(method, path, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == 422, body
    assert (await owner.get("/api/v1/threads")).json()["data"] == [thread]
    for empty in ("agents", "messages", "runs"):
        assert (await owner.get(f"/api/v1/{empty}")).json()["data"] == []


async def test_metadata_of_a_message_is_not_nested_without_end(owner: Tenant) -> None:
    thread = (await owner.post("/api/v1/threads", {})).json()["data"]["uuid"]
    for depth, status in ((1, 201), (15, 201), (17, 422), (200, 422), (900, 422)):
        nested = "[" * depth + "]" * depth
        body = f'{{"thread_uuid": "{thread}", "content": "a", "metadata": {{"deep": {nested}}}}}'
        head = {"Content-Type": "application/json"}
        answer = await owner.request("POST", "/api/v1/messages", content=body, headers=head)
        assert answer.status_code == status, (depth, answer.text[:200])
    shown = await owner.get(f"/api/v1/threads/{thread}?with=messages")
    assert len(shown.json()["data"]["messages"]) == 2
