"""Sign In and Logout: tokens for passwords, the console's session, and what slows guessing down."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import statistics
import time
from datetime import timedelta
from typing import Any

import asyncpg
import httpx2
import pytest
from argon2 import PasswordHasher

from athena.auth.cookies import Cookies
from athena.auth.throttle import MAXIMUM_DELAY_SECONDS, delay_after
from athena.config import Environment, Settings
from athena.kit import clock
from athena.kit.db import Database
from tests.auth.conftest import PASSWORD, NewPerson, client_of

SIGN_IN = "/api/v1/auth/sign-in"
LOGOUT = "/api/v1/auth/logout"
USER = "/api/v1/user"


def basic(email: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()}


async def sign_in(client: httpx2.AsyncClient, email: str, password: str = PASSWORD, **more: Any) -> httpx2.Response:
    return await client.post(SIGN_IN, json={"email": email, "password": password, **more})


async def test_a_password_gives_a_token_that_works(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    email = await new_person()
    answer = await sign_in(browser, email.upper(), device_name="Laptop")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["token_type"] == "Bearer"
    assert data["user"]["email"] == email
    assert "csrf_token" not in data
    assert "set-cookie" not in answer.headers
    user = await browser.get(USER, headers={"Authorization": f"Bearer {data['token']}"})
    assert user.json()["data"]["uuid"] == data["user"]["uuid"]


async def test_the_token_is_stored_as_a_hash_alone(
    browser: httpx2.AsyncClient, new_person: NewPerson, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    token = (await sign_in(browser, await new_person())).json()["data"]["token"]
    digest = hashlib.sha256(token.encode()).digest()
    row = await superuser.fetchrow("SELECT * FROM tokens WHERE token_hash = $1", digest)
    assert row is not None
    assert token not in str(dict(row))


@pytest.mark.parametrize("password", ["wrong", "", PASSWORD + " ", "😀" * 60])
async def test_a_wrong_password_is_401_or_422(
    browser: httpx2.AsyncClient, new_person: NewPerson, password: str
) -> None:
    answer = await sign_in(browser, await new_person(), password)
    assert answer.status_code == (401 if password else 422)
    assert answer.json()["code"] in {"invalid_credentials", "validation_failed"}


async def test_an_unknown_address_is_told_in_the_same_words_and_time(
    browser: httpx2.AsyncClient, new_person: NewPerson, app: Any
) -> None:
    emails = [await new_person() for _ in range(6)]
    known, unknown = [], []
    bodies: set[str] = set()
    for email in emails:
        for address, times in ((email, known), (f"no-{email}", unknown)):
            begun = time.perf_counter()
            answer = await sign_in(browser, address, "wrong password")
            times.append(time.perf_counter() - begun)
            bodies.add(answer.json()["detail"])
    assert len(bodies) == 1
    assert statistics.median(unknown) > statistics.median(known) / 2


async def test_a_user_without_a_password_cannot_sign_in(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    email = await new_person(password=None)
    assert (await sign_in(browser, email, "whatever it is")).status_code == 401


async def test_basic_credentials_work_on_user_and_sign_in_alone(
    browser: httpx2.AsyncClient, new_person: NewPerson
) -> None:
    email = await new_person()
    assert (await browser.get(USER, headers=basic(email, PASSWORD))).json()["data"]["email"] == email
    assert (await browser.post(SIGN_IN, headers=basic(email, PASSWORD))).status_code == 200
    assert (await browser.get(USER, headers=basic(email, "wrong"))).status_code == 401
    assert (await browser.post(SIGN_IN, headers=basic(email, "wrong"))).status_code == 401
    for method, path in (("GET", "/api/v1/workspaces"), ("PUT", USER), ("GET", "/api/v1/threads"), ("POST", LOGOUT)):
        body = {} if method == "PUT" else None
        answer = await browser.request(method, path, headers=basic(email, PASSWORD), json=body)
        assert answer.status_code == 401, path
        assert answer.json()["code"] == "basic_not_taken"


@pytest.mark.parametrize(
    "value", ["Basic", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode(), "Basic /w=="]
)
async def test_unreadable_basic_credentials_are_401(browser: httpx2.AsyncClient, value: str) -> None:
    answer = await browser.get(USER, headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"


async def test_many_failures_for_one_address_must_wait(
    browser: httpx2.AsyncClient,
    new_person: NewPerson,
    app: Any,
    superuser: asyncpg.Connection[asyncpg.Record],
) -> None:
    email = await new_person()
    statuses = [(await sign_in(browser, email, "wrong password")).status_code for _ in range(7)]
    assert statuses == [401] * 6 + [429]
    async with client_of(app) as elsewhere:
        answer = await sign_in(elsewhere, email)
    assert answer.status_code == 429, "the right password tells nothing meanwhile, from anywhere"
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    await superuser.execute("UPDATE sign_in_attempts SET blocked_until = now() WHERE blocked_until > now()")
    assert (await sign_in(browser, email)).status_code == 200
    assert (await sign_in(browser, email, "wrong password")).status_code == 401, "success forgets the failures"
    assert (await sign_in(browser, email)).status_code == 200


async def test_one_client_that_tries_many_addresses_must_wait(browser: httpx2.AsyncClient, app: Any) -> None:
    statuses = [(await sign_in(browser, f"{n}@nowhere.test", "wrong password")).status_code for n in range(53)]
    assert statuses[:51] == [401] * 51
    assert 429 in statuses[51:]
    async with client_of(app) as elsewhere:
        assert (await sign_in(elsewhere, "1@nowhere.test", "wrong password")).status_code == 401


async def test_guesses_that_are_sent_at_once_are_counted(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    email = await new_person()
    answers = await asyncio.gather(*(sign_in(browser, email, f"wrong {n:04}") for n in range(25)))
    assert sum(answer.status_code == 401 for answer in answers) <= 8


def test_the_delay_grows_to_a_limit() -> None:
    assert [delay_after(n, 5) for n in range(4, 10)] == [0, 0, 2, 4, 8, 16]
    assert delay_after(10_000, 5) == MAXIMUM_DELAY_SECONDS


async def test_a_password_of_old_parameters_is_stored_anew(
    browser: httpx2.AsyncClient, new_person: NewPerson, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    email = await new_person()
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    await superuser.execute("UPDATE users SET password_hash = $1 WHERE email = $2", old, email)
    assert (await sign_in(browser, email)).status_code == 200
    stored = await superuser.fetchval("SELECT password_hash FROM users WHERE email = $1", email)
    assert stored.startswith("$argon2id$")
    assert stored != old
    assert (await sign_in(browser, email)).status_code == 200


async def test_logout_ends_the_token(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    email = await new_person()
    first, second = [(await sign_in(browser, email)).json()["data"]["token"] for _ in range(2)]
    assert (await browser.post(LOGOUT, headers={"Authorization": f"Bearer {first}"})).status_code == 204
    answer = await browser.get(USER, headers={"Authorization": f"Bearer {first}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")
    assert (await browser.get(USER, headers={"Authorization": f"Bearer {second}"})).status_code == 200
    assert (await browser.post(LOGOUT)).status_code == 401


async def test_a_session_signs_a_browser_in(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    answer = await sign_in(browser, await new_person(), session=True)
    session, csrf = answer.headers.get_list("set-cookie")
    assert session.startswith("athena_session=")
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "HttpOnly" not in csrf
    assert answer.json()["data"]["csrf_token"] == browser.cookies["athena_csrf"]
    assert (await browser.get(USER)).status_code == 200


async def test_a_session_writes_only_from_our_own_pages(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    csrf = (await sign_in(browser, await new_person(), session=True)).json()["data"]["csrf_token"]
    mine = {"X-CSRF-Token": csrf}
    refused: list[dict[str, str]] = [
        {},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": csrf[:-1]},
        {"X-CSRF-Token": "é"},
        {**mine, "Origin": "https://evil.test"},
        {**mine, "Origin": "null"},
        {**mine, "Sec-Fetch-Site": "cross-site"},
        {**mine, "Sec-Fetch-Site": "same-site"},
    ]
    for headers in refused:
        encoded = {name.encode(): value.encode() for name, value in headers.items()}
        answer = await browser.put(USER, json={"name": "Eve"}, headers=encoded)
        assert (answer.status_code, answer.json()["code"]) == (401, "csrf_failed"), headers
    for headers in ({}, {"Origin": "http://athena.test"}, {"Sec-Fetch-Site": "same-origin"}):
        answer = await browser.put(USER, json={"name": "Ada"}, headers={**mine, **headers})
        assert answer.status_code == 200, headers


async def test_a_bearer_token_beside_a_dead_session_wins(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    token = (await sign_in(browser, await new_person())).json()["data"]["token"]
    browser.cookies.set("athena_session", "made-up")
    assert (await browser.get(USER)).json()["code"] == "session_expired"
    assert (await browser.get(USER, headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_logout_ends_the_session(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    csrf = (await sign_in(browser, await new_person(), session=True)).json()["data"]["csrf_token"]
    secret = browser.cookies["athena_session"]
    assert (await browser.post(LOGOUT)).status_code == 401, "logging out is a write, too"
    assert (await browser.post(LOGOUT, headers={"X-CSRF-Token": csrf})).status_code == 204
    assert "athena_session" not in browser.cookies
    answer = await browser.get(USER, headers={"Cookie": f"athena_session={secret}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")


async def test_an_old_session_has_ended(
    browser: httpx2.AsyncClient, new_person: NewPerson, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await sign_in(browser, await new_person(), session=True)
    digest = hashlib.sha256(browser.cookies["athena_session"].encode()).digest()
    past = clock.now() - timedelta(seconds=1)
    await superuser.execute("UPDATE sessions SET expires_at = $1 WHERE session_hash = $2", past, digest)
    assert (await browser.get(USER)).json()["code"] == "session_expired"


@pytest.mark.parametrize("changes", [{"public_url": "https://athena.test"}, {"environment": Environment.PRODUCTION}])
def test_cookies_are_secure_over_https_and_in_production(settings: Settings, changes: dict[str, Any]) -> None:
    place = Cookies.of(settings.model_copy(update=changes)).place(readable=False)
    assert place["secure"]
    assert place["key"] == "__Host-athena_session"
    assert place["httponly"]


@pytest.mark.parametrize(
    "body",
    [
        {"email": "a@b.c"},
        {"password": PASSWORD},
        {"email": "a@b.c", "password": PASSWORD, "extra": 1},
        {"email": 1, "password": PASSWORD},
        {"email": "a@b.c", "password": "x" * 257},
        {"email": "a\0@b.c", "password": PASSWORD},
        [],
    ],
)
async def test_what_is_not_a_sign_in_is_422(browser: httpx2.AsyncClient, body: Any) -> None:
    assert (await browser.post(SIGN_IN, json=body)).status_code == 422


async def test_nothing_half_written_is_left_by_a_refused_sign_in(
    database: Database, browser: httpx2.AsyncClient
) -> None:
    before = await _tokens(database)
    await sign_in(browser, "nobody@nowhere.test", "wrong password")
    assert await _tokens(database) == before


async def _tokens(database: Database) -> int:
    async with database.system() as session:
        return await session.value("SELECT count(*) FROM tokens")
