"""What is around the conversations: sign-in, the list, the palette, rights, looks and languages."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from tests.console.accessibility import faults
from tests.console.conftest import DESKTOP, EMAIL, PASSWORD, PHONE, OpenPage, Watched
from tests.e2e.program import Athena


async def sign_in(page: Page, password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")


async def test_signing_in_leads_to_where_one_wanted_to_go(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage, watched: Watched
) -> None:
    watched.expected = ("status of 401",)
    thread = await athena.thread(agent)
    page = await open_page(f"/w/{workspace}/chat/{thread}", state=None)
    await sign_in(page, "not the password")
    await expect(page.get_by_role("alert")).to_contain_text(re.compile(r"wrong.*Request [0-9a-f-]{36}"))
    await sign_in(page)
    await expect(page).to_have_url(re.compile(f"/chat/{thread}$"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Story")


async def test_signing_in_for_a_program_leads_back_to_its_question_and_nowhere_else(
    address: str, open_page: OpenPage, watched: Watched
) -> None:
    # The question itself makes no sense here; the server says so in a page of its own.
    watched.expected = ("status of 400",)
    page = await open_page("/sign-in?then=/oauth/authorize%3Fclient_id%3Dnobody", state=None)
    await sign_in(page)
    await expect(page.get_by_role("heading", name="Not possible")).to_be_visible()
    for elsewhere in ("//example.com/oauth/authorize?", "https://example.com/", "/oauth/token"):
        await page.goto(f"{address}/sign-in?then={quote(elsewhere, safe='')}")
        await sign_in(page)
        await expect(page).to_have_url(re.compile(f"^{address}/w/"))


async def test_signing_out_ends_the_session(open_page: OpenPage) -> None:
    page = await open_page("/", state=None)
    await sign_in(page)
    await page.get_by_role("button", name="You:").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page).to_have_url(re.compile("/sign-in$"))
    await page.goto(page.url.replace("/sign-in", "/"))
    await expect(page.get_by_label("E-mail")).to_be_visible()


async def test_a_session_that_ended_leads_to_the_sign_in_and_back(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage, watched: Watched
) -> None:
    watched.expected = ("status of 401",)
    thread = await athena.thread(agent)
    page = await open_page("/", state=None)
    await sign_in(page)
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    await page.evaluate(
        """fetch('/api/v1/auth/logout', {method: 'POST', keepalive: true,
             headers: {'X-CSRF-Token': document.cookie.split('athena_csrf=')[1]}})
           .then(() => { document.cookie = 'athena_csrf=gone'; })"""
    )
    await page.goto(page.url.split("/w/")[0] + f"/w/{workspace}/chat/{thread}")
    await sign_in(page)
    await expect(page).to_have_url(re.compile(f"/chat/{thread}$"))


async def test_threads_are_found_renamed_and_deleted(athena: Athena, agent: str, open_page: OpenPage) -> None:
    for name in ("Zebra crossing", "Zeppelin"):
        await athena.call("POST", "/threads", {"name": name, "agent_uuid": agent})
    page = await open_page("/")
    chats = page.get_by_role("navigation", name="Chats")
    await expect(chats.get_by_role("heading", name="Today")).to_be_visible()
    await page.get_by_label("Search chats").fill("zeb")
    await expect(chats.get_by_role("link")).to_have_text(["Zebra crossing"])
    await chats.get_by_role("button", name="More about Zebra crossing").click()
    await page.get_by_role("menuitem", name="Rename").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Zebras")
    await page.keyboard.press("Enter")
    await expect(chats.get_by_role("link")).to_have_text(["Zebras"])
    await page.get_by_label("Search chats").fill("zeppe")
    await chats.get_by_role("button", name="More about Zeppelin").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(chats.get_by_text("No chat has this in its name.")).to_be_visible()
    assert [each["name"] for each in await athena.call("GET", "/threads?search=zeb")] == ["Zebras"]


@pytest.mark.usefixtures("preferences")
async def test_the_palette_leads_everywhere_from_the_keyboard(athena: Athena, agent: str, open_page: OpenPage) -> None:
    await athena.call("POST", "/threads", {"name": "Quicksilver", "agent_uuid": agent})
    other = await athena.call("POST", "/workspaces", {"name": "Other place"})
    page = await open_page("/")
    await page.get_by_role("textbox", name="Message").wait_for()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("quicks")
    await page.get_by_role("option", name="Quicksilver").wait_for()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Quicksilver")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("dark")
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.keyboard.press("Control+k")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("Control+Shift+o")
    await expect(page).to_have_url(re.compile("/chat$"))
    await page.get_by_role("button", name="Workspace:").click()
    await page.get_by_role("menuitem", name="Other place").click()
    await expect(page).to_have_url(re.compile(other["uuid"]))
    await expect(page.get_by_text("Your chats will be listed here.")).to_be_visible()


async def test_a_viewer_is_shown_only_what_a_viewer_may(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage, address: str
) -> None:
    thread = await athena.thread(agent)
    await athena.call("POST", "/messages", {"thread_uuid": thread, "role": "user", "content": "Only to read."})
    page = await open_page("/")
    # What the server tells of the user decides what is shown.
    user = await athena.call("GET", "/user")
    for each in user["workspaces"]:
        each["role"], each["permissions"] = "viewer", [name for name in each["permissions"] if name.endswith(".view")]
    await page.route("**/api/v1/user", lambda route: route.fulfill(json={"data": user}))
    await page.goto(f"{address}/w/{workspace}/chat/{thread}")
    await expect(page.get_by_text("Only to read.")).to_be_visible()
    await expect(page.get_by_text("Your role here lets you read, but not write.")).to_be_visible()
    for name in ("New chat", "Edit as a new branch", "More about Story"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)


@pytest.mark.usefixtures("preferences")
async def test_the_other_language(open_page: OpenPage) -> None:
    page = await open_page("/", locale="de-DE")
    await expect(page.get_by_role("textbox", name="Nachricht")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await page.get_by_role("button", name="Sie:").click()
    await page.get_by_role("menuitem", name="English").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()


async def test_a_page_that_is_not_there(open_page: OpenPage) -> None:
    page = await open_page("/")
    await page.get_by_role("textbox", name="Message").wait_for()
    await page.goto(page.url.replace("/chat", "/nothing"))
    await expect(
        page.get_by_role("heading", name="There is nothing").or_(page.get_by_text("There is nothing"))
    ).to_be_visible()


LOOKS: list[dict[str, Any]] = [
    {"viewport": DESKTOP, "color_scheme": "light"},
    {"viewport": DESKTOP, "color_scheme": "dark"},
    {"viewport": PHONE, "color_scheme": "light", "has_touch": True, "is_mobile": True},
]


async def test_everything_is_accessible(athena: Athena, agent: str, workspace: str, open_page: OpenPage) -> None:
    thread = await athena.thread(agent)
    parts = [
        {
            "type": "text",
            "text": "# One\n\n`code` [link](https://example.com)\n\n|a|\n|-|\n|b|\n\n```python\nx = 1\n```",
        },
        {"type": "tool_call", "id": "c1", "name": "count", "arguments": "{}"},
        {"type": "tool_result", "tool_call_id": "c1", "content": "3"},
    ]
    await athena.call("POST", "/messages", {"thread_uuid": thread, "role": "user", "content": "Go."})
    await athena.call("POST", "/messages", {"thread_uuid": thread, "role": "assistant", "content": parts})
    found: list[str] = []
    for look in LOOKS:
        page = await open_page(f"/w/{workspace}/chat/{thread}", **look)
        await page.locator(".hljs-number").wait_for()
        found += await faults(page)
        # Nothing is wider than the window.
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if look["viewport"] == PHONE:
            continue
        await page.keyboard.press("Control+k")
        await page.get_by_role("dialog").wait_for()
        found += await faults(page)
        page = await open_page("/sign-in", state=None, **look)
        await page.get_by_label("E-mail").wait_for()
        found += await faults(page)
    assert found == []
