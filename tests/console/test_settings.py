"""The settings of a workspace in the console: its name, its members, its tokens."""

from __future__ import annotations

from typing import Any

import httpx2
from playwright.async_api import Browser, expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage, Watched
from tests.e2e.program import Athena


async def joined(athena: Athena, address: str, url: str) -> None:
    """Uses up an invitation's link, as somebody who has no user yet."""
    token = url.partition("#")[2].removeprefix("token=")
    body = {"token": token, "name": "Ada", "password": "a-long-enough-password"}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"{address}/api/v1/invitations/accept", json=body)
    assert answer.is_success, answer.text


async def test_a_member_is_invited_gets_another_role_and_goes(
    athena: Athena, address: str, workspace: str, browser: Browser, open_page: OpenPage
) -> None:
    page = await open_page(f"/w/{workspace}/settings/members")
    await page.get_by_role("button", name="Invite", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("E-mail").fill("ada@example.com")
    await dialog.get_by_label("Role").select_option("Viewer")
    await dialog.get_by_role("button", name="Make link").click()
    url = await page.get_by_role("textbox", name="Invitation link").inner_text()
    await joined(athena, address, url)
    await page.reload()
    await expect(page.get_by_role("table", name="Members")).to_contain_text("Ada")
    assert await faults(page) == []

    # A viewer reads, and is shown no way to change anything.
    viewer = await viewing(browser, address)
    other = await open_page(f"/w/{workspace}/settings/members", state=viewer, viewport=PHONE)
    await expect(other.get_by_role("table", name="Members")).to_contain_text("Ada")
    await expect(other.get_by_role("button", name="Invite")).to_have_count(0)
    await expect(other.get_by_role("table").get_by_role("combobox")).to_have_count(0)
    await expect(other.get_by_role("link", name="Tokens")).to_have_count(0)
    await other.goto(f"{address}/w/{workspace}/providers")
    await expect(other.get_by_role("heading", name="Anthropic")).to_be_visible()
    await expect(other.get_by_role("button", name="Connect")).to_have_count(0)

    await page.get_by_label("Role of Ada").select_option("Operator")
    await expect(page.get_by_label("Role of Ada")).to_have_value("operator")
    await page.get_by_role("button", name="Remove Ada").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("table", name="Members")).not_to_contain_text("Ada")


async def viewing(browser: Browser, address: str, email: str = "ada@example.com") -> dict[str, Any]:
    context = await browser.new_context()
    given = {"email": email, "password": "a-long-enough-password", "session": True}
    answer = await context.request.post(f"{address}/api/v1/auth/sign-in", data=given)
    assert answer.ok
    state = await context.storage_state()
    await context.close()
    return dict(state)


async def test_a_token_is_shown_once_and_works(address: str, workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/settings/tokens", color_scheme="dark")
    await page.get_by_role("button", name="New token").click()
    await page.get_by_label("Name *", exact=True).fill("Reports")
    await page.get_by_label("Scopes").fill("agents.view")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Make token").click()
    token = await page.get_by_role("textbox", name="Token").inner_text()
    assert await faults(page) == []
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        assert (await client.get(f"{address}/api/v1/agents")).status_code == 200
        assert (await client.get(f"{address}/api/v1/tools")).status_code == 403
        await page.reload()
        await expect(page.get_by_role("table", name="Tokens")).to_contain_text("Reports")
        await expect(page.get_by_text(token)).to_have_count(0)
        await page.get_by_role("button", name="Revoke Reports").click()
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(page.get_by_role("button", name="Revoke Reports")).to_have_count(0)
        assert (await client.get(f"{address}/api/v1/agents")).status_code == 401


async def test_a_workspace_is_renamed_without_undoing_another_change(
    athena: Athena, workspace: str, open_page: OpenPage, watched: Watched
) -> None:
    watched.expected = ("412",)
    page = await open_page(f"/w/{workspace}/settings/general")
    await page.get_by_label("Description").fill("Where we try things.")
    await athena.call("PUT", f"/workspaces/{workspace}", {"description": "Changed elsewhere."})
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Load what they saved").click()
    await expect(page.get_by_label("Description")).to_have_value("Changed elsewhere.")
    await page.get_by_label("Description").fill("Where we try things.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert await faults(page) == []
    assert (await athena.call("GET", f"/workspaces/{workspace}"))["description"] == "Where we try things."
