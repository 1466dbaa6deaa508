"""Tools and guardrails in the console: made, tried and changed in the page."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage
from tests.e2e.program import Athena

NAME = re.compile(r"^Name( \*)?$")


async def test_a_tool_of_code_is_made_called_and_changed(workspace: str, open_page: OpenPage, watched: Any) -> None:
    watched.expected = ("status of 422",)
    page = await open_page(f"/w/{workspace}/tools")
    await page.get_by_role("button", name="New tool").click()
    await page.get_by_role("menuitem", name=re.compile("Python code")).click()
    await page.get_by_label(NAME).fill("Double")
    code = page.get_by_role("textbox", name="Code")
    await code.fill("result = number * 2")
    await page.get_by_label("Arguments").fill('{"type": "number"}')
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text('the schema needs "type": "object"').first).to_be_visible()
    await page.get_by_label("Arguments").fill('{"type": "object", "properties": {"number": {"type": "integer"}}}')
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Double")

    form = page.get_by_role("form", name="Try it")
    await form.get_by_label("Number").fill("21")
    await form.get_by_role("button", name="Call it").click()
    await expect(form.get_by_role("status").get_by_label("Result")).to_have_text("42")
    await expect(form.get_by_role("status")).to_contain_text("ms")

    await page.get_by_text("Approval", exact=True).click()
    await page.get_by_label("Condition").fill("arguments.number > 100")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("There are changes that are not saved.")).to_be_hidden()
    await page.get_by_role("link", name="Tools").last.click()
    row = page.get_by_role("row", name=re.compile("Double"))
    await expect(row).to_contain_text("Needs approval")
    await row.get_by_role("button", name="Delete Double").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)


async def test_a_guardrail_is_made_and_tried(workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/guardrails")
    await page.get_by_role("button", name="New guardrail").click()
    await page.get_by_role("menuitem", name=re.compile("Personal data")).click()
    await page.get_by_label(NAME).fill("No cards")
    await page.get_by_label("When it finds something, it").select_option("mask")
    await page.get_by_role("button", name="Save", exact=True).click()
    form = page.get_by_role("form", name="Try it")
    await form.get_by_label("Text").fill("My card is 4111 1111 1111 1111.")
    await form.get_by_role("button", name="Check it").click()
    await expect(form.get_by_label("Result")).to_have_text("My card is [CARD].")
    await page.get_by_role("link", name="Guardrails").last.click()
    await expect(page.get_by_role("row", name=re.compile("No cards"))).to_contain_text("Masks")


async def test_axe_finds_nothing_in_the_pages_of_tools(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    tool = await athena.call("POST", "/tools", {"name": "Clock", "type": "builtin", "config": {"name": "time"}})
    looks: tuple[dict[str, Any], ...] = ({}, {"color_scheme": "dark"}, {"viewport": PHONE})
    for look in looks:
        page = await open_page(f"/w/{workspace}/tools", **look)
        await expect(page.get_by_role("table", name="Tools")).to_be_visible()
        assert await faults(page) == [], look
        for path in (f"tools/{tool['uuid']}", "tools/new/code", "tools/new/openapi", "guardrails/new/injection"):
            await page.goto(re.sub(r"/w/([^/]+)/.*", rf"/w/\1/{path}", page.url))
            await expect(page.get_by_label(NAME)).to_be_visible()
            assert await faults(page) == [], (path, look)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, look)
