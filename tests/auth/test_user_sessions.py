"""What a user is signed in by, and ending one of them."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.auth.conftest import PASSWORD, NewPerson

SIGN_IN = "/api/v1/auth/sign-in"
SESSIONS = "/api/v1/user/sessions"
USER = "/api/v1/user"


async def sign_in(client: httpx2.AsyncClient, email: str, name: str, **more: Any) -> dict[str, str]:
    body = {"email": email, "password": PASSWORD, "device_name": name, **more}
    return {"Authorization": f"Bearer {(await client.post(SIGN_IN, json=body)).json()['data']['token']}"}


async def sessions(client: httpx2.AsyncClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    return (await client.get(SESSIONS, headers=headers)).json()["data"]


async def test_sign_ins_are_listed_and_ended(browser: httpx2.AsyncClient, new_person: NewPerson) -> None:
    email, other = await new_person(), await new_person()
    laptop = await sign_in(browser, email, "Laptop")
    # A browser's own cookie would come before the token.
    console = await sign_in(browser, email, "Firefox", session=True)
    browser.cookies.clear()
    stranger = await sign_in(browser, other, "Elsewhere")
    found = await sessions(browser, laptop)
    # The token that came with the session is no sign-in of its own.
    assert [(each["name"], each["kind"], each["current"]) for each in found] == [
        ("Firefox", "console", False),
        ("Laptop", "token", True),
    ]
    path = f"{SESSIONS}/{found[0]['uuid']}"
    assert (await browser.delete(path, headers=stranger)).status_code == 404
    assert (await browser.get(USER, headers=console)).status_code == 200
    assert (await browser.delete(path, headers=laptop)).status_code == 204
    assert (await browser.get(USER, headers=console)).status_code == 401
    assert (await browser.delete(path, headers=laptop)).status_code == 404
    told = (await browser.get("/api/v1/user/audit-events", headers=laptop)).json()["data"]
    assert told[0]["action"] == "user.signed_out"
    assert (await browser.delete(f"{SESSIONS}/{found[1]['uuid']}", headers=laptop)).status_code == 204
    assert (await browser.get(SESSIONS, headers=laptop)).status_code == 401
    assert [each["name"] for each in await sessions(browser, stranger)] == ["Elsewhere"]


async def test_the_console_s_session_knows_itself_and_can_be_ended_elsewhere(
    browser: httpx2.AsyncClient, new_person: NewPerson
) -> None:
    email = await new_person()
    laptop = await sign_in(browser, email, "Laptop")
    await sign_in(browser, email, "Firefox", session=True)
    (own, _) = await sessions(browser, {})
    assert (own["name"], own["current"]) == ("Firefox", True)
    await browser.delete(f"{SESSIONS}/{own['uuid']}", headers=laptop)
    assert (await browser.get(USER)).status_code == 401
