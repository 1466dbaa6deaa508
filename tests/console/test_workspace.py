"""What becomes of a workspace and of oneself in the console: webhooks, the audit log, data, the profile."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from playwright.async_api import Browser, Download, Page, expect

from tests.console.accessibility import faults
from tests.console.conftest import DESKTOP, PHONE, OpenPage, Watched
from tests.console.test_settings import joined, viewing
from tests.e2e.program import Athena

LEAVING = "grace@example.com"


async def content(download: Download) -> bytes:
    """The file that the browser was given."""
    return await asyncio.to_thread(Path(await download.path()).read_bytes)


async def test_a_webhook_is_made_tested_paused_and_deleted(
    address: str, workspace: str, mockllm: str, open_page: OpenPage
) -> None:
    page = await open_page(f"/w/{workspace}/settings/webhooks")
    await page.get_by_role("button", name="New webhook").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Address").fill(f"{mockllm}/hooks")
    await dialog.get_by_role("switch", name="All events").click()
    await dialog.get_by_label("Search events").fill("agent")
    await dialog.get_by_label("agent.*", exact=True).check()
    assert await faults(page) == []
    await dialog.get_by_role("button", name="Make webhook").click()
    await expect(page.get_by_role("textbox", name="Secret")).to_contain_text("whsec_")

    await page.get_by_role("link", name=f"{mockllm}/hooks", exact=True).click()
    await expect(page.get_by_text("agent.*", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Send a test").click()
    delivery = page.get_by_role("dialog", name="Delivery")
    # The scripted model knows no such address: the answer is there to be read, and another attempt is on its way.
    await expect(delivery).to_contain_text("Answer: 404")
    await expect(delivery).to_contain_text("webhook.test")
    await expect(page).to_have_url(re.compile("delivery="))
    assert await faults(page) == []
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark")
    assert await faults(page) == []
    await page.set_viewport_size(DESKTOP)
    await delivery.get_by_role("button", name="Close").click()
    await page.get_by_label("Status").select_option("Delivered")
    await expect(page.get_by_text("No delivery is like that.")).to_be_visible()

    await page.get_by_role("button", name="New secret").click()
    await page.get_by_role("dialog").get_by_role("button", name="New secret").click()
    await expect(page.get_by_text("The secret before this one signs as well")).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("What happened meanwhile is not sent")).to_be_visible()
    await expect(page.get_by_role("button", name="Send a test")).to_be_disabled()
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await page.get_by_role("button", name=f"Delete {mockllm}/hooks", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(f"{address}/w/{workspace}/settings/webhooks")
    await expect(page.get_by_role("link", name=f"{mockllm}/hooks", exact=True)).to_have_count(0)


async def test_the_audit_log_is_narrowed_read_and_taken_along(
    athena: Athena, workspace: str, open_page: OpenPage
) -> None:
    await athena.call("POST", "/variables", {"name": "AUDITED", "value": "seen"})
    page = await open_page(f"/w/{workspace}/settings/audit?action=variable.created")
    table = page.get_by_role("table", name="Audit log")
    await expect(table).to_contain_text("variable.created")
    await expect(table).not_to_contain_text("user.signed_in")
    assert await faults(page) == []
    await table.get_by_role("button", name="variable.created").first.click()
    entry = page.get_by_role("dialog", name="Entry")
    await expect(entry).to_contain_text("Network address")
    assert await faults(page) == []
    await entry.get_by_role("button", name="All about this").click()
    await expect(page).to_have_url(re.compile("resource=variable&id="))
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("menuitem", name="CSV").click()
    written = (await content(await downloading.value)).decode()
    assert "variable.created" in written
    assert written.count("\n") == 2


async def test_data_is_exported_and_forgotten(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/settings/data", color_scheme="dark")
    await page.get_by_role("button", name="Start an export").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download").click()
    assert (await content(await downloading.value)).startswith(b"PK")

    await page.get_by_label("Unused files").fill("3000")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Save and delete").click()
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert await faults(page) == []
    assert (await athena.call("GET", f"/workspaces/{workspace}"))["retention"]["unused_media_days"] == 3000
    # To keep more for longer deletes nothing, and asks nothing.
    await page.get_by_label("Unused files").fill("")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    assert (await athena.call("GET", f"/workspaces/{workspace}"))["retention"]["unused_media_days"] is None


async def _prefer_and_end_a_sign_in(page: Page, other: Page, watched: Watched) -> None:
    """Preferences hold at once, and in another browser of the user's; a sign-in that is ended here ends there."""
    await page.get_by_label("Numbers and dates").select_option("German (Germany)")
    await page.get_by_role("button", name="Time zone:").click()
    await page.get_by_role("combobox", name="Time zone").fill("tokyo")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(re.compile(r"^1\.234,5 · \d\d\.\d\d\.\d{4}, \d\d:\d\d$"))).to_be_visible()
    async with page.expect_response(lambda answer: answer.request.method == "PUT"):
        await page.get_by_label("Colours").select_option("Dark")
    own = page.get_by_role("table", name="Where you are signed in")
    await expect(own.get_by_role("row").filter(has_text="Here")).to_have_count(1)
    await other.reload()
    await expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    await page.reload()
    await own.get_by_role("row").nth(1).get_by_role("button", name=re.compile("^End")).click()
    await page.get_by_role("dialog").get_by_role("button", name="End it").click()
    await expect(own.get_by_role("row")).to_have_count(2)
    watched.expected = ("status of 401", "409")
    await other.reload()
    await expect(other.get_by_role("heading", name="Sign in to Athena")).to_be_visible()


async def test_a_user_makes_a_workspace_changes_the_profile_and_goes(
    athena: Athena, address: str, workspace: str, browser: Browser, open_page: OpenPage, watched: Watched
) -> None:
    body = {"email": LEAVING, "role": "viewer"}
    invitation = await athena.call("POST", f"/workspaces/{workspace}/invitations", body)
    await joined(athena, address, invitation["url"])
    page = await open_page(f"/w/{workspace}/chat", state=await viewing(browser, address, LEAVING))
    menu = page.get_by_role("button", name="Workspace:")
    await menu.click()
    await page.get_by_role("menuitem", name="New workspace").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Ada's own")
    await page.get_by_role("button", name="Make workspace").click()
    await expect(menu).to_contain_text("Ada's own")
    await expect(page).not_to_have_url(re.compile(workspace))

    await page.get_by_role("button", name="You:").click()
    await page.get_by_role("menuitem", name="Profile").click()
    await expect(page.get_by_role("table", name="Sign-ins and changes")).to_contain_text("user.signed_in")
    await page.get_by_label("Name *", exact=True).fill("Ada Lovelace")
    await page.get_by_label("Initials").fill("AL")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("button", name="You:")).to_contain_text("Ada Lovelace")
    assert await faults(page) == []

    await _prefer_and_end_a_sign_in(page, await open_page("/", state=await viewing(browser, address, LEAVING)), watched)
    await page.get_by_label("Present password").fill("a-long-enough-password")
    await page.get_by_label("New password").fill("another-long-password")
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_text("Every other sign-in of yours has ended")).to_be_visible()

    await menu.click()
    await page.get_by_role("menuitem", name="Leave this workspace").click()
    await page.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    await page.get_by_role("button", name="Delete your account").click()
    await page.get_by_role("dialog").get_by_label("Present password").fill("another-long-password")
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_role("heading", name="Sign in to Athena")).to_be_visible()
