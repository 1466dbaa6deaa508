"""Several people in one workspace, somebody who may only look, and a session that ends while somebody writes."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect

from tests.console.conftest import OpenPage, Watched
from tests.console.test_executions import ask, reached, workflow
from tests.console.test_pages import sign_in
from tests.e2e.program import Athena

PASSWORD = "a-long-enough-password"
CHANGES = re.compile(
    r"^(New|Save|Delete|Connect|Add|Invite|Edit|Remove|Run|Retry|Cancel|Approve|Refuse|Share|Create)\b"
)


async def joined(athena: Athena, browser: Browser, address: str, role: str) -> Any:
    """The cookies of a new member."""
    workspace = (await athena.call("GET", "/user"))["default_workspace_uuid"]
    email = f"{role}-together@example.com"
    made = await athena.call("POST", f"/workspaces/{workspace}/invitations", {"email": email, "role": role})
    async with httpx2.AsyncClient(base_url=address) as client:
        body = {"token": made["token"], "name": f"The {role}", "password": PASSWORD}
        assert (await client.post("/api/v1/invitations/accept", json=body)).is_success
    context = await browser.new_context()
    given = {"email": email, "password": PASSWORD, "session": True}
    assert (await context.request.post(f"{address}/api/v1/auth/sign-in", data=given)).ok
    state = await context.storage_state()
    await context.close()
    return state


@pytest.fixture(scope="module")
async def builder(athena: Athena, browser: Browser, address: str) -> Any:
    return await joined(athena, browser, address, "builder")


async def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Message")
    await box.fill(text)
    await box.press("Enter")


async def test_two_people_talk_in_one_chat(
    chat: tuple[Page, str], workspace: str, builder: Any, open_page: OpenPage
) -> None:
    page, thread = chat
    await say(page, "[[tokens: 60]] [[delay: 40]]")
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("quick brown")
    # The other one comes in the middle of the answer, and sees it grow.
    other = await open_page(f"/w/{workspace}/chat/{thread}", state=builder)
    await expect(other.get_by_role("article", name="Answer")).to_contain_text("quick brown")
    for each in (page, other):
        await expect(each.get_by_role("button", name="Answer anew")).to_be_visible()
    texts = [await each.get_by_role("article", name="Answer").locator(".prose").inner_text() for each in (page, other)]
    assert texts[0] == texts[1]
    await say(other, "And now? [[say: Now this.]]")
    await expect(other.get_by_role("article", name="Answer")).to_have_count(2)
    await expect(other.get_by_role("button", name="Answer anew")).to_have_count(2)
    await page.reload()
    await expect(page.get_by_role("article", name="Answer").last).to_contain_text("Now this.")


async def test_what_one_has_approved_is_closed_for_the_other(
    athena: Athena, workspace: str, builder: Any, open_page: OpenPage, watched: Watched
) -> None:
    watched.expected = ("status of 409",)
    uuid = await workflow(athena, "Shared question", ask("May both of us?"))
    run = await athena.call("POST", f"/workflows/{uuid}/run", {"input": {}, "background": True}, status=202)
    await reached(athena, run["uuid"], "waiting")
    pages = [await open_page(f"/w/{workspace}/approvals", state=builder), await open_page(f"/w/{workspace}/approvals")]
    mine, theirs = (page.get_by_role("article").filter(has_text="May both of us?") for page in pages)
    await theirs.wait_for()
    await mine.get_by_role("button", name="Approve").click()
    await reached(athena, run["uuid"], "succeeded")
    await theirs.get_by_role("button", name="Refuse").click()
    await expect(pages[1].get_by_role("alert").or_(pages[1].get_by_text("No approvals")).first).to_be_visible()
    assert (await reached(athena, run["uuid"], "succeeded"))["status"] == "succeeded"


async def test_a_viewer_opens_every_page_and_is_shown_no_way_to_change_anything(
    athena: Athena, agent: str, address: str, workspace: str, browser: Browser, open_page: OpenPage
) -> None:
    await workflow(athena, "Only looked at", ask("May a viewer?"))
    viewer = await joined(athena, browser, address, "viewer")
    page = await open_page(f"/w/{workspace}/chat", state=viewer)
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    await links.first.wait_for()
    for name in await links.all_inner_texts():
        await page.get_by_role("navigation", name="Pages").get_by_role("link", name=name.split("\n")[0]).click()
        await expect(page.get_by_role("main").get_by_role("heading").first).to_be_visible()
        await page.wait_for_load_state("networkidle")
        await expect(page.get_by_role("main").get_by_role("button", name=CHANGES)).to_have_count(0)
        await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_session_that_ends_while_one_writes_loses_nothing(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage, watched: Watched
) -> None:
    watched.expected = ("status of 401",)
    thread = await athena.thread(agent)
    page = await open_page("/sign-in", state=None)
    await sign_in(page)
    await page.get_by_role("textbox", name="Message").wait_for()
    await page.goto(page.url.replace("/chat", f"/chat/{thread}"))
    box = page.get_by_role("textbox", name="Message")
    await box.fill("A long thought. [[say: Indeed.]]")
    # It ends behind the page's back.
    cookies = {each.get("name", ""): each.get("value", "") for each in await page.context.cookies()}
    await page.context.request.post(
        page.url.split("/w/")[0] + "/api/v1/auth/logout", headers={"X-CSRF-Token": cookies["athena_csrf"]}
    )
    await box.press("Enter")
    await sign_in(page)
    await expect(page).to_have_url(re.compile(f"/chat/{thread}$"))
    await expect(box).to_have_value("A long thought. [[say: Indeed.]]")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("Indeed.")
