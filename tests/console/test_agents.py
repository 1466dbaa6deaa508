"""Agents in the console: made, tried, changed, taught, judged and shared, all in the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Page, expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage
from tests.e2e.program import Athena

NAME = re.compile(r"^Name( \*)?$")
TABS = ("Knowledge", "Versions", "Evaluations", "Sharing")
WIDE = {"viewport": {"width": 1600, "height": 900}}


async def say(page: Page, text: str) -> None:
    box = page.get_by_role("region", name="Test chat").get_by_role("textbox", name="Message")
    await box.fill(text)
    await box.press("Enter")


async def save(page: Page) -> None:
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("There are changes that are not saved.")).to_be_hidden()


async def test_an_agent_with_a_tool_is_made_tried_changed_and_restored(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage
) -> None:
    account = (await athena.call("GET", f"/agents/{agent}"))["account_uuid"]
    await athena.client.post(f"/api/v1/accounts/{account}/verify")
    page = await open_page(f"/w/{workspace}/agents", **WIDE)
    await page.get_by_role("button", name="New agent").click()
    await page.get_by_label(NAME).fill("Counter")
    await page.get_by_role("button", name="Model:").click()
    await page.get_by_role("option", name="mock").first.click()
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Counter")

    await page.get_by_label("Instructions").fill("Count what you are given.")
    await page.get_by_role("button", name="Add a tool:").click()
    await page.get_by_role("option", name=re.compile("^count")).click()
    await save(page)
    await say(page, 'How long? [[tool:count {"text": "abcd"}]]')
    chat = page.get_by_role("region", name="Test chat")
    await expect(chat.get_by_role("button", name="Answer anew")).to_be_visible()
    await chat.get_by_text("count", exact=True).click()
    await expect(chat.get_by_label("Result")).to_have_text("4")

    # What is not saved is not lost by a click.
    await page.get_by_label("Instructions").fill("Count twice.")
    await expect(chat).to_contain_text("Save your changes to try them.")
    await page.get_by_role("link", name="Versions").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.keyboard.press("Control+s")
    await expect(page.get_by_text("There are changes that are not saved.")).to_be_hidden()
    await page.get_by_role("link", name="Versions").click()
    changes = page.get_by_role("list", name="Changes")
    await expect(changes).to_contain_text("Instructions")
    await expect(changes).to_contain_text("Count twice.")
    await page.get_by_role("link", name=re.compile("Version 2")).click()
    # What it is made of is called by its name.
    await expect(changes.get_by_role("listitem").filter(has_text="Tools")).to_have_text("Tools+ count")
    await page.get_by_role("button", name="Restore").click()
    await page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    await expect(page.get_by_role("link", name=re.compile("Version 4.*Newest"))).to_be_visible()
    await page.get_by_role("link", name="Definition").click()
    await expect(page.get_by_label("Instructions")).to_have_value("Count what you are given.")


async def test_an_agent_is_taught_judged_and_shared(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage
) -> None:
    page = await open_page(f"/w/{workspace}/agents/{agent}/knowledge")
    await page.get_by_role("button", name="Text", exact=True).click()
    await page.get_by_role("textbox", name="Title").fill("Returns")
    await page.get_by_role("textbox", name="Text").fill("Goods come back within thirty days.")
    await page.get_by_role("button", name="Teach it").click()
    sources = page.get_by_role("table", name="Sources")
    await expect(sources.get_by_role("row", name=re.compile("Returns.*Learnt"))).to_be_visible()

    await page.get_by_role("link", name="Evaluations").click()
    for number, expected in ((1, "Oslo"), (2, "Rome")):
        await page.get_by_role("button", name="New evaluation").click()
        await page.get_by_label("Dataset", exact=True).select_option("new")
        await page.get_by_label("Name of the dataset").fill(f"Capitals {number}")
        await page.get_by_role("textbox", name="Input 1").fill("Of Norway? [[say: It is Oslo.]]")
        await page.get_by_role("textbox", name="Expected 1").fill(expected)
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_role("table", name="Results")).to_contain_text("It is Oslo.")
        outcome = "Passed" if expected == "Oslo" else "Not passed"
        await expect(page.get_by_role("table", name="Results")).to_contain_text(outcome)

    await page.get_by_role("link", name="Sharing").click()
    await page.get_by_role("button", name="Share", exact=True).click()
    await page.get_by_label("Password").fill("short")
    await page.get_by_label("Runs at most").fill("5")
    await page.get_by_label("Password").fill("correct horse battery")
    await page.get_by_role("dialog").get_by_role("button", name="Share", exact=True).click()
    url = await page.get_by_role("textbox", name="Link").input_value()
    answer = await athena.client.get(
        f"/api/v1/links/{url.rsplit('/', 1)[1]}", headers={"X-Share-Password": "correct horse battery"}
    )
    assert answer.status_code == 200
    await page.get_by_role("button", name="Done").click()
    row = page.get_by_role("row", name=re.compile("Whoever has the link"))
    await expect(row).to_contain_text("0 / 5")
    await row.get_by_role("button", name=re.compile("Revoke")).click()
    await page.get_by_role("button", name="End it").click()
    await expect(page.get_by_text("It is not shared.")).to_be_visible()


async def test_a_change_that_somebody_else_made_is_not_overwritten(
    athena: Athena, mockllm: str, workspace: str, open_page: OpenPage, watched: Any
) -> None:
    watched.expected = ("status of 412",)
    made = await athena.call("POST", "/agents", {"name": "Shared work"})
    page = await open_page(f"/w/{workspace}/agents/{made['uuid']}")
    await page.get_by_label("Description").fill("Mine")
    await athena.call("PUT", f"/agents/{made['uuid']}", {"description": "Theirs"})
    # Who comes back to the page after a while has it read anew, and still does not undo what was not seen.
    await page.clock.set_system_time(datetime.now(UTC) + timedelta(minutes=1))
    async with page.expect_response(lambda answer: f"/agents/{made['uuid']}?" in answer.url):
        await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("Somebody changed this meanwhile.")
    await page.get_by_role("button", name="Load it").click()
    await expect(page.get_by_label("Description")).to_have_value("Theirs")


async def test_a_viewer_sees_agents_and_no_way_to_change_them(agent: str, workspace: str, open_page: OpenPage) -> None:
    page = await open_page("/sign-in")

    async def as_viewer(route: Any) -> None:
        answer = await route.fetch()
        user = await answer.json()
        for each in user["data"]["workspaces"]:
            each["role"], each["permissions"] = "viewer", [n for n in each["permissions"] if n.endswith(".view")]
        await route.fulfill(response=answer, json=user)

    await page.route("**/api/v1/user", as_viewer)
    await page.goto(page.url.split("/w/")[0].removesuffix("/sign-in") + f"/w/{workspace}/agents")
    await expect(page.get_by_role("table", name="Agents")).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("New agent|From a description|More about"))).to_have_count(
        0
    )
    await page.get_by_role("table", name="Agents").get_by_role("link").first.click()
    await expect(page.get_by_label(NAME)).to_be_disabled()
    for name in TABS:
        await page.get_by_role("link", name=name, exact=True).click()
        await expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("data-status", "active")
        await expect(page.get_by_role("button", name=re.compile("^(New|Share$|Text$|Restore)"))).to_have_count(0)


async def test_axe_finds_nothing_in_the_pages_of_an_agent(agent: str, workspace: str, open_page: OpenPage) -> None:
    looks: tuple[dict[str, Any], ...] = (
        WIDE,
        {**WIDE, "color_scheme": "dark"},
        {"viewport": PHONE},
    )
    for look in looks:
        page = await open_page(f"/w/{workspace}/agents", **look)
        await expect(page.get_by_role("table", name="Agents")).to_be_visible()
        assert await faults(page) == [], look
        await page.goto(page.url.split("?")[0] + f"/{agent}")
        await expect(page.get_by_label("Instructions")).to_be_visible()
        assert await faults(page) == [], look
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), look
        for name in TABS:
            await page.get_by_role("link", name=name, exact=True).click()
            await expect(page.get_by_role("main").locator("section, table").first).to_be_visible()
            assert await faults(page) == [], (name, look)
