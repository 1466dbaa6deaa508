"""Prompts in the console: written, changed, and tried side by side."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage
from tests.e2e.program import Athena


@pytest.fixture
async def prompt(athena: Athena, agent: str) -> str:
    """One that the scripted model answers; its uuid."""
    account = (await athena.call("GET", f"/agents/{agent}"))["account_uuid"]
    await athena.call("POST", f"/accounts/{account}/verify", {}, 200)
    given = {"name": "Repeat", "content": "[[say: First {{word}}]]", "model": "mock-t200-d50"}
    uuid: str = (await athena.call("POST", "/prompts", given))["uuid"]
    return uuid


async def test_a_prompt_is_written_and_its_variables_are_found(workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/prompts")
    await page.get_by_role("button", name="New prompt").click()
    await page.get_by_label("Name *", exact=True).fill("Translate")
    await page.get_by_label("Text *", exact=True).fill("Into {{language}}: {{text}}")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", level=1, name="Translate")).to_be_visible()
    variables = page.get_by_role("list", name="Variables").get_by_role("listitem")
    await expect(variables).to_have_count(2)
    assert await faults(page) == []
    await page.get_by_role("link", name="Prompts").first.click()
    await page.get_by_label("Search prompts").fill("nothing of the kind")
    await expect(page.get_by_text("No prompt has this in it.")).to_be_visible()


async def test_two_versions_are_tried_side_by_side(prompt: str, workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/prompts/{prompt}")
    await page.get_by_label("Text *", exact=True).fill("[[say: Second {{word}}]]")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The prompt is saved.")).to_be_visible()
    await page.get_by_role("button", name="Compare with another").click()
    lanes = [page.get_by_role("region", name=f"Try {number}") for number in (1, 2)]
    await lanes[1].get_by_label("Version").select_option("Version 1")
    await page.get_by_label("word *", exact=True).fill("light")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(lanes[0]).to_contain_text("Second light")
    await expect(lanes[1]).to_contain_text("First light")
    await expect(lanes[1]).to_contain_text(re.compile(r"mock-t200-d50 · .* · \d+ tokens"))
    assert await faults(page) == []
    await page.get_by_role("list", name="Versions").get_by_text("Version 1").click()
    await page.get_by_role("button", name="Restore").click()
    await expect(page.get_by_label("Text *", exact=True)).to_have_value("[[say: First {{word}}]]")


async def test_prompts_look_alike_on_phones_and_in_the_dark(prompt: str, workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/prompts/{prompt}", viewport=PHONE, color_scheme="dark")
    await expect(page.get_by_label("Text *", exact=True)).to_be_visible()
    assert await faults(page) == []
