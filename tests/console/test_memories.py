"""What is remembered, in the console; and agents that are one's own."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage
from tests.e2e.program import Athena


async def test_a_memory_is_written_found_by_its_meaning_changed_and_forgotten(
    athena: Athena, workspace: str, open_page: OpenPage
) -> None:
    thread = (await athena.call("POST", "/threads", {"name": "Deliveries"}))["uuid"]
    source = {"type": "thread", "uuid": thread}
    other = {"content": "The bakery opens at six.", "kind": "knowledge", "source": source}
    await athena.call("POST", "/memories", other)
    page = await open_page(f"/w/{workspace}/memories")
    await page.get_by_role("button", name="New memory").click()
    await page.get_by_label("What is to be remembered *").fill("Ada likes her bread without salt.")
    await page.get_by_label("Kind", exact=True).last.select_option("Preference")
    await page.get_by_role("button", name="Save").click()
    items = page.get_by_role("list", name="Memories").get_by_role("listitem")
    await expect(items.first).to_contain_text("Ada likes her bread")
    assert await faults(page) == []
    await page.get_by_label("Search memories").fill("which food does she prefer?")
    await expect(page).to_have_url(re.compile("search=which"))
    await expect(items.first).to_contain_text("Fits")
    await page.goto(f"{page.url.split('?')[0]}?kind=knowledge")
    await expect(items.filter(has_text="bakery").get_by_role("link", name="A chat")).to_have_attribute(
        "href", re.compile(f"/chat/{thread}$")
    )
    await page.goto(f"{page.url.split('?')[0]}?kind=preference")
    await items.first.get_by_role("button", name="Edit").click()
    await page.get_by_label("What is to be remembered *").fill("Ada likes her bread with salt.")
    await page.get_by_role("button", name="Save").click()
    await expect(items.first).to_contain_text("with salt.")
    await items.first.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Nothing such is remembered.")).to_be_visible()


async def test_memories_look_alike_on_phones_and_in_the_dark(workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/memories", viewport=PHONE, color_scheme="dark")
    await expect(page.get_by_role("heading", name="Memories")).to_be_visible()
    assert await faults(page) == []


async def test_an_agent_is_made_private(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    agent = (await athena.call("POST", "/agents", {"name": "Diary"}))["uuid"]
    page = await open_page(f"/w/{workspace}/agents/{agent}")
    await page.get_by_text("Who sees it").click()
    await page.get_by_role("switch", name="Private").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The agent is saved.")).to_be_visible()
    assert (await athena.call("GET", f"/agents/{agent}"))["visibility"] == "private"
    await page.goto(f"{page.url.split('/agents/')[0]}/agents")
    row = page.get_by_role("row").filter(has_text="Diary")
    await expect(row.get_by_label("Private")).to_be_visible()
