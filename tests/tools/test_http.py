"""Tools of one HTTP request: arguments in their places, credentials where they belong, and failures told."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from athena.kit.db import Database
from athena.kit.egress import Egress
from tests.conftest import Tenant, free_port
from tests.node_types.server import Server, answer, echo, hang_up
from tests.tools.conftest import PATH, call, make

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "tags": {"type": "array"}},
    "required": ["city"],
}
SECRET = "canary+secret/0123456789"


async def weather(tenant: Tenant, url: str, **fields: Any) -> dict[str, Any]:
    """A tool that asks ``url``; ``config`` and ``account_uuid`` may be among the fields."""
    config = {"url": url, **fields.pop("config", {})}
    return await make(tenant, "http", name="Weather", parameters=PARAMETERS, config=config, **fields)


async def account(tenant: Tenant, base_url: str, secret: str = SECRET) -> str:
    """One whose key is sent in the header X-Key, to the server of ``base_url``."""
    config = {"type": "api_key", "in": "header", "name": "X-Key"}
    body = {"name": "Weather", "slug": "weather", "kind": "http", "base_url": base_url, "authentication_config": config}
    provider = (await tenant.post("/api/v1/providers", body)).json()["data"]["uuid"]
    body = {"name": "Key", "provider_uuid": provider, "credentials": {"api_key": secret}}
    return (await tenant.post("/api/v1/accounts", body)).json()["data"]["uuid"]


async def test_arguments_go_where_they_belong_and_the_others_along(owner: Tenant, server: Server) -> None:
    tool = await weather(owner, f"{server.url}/v1/{{city}}/weather?units=metric")
    assert tool["functions"][0]["repeatable"]
    result = await call(owner, tool, city="São Paulo/x?", days=3, tags=["a", "b&c"])
    assert result["data"] == {"ok": True}
    [asked] = server.asked
    assert asked.method == "GET"
    assert urlsplit(asked.path).path == "/v1/S%C3%A3o%20Paulo%2Fx%3F/weather"
    assert parse_qs(urlsplit(asked.path).query) == {"units": ["metric"], "days": ["3"], "tags": ["a", "b&c"]}
    assert asked.body == b""


async def test_a_post_sends_the_others_as_json(owner: Tenant, server: Server) -> None:
    config = {"method": "POST", "headers": {"X-Days": "{{ arguments.days }}"}, "idempotency_header": "Idempotency-Key"}
    tool = await weather(owner, f"{server.url}/{{city}}", config=config)
    await call(owner, tool, city="Lisbon", days=3, tags=[1])
    await call(owner, tool, city="Lisbon")
    first, second = server.asked
    assert (first.json, first.headers["content-type"]) == ({"tags": [1]}, "application/json")
    assert first.headers["x-days"] == "3"
    assert first.headers["idempotency-key"].startswith("call-")
    assert second.body == b""
    assert tool["functions"][0]["repeatable"]


async def test_a_body_is_built_from_expressions(owner: Tenant, server: Server) -> None:
    body = {"q": "{{ arguments.city }}", "n": "{{ default(arguments.days, 1) }}", "all": "{{ arguments.tags }}"}
    for body_type, expected in (
        ("json", b'{"n":1,"q":"Oslo","all":["x","y"]}'),
        ("form", b"n=1&q=Oslo&all=x&all=y"),
        ("text", b'{"n":1,"q":"Oslo","all":["x","y"]}'),
    ):
        config = {"method": "PUT", "body": body, "body_type": body_type}
        tool = await weather(owner, server.url, config=config)
        await call(owner, tool, city="Oslo", tags=["x", "y"])
        assert server.asked[-1].body == expected


async def test_variables_and_secrets_go_along_and_are_never_shown(owner: Tenant, server: Server) -> None:
    await owner.post("/api/v1/variables", {"name": "BASE", "value": server.url})
    await owner.post("/api/v1/variables", {"name": "KEY", "kind": "secret", "value": SECRET})
    config = {"headers": {"Authorization": "Bearer {{ secrets.KEY }}"}}
    tool = await weather(owner, "{{ variables.BASE }}/{city}", config=config)
    server.answers = [echo, answer({"key": SECRET}, status=400)]
    result = await call(owner, tool, city="Rome")
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert result["data"]["headers"]["Authorization"] == "Bearer [secret KEY]"
    failed = await call(owner, tool, city="Rome")
    assert failed["error"]["code"] == "http_status"
    assert "[secret KEY]" in failed["content"]
    assert SECRET not in str(failed)


async def test_an_account_s_credentials_go_to_its_own_server_alone(owner: Tenant, server: Server) -> None:
    own = await account(owner, server.url)
    tool = await weather(owner, f"{server.url}/{{city}}", account_uuid=own)
    server.answers = [echo]
    result = await call(owner, tool, city="Rome")
    assert server.asked[0].headers["x-key"] == SECRET
    assert SECRET not in str(result)
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    await owner.put(f"{PATH}/{tool['uuid']}", {"config": {"url": f"{elsewhere}/{{city}}"}})
    refused = await call(owner, tool, city="Rome")
    assert refused["error"]["code"] == "wrong_server"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"url": "https://api.example.com/{country}"}, "config.url"),
        ({"url": "https://{city}.example.com/"}, "config.url"),
        ({"url": "https://api.example.com{city}"}, "config.url"),
        ({"url": "https://{{ arguments.city }}/x"}, "config.url"),
        ({"url": "https://api.example.com:{{ arguments.days }}/x"}, "config.url"),
        ({"url": "https://api.example.com/{{ arguments. }}"}, "config.url"),
        ({"url": "https://api.example.com/{{ {'a': {'b': {}}} }}"}, "config.url"),
        ({"url": "ftp://api.example.com/"}, "config.url"),
        ({"url": "https://a.example/", "headers": {"Host": "b.example"}}, "config.headers"),
        ({"url": "https://a.example/", "headers": {"X-A": "{{ nodes.a }}"}}, "config.headers.X-A"),
        ({"url": "https://a.example/", "body": {"a": ["{{ 1 + }}"]}}, "config.body.a.0"),
        ({"url": "https://a.example/", "method": "TRACE"}, "config.method"),
    ],
)
async def test_what_cannot_be_sent_is_refused_when_it_is_saved(
    owner: Tenant, config: dict[str, Any], path: str
) -> None:
    answered = await owner.post(PATH, {"name": "W", "type": "http", "config": config, "parameters": PARAMETERS})
    assert answered.status_code == 422, answered.text
    assert list(answered.json()["errors"]) == [path]


async def test_no_argument_leads_to_another_server_or_another_path(owner: Tenant, server: Server) -> None:
    await owner.post("/api/v1/variables", {"name": "BASE", "value": server.url})
    joined = await weather(owner, "{{ variables.BASE }}{{ arguments.city }}")
    result = await call(owner, joined, city="@attacker.example/")
    assert result["error"]["code"] == "wrong_server"
    tool = await weather(owner, f"{server.url}/cities/{{city}}/weather")
    for city in ("..", "."):
        assert (await call(owner, tool, city=city))["error"]["code"] == "invalid_arguments"
    assert not server.asked
    await call(owner, tool, city="../admin")
    assert server.asked[0].path == "/cities/..%2Fadmin/weather"


async def test_reading_is_tried_again_and_writing_is_not(owner: Tenant, server: Server) -> None:
    server.answers = [answer(status=503, Retry_After="0"), hang_up]
    assert (await call(owner, await weather(owner, server.url), city="Rome"))["data"] == {"ok": True}
    assert len(server.asked) == 3
    server.answers = [hang_up]
    result = await call(owner, await weather(owner, server.url, config={"method": "POST"}), city="Rome")
    assert result["error"]["code"] == "connection_failed"
    assert "not known whether it took effect" in result["content"]
    assert len(server.asked) == 4


async def test_what_the_server_says_of_a_failure_is_told(owner: Tenant, server: Server) -> None:
    server.answers = [answer({"message": "No such city."}, status=404)]
    result = await call(owner, await weather(owner, server.url), city="Atlantis")
    assert result["error"]["code"] == "http_status"
    assert "status 404" in result["content"]
    assert "No such city." in result["content"]


async def test_a_server_that_is_not_there_is_told(owner: Tenant) -> None:
    tool = await weather(owner, f"http://127.0.0.1:{free_port()}", config={"method": "POST"})
    assert (await call(owner, tool, city="Rome"))["error"]["code"] == "connection_failed"


async def test_answers_are_read_by_their_type_and_limited(owner: Tenant, server: Server) -> None:
    tool = await weather(owner, server.url, config={"max_bytes": 1000})
    server.answers = [
        answer(b"a;b", content_type="text/csv"),
        answer(b"", status=204),
        answer(b"\x00\x01", content_type="image/png"),
        answer(b"{broken", content_type="application/json"),
        answer(b"x" * 1001, content_type="text/plain"),
    ]
    results = [await call(owner, tool, city="Rome") for _ in range(5)]
    assert [each["content"] for each in results[:4]] == [
        "a;b",
        "Status 204, without content.",
        "Status 200, with 2 bytes of image/png.",
        "{broken",
    ]
    assert results[0]["details"] == {"status": 200, "bytes": 3, "mime_type": "text/csv"}
    assert results[4]["error"]["code"] == "response_too_large"


async def test_no_private_address_is_reached(
    owner: Tenant, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = Egress(())
    monkeypatch.setitem(database._provided, Egress, strict)
    for url in ("http://127.0.0.1:9/", "http://169.254.169.254/latest", "http://[::1]/"):
        assert (await call(owner, await weather(owner, url), city="Rome"))["error"]["code"] == "address_refused"
    await strict.close()
