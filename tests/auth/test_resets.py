"""A forgotten password: the operator's token sets a new one, once, and ends what the old one opened."""

from __future__ import annotations

from typing import TypeAlias

import asyncpg
import httpx2
import pytest

from athena.auth.resets import begin_reset
from athena.bootstrap import reset_for
from athena.kit.db import Database
from athena.kit.errors import StartupError
from tests.auth.conftest import PASSWORD, NewPerson

RESET = "/api/v1/auth/reset-password"
SIGN_IN = "/api/v1/auth/sign-in"
NEW = "another good password"
Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def reset_token(database: Database, email: str) -> str:
    async with database.system() as session:
        return (await begin_reset(session, email)).text


async def test_it_sets_a_new_password_once(
    browser: httpx2.AsyncClient, new_person: NewPerson, database: Database
) -> None:
    email = await new_person()
    old = (await browser.post(SIGN_IN, json={"email": email, "password": PASSWORD})).json()["data"]["token"]
    token = await reset_token(database, email.upper())
    assert (await browser.post(RESET, json={"token": token, "password": NEW})).status_code == 204
    assert (await browser.post(SIGN_IN, json={"email": email, "password": PASSWORD})).status_code == 401
    assert (await browser.post(SIGN_IN, json={"email": email, "password": NEW})).status_code == 200
    ended = await browser.get("/api/v1/user", headers={"Authorization": f"Bearer {old}"})
    assert ended.status_code == 401
    assert (await browser.post(RESET, json={"token": token, "password": NEW})).status_code == 404


async def test_a_new_token_takes_the_place_of_the_last(
    browser: httpx2.AsyncClient, new_person: NewPerson, database: Database, superuser: Superuser
) -> None:
    email = await new_person(password=None)
    first, second = [await reset_token(database, email) for _ in range(2)]
    assert (await browser.post(RESET, json={"token": first, "password": NEW})).status_code == 404
    await superuser.execute("UPDATE password_resets SET expires_at = now()")
    assert (await browser.post(RESET, json={"token": second, "password": NEW})).status_code == 404
    rows = await superuser.fetch("SELECT * FROM password_resets")
    assert second not in str([dict(row) for row in rows])


async def test_a_bad_password_does_not_use_the_token_up(
    browser: httpx2.AsyncClient, new_person: NewPerson, database: Database
) -> None:
    token = await reset_token(database, await new_person())
    assert (await browser.post(RESET, json={"token": token, "password": "short"})).status_code == 422
    assert (await browser.post(RESET, json={"token": token, "password": NEW})).status_code == 204


async def test_guessing_is_slowed_down(browser: httpx2.AsyncClient) -> None:
    statuses = [(await browser.post(RESET, json={"token": "x", "password": NEW})).status_code for _ in range(53)]
    assert statuses[:51] == [404] * 51
    assert 429 in statuses[51:]


async def test_the_operator_is_told_why_not(database: Database, new_person: NewPerson, superuser: Superuser) -> None:
    with pytest.raises(StartupError, match=r"there is no user nobody@example\.test"):
        await reset_for(database, "nobody@example.test")
    email = await new_person(password=None)
    await superuser.execute("UPDATE users SET oidc_issuer = 'i', oidc_subject = email WHERE email = $1", email)
    with pytest.raises(StartupError, match="signs in with the identity provider"):
        await reset_for(database, email)
