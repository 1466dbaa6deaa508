"""Nobody is sent where no client registered to be, lets anybody in without knowing, or breaks anything."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.oauth.clients import Client, origin_of, problem
from tests.conftest import Tenant
from tests.oauth.conftest import RETURN_TO, SignedIn, exchange, refresh, register, returned, wish

JSON = {"content-type": "application/json"}
LINK = re.compile(r'<a href="([^"]+)"')
ELSEWHERE = [
    "https://evil.example/callback",
    "http://127.0.0.1:33418/other",
    "http://127.0.0.1:33418/callback?a=1",
    "http://127.0.0.1:33418/callback/",
    "http://127.0.0.1.evil.example:33418/callback",
    "http://127.0.0.1:33418@evil.example/callback",
    "http://localhost:33418/callback",
    "https://127.0.0.1:33418/callback",
    "http://127.0.0.1:33418/callback#x",
    "http://127.0.0.1:99999/callback",
    "//evil.example",
    "javascript:alert(1)",
    "",
]


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(
    owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient, address: str
) -> None:
    browser = await browse(owner)
    answer = await browser.open(wish(await register(client), redirect_uri=address))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    page = await browser.open(wish(await register(client)))
    answer = await browser.decide(page, redirect_uri=address)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://user:secret@example.com/",
        "https://example.com/#fragment",
        "https:///path",
        "https://example.com\\@evil.example/",
        "https://example.com/ b",
        "unknown://app/callback",
        "https://" + "a" * 600,
        "https://example.com;script-src/",
        "https://example.com,x/",
        "http://[::1].example.com/",
    ],
)
async def test_such_addresses_are_not_registered(client: httpx2.AsyncClient, uri: str) -> None:
    answer = await client.post("/oauth/register", json={"redirect_uris": [uri]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


def test_a_form_may_lead_where_the_user_returns_to() -> None:
    assert origin_of("https://example.com:8443/callback?a=1") == "https://example.com:8443"
    assert origin_of("cursor://app/callback") == "cursor:"
    # Policies know no such addresses: browsers would leave them out, and the user where they are.
    assert origin_of("http://[::1]:33418/callback") == "http:"


def test_on_the_users_machine_the_port_is_free() -> None:
    client = Client("A", ["http://127.0.0.1/callback", "https://example.com:8443/callback", "cursor://app/callback"])
    assert client.may_return_to("http://127.0.0.1:4711/callback")
    assert client.may_return_to("cursor://app/callback")
    assert not client.may_return_to("https://example.com/callback")
    assert not client.may_return_to("http://[::1]:4711/callback")


@given(st.text(max_size=60))
def test_no_text_is_an_address_by_accident(text: str) -> None:
    client = Client("A", [RETURN_TO])
    assert not client.may_return_to(f"{RETURN_TO}{text}") or not text
    assert problem(f"http://{text}.example/") is not None


async def test_a_wish_that_is_none_is_told_to_the_client(
    owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient
) -> None:
    browser, client_id = await browse(owner), await register(client)
    changes: list[tuple[dict[str, Any], str]] = [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"resource": "http://athena.test/mcp/x"}, "invalid_target"),
    ]
    for change, error in changes:
        back = returned(await browser.open(wish(client_id, **change)))
        assert (back["error"], back["state"], back["iss"]) == (error, "s 1", "http://athena.test")
    assert (await client.get(wish(client_id, response_type="token"))).status_code == 303  # a program waits there
    denied = returned(await browser.decide(await browser.open(wish(client_id)), "deny"))
    assert denied["error"] == "access_denied"
    assert "code" not in denied


async def test_no_address_of_ours_leads_by_itself_to_another_site(client: httpx2.AsyncClient) -> None:
    site = "https://evil.example/?a=1&b=2"
    client_id = await register(client, site)
    fields = dict(httpx2.URL(wish(client_id, redirect_uri=site, response_type="token")).params)
    for answer in (
        await client.get("/oauth/authorize", params=fields),
        await client.post("/oauth/authorize", data=fields),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers
        [target] = LINK.findall(answer.text)
        assert html.unescape(target).startswith(f"{site}&error=unsupported_response_type&")
        assert "<bdi>evil.example</bdi>" in answer.text


async def test_who_is_not_signed_in_is_not_asked(owner: Tenant, client: httpx2.AsyncClient) -> None:
    address = wish(await register(client))
    page = await client.get(address)
    assert page.status_code == 401
    assert "/sign-in?then=%2Foauth%2Fauthorize%3F" in page.text
    # A token is a program's, and a program cannot let in another.
    assert (await owner.get(address)).status_code == 401


async def test_a_form_of_another_site_decides_nothing(
    owner: Tenant, stranger: Tenant, browse: SignedIn, client: httpx2.AsyncClient
) -> None:
    browser, other = await browse(owner), await browse(stranger)
    page = await browser.open(wish(await register(client)))
    for csrf in ("", "x", other.csrf):
        assert (await browser.decide(page, csrf=csrf)).status_code == 401
    fields = {"csrf": browser.csrf, "decision": "allow"}
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        answer = await browser.http.post(wish(await register(client)), data=fields, headers=headers)
        assert answer.status_code in {400, 401}
        assert "location" not in answer.headers


async def test_what_a_client_calls_itself_is_text(owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient) -> None:
    # The last character has all that follows run backwards.
    name = "<script>alert(1)</script>\"'&\u202e"
    client_id = await register(client, name=name)
    page = await (await browse(owner)).open(wish(client_id, state='"><script>x</script>'))
    assert page.status_code == 200
    assert page.text.count(html.escape(name)) == page.text.count(f"<bdi>{html.escape(name)}</bdi>") > 0
    assert "<bdi>127.0.0.1:33418</bdi>" in page.text
    assert "<script>" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert policy.endswith("form-action 'self' http://127.0.0.1:33418")
    assert page.headers["x-frame-options"] == "DENY"


async def test_what_is_no_request_is_told_so(client: httpx2.AsyncClient) -> None:
    client_id = await register(client)
    for answer, error in (
        (await client.post("/oauth/token", data={"grant_type": "password"}), "unsupported_grant_type"),
        (await client.post("/oauth/token", json={}), "invalid_request"),
        (await exchange(client, client_id, "é\0" * 3), "invalid_request"),
        (await exchange(client, client_id, "x"), "invalid_grant"),
        (await refresh(client, client_id, "x"), "invalid_grant"),
        (await client.post("/oauth/register", json=[]), "invalid_client_metadata"),
        (await client.post("/oauth/register", json={}), "invalid_redirect_uri"),
        (await client.post("/oauth/register", content=b"{", headers=JSON), "invalid_request"),
        (
            await client.post("/oauth/register", json={"redirect_uris": [RETURN_TO], "client_name": "a\nb"}),
            "invalid_client_metadata",
        ),
    ):
        assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
        assert answer.headers["cache-control"] == "no-store"
    for unknown in (client_id[:-1], f"x{client_id}", "", "é"):
        assert (await client.get(wish(unknown))).status_code == 400
        # By this error clients know that they have to register anew.
        for answer in (await exchange(client, unknown, "x"), await refresh(client, unknown, "x")):
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
