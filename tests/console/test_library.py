"""Providers, accounts and models in the console, and the way from nothing to a first answer."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage
from tests.e2e.program import Athena


async def connect(page: Page, address: str) -> None:
    await page.get_by_label("Base URL").fill(address)
    await page.get_by_label("API key, if the server wants one").fill("sk-canary")
    await page.get_by_role("button", name="Connect", exact=True).click()


async def test_the_guided_start_ends_with_an_answer(workspace: str, mockllm: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/start")
    await page.get_by_role("button", name="Connect a provider").click()
    await page.get_by_label("Provider").select_option("OpenAI-compatible server")
    # An address at which nobody listens is told of in the form, and what was entered stays.
    await connect(page, "http://127.0.0.1:9/v1")
    await expect(page.get_by_role("alert")).to_contain_text("did not let this account in")
    await connect(page, mockllm)
    await page.get_by_label("Model").select_option("mock-t200-d50")
    await page.get_by_label("Message").fill("[[say: Here I am.]]")
    assert await faults(page) == []
    await page.get_by_role("button", name="Ask").click()
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("Here I am.")


async def test_an_account_is_renamed_verified_and_deleted(
    athena: Athena, mockllm: str, workspace: str, open_page: OpenPage
) -> None:
    (provider,) = await athena.call("GET", "/providers?slug=openai-compatible")
    given = {"base_url": mockllm, "api_key": "sk-canary"}
    await athena.call("POST", "/accounts", {"name": "Spare", "provider_uuid": provider["uuid"], "credentials": given})
    page = await open_page(f"/w/{workspace}/providers?search=compatible")
    await expect(page.get_by_role("heading", name="OpenAI", exact=True)).to_have_count(0)
    await page.get_by_role("button", name="More about Spare").click()
    await page.get_by_role("menuitem", name="Edit").click()
    secret = page.get_by_label("API key, if the server wants one")
    await expect(secret).to_have_value("")
    await expect(secret).to_have_attribute("type", "password")
    await page.get_by_label("Name *", exact=True).fill("Spare server")
    await page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="Spare server")
    await expect(row).to_contain_text("Connected")
    assert await faults(page) == []
    await page.get_by_role("button", name="More about Spare server").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)


async def test_models_are_found_by_name(workspace: str, agent: str, open_page: OpenPage) -> None:
    assert agent
    page = await open_page(f"/w/{workspace}/models", viewport=PHONE, color_scheme="dark")
    await page.get_by_role("searchbox", name="Search models").fill("mock-t200")
    await expect(page.get_by_role("table", name="Models")).to_contain_text("mock-t200-d50")
    assert "search=mock-t200" in page.url
    assert await faults(page) == []


async def test_a_demo_is_made_looked_at_and_deleted(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/start")
    await page.get_by_role("button", name="Make the demo").click()
    await expect(page.get_by_role("button", name="Workspace:")).to_contain_text("Demo")
    await page.get_by_role("link", name="Executions").click()
    statuses = page.get_by_role("navigation", name="By status")
    for name, count in (("Succeeded", 2), ("Waiting", 1), ("Failed", 1)):
        await expect(statuses.get_by_role("link", name=name)).to_have_text(f"{name}{count}")
    await page.get_by_role("link", name=re.compile("^Approvals")).click()
    await expect(page.get_by_role("article", name="Bake for 950?")).to_be_visible()
    made = page.url.split("/w/")[1].split("/")[0]
    (workflow,) = await athena.call("GET", f"/workflows?workspace_uuid={made}")
    assert workflow["problems"] == []

    page = await open_page(f"/w/{workspace}/start", color_scheme="dark", viewport=PHONE)
    await expect(page.get_by_role("button", name="Open the demo")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_role("button", name="Delete the demo").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("button", name="Make the demo")).to_be_visible()
    assert made not in [each["uuid"] for each in await athena.call("GET", "/workspaces")]
