"""What a workspace may spend, and what its workflows and searches read: budgets, variables, secrets, embeddings."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage, Watched
from tests.e2e.program import Athena


async def test_a_budget_is_made_for_an_agent_shows_what_is_used_and_goes(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage, watched: Watched
) -> None:
    page = await open_page(f"/w/{workspace}/agents/{agent}/budgets")
    await page.get_by_role("button", name="New budget").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Support")
    # A budget without a limit is none.
    await expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    await dialog.get_by_label("US dollars").fill("20")
    await dialog.get_by_label("Soft limit, in %").fill("80")
    assert await faults(page) == []
    await dialog.get_by_role("button", name="Save").click()
    card = page.get_by_role("list", name="Budgets").get_by_role("listitem").filter(has_text="Support")
    await expect(card).to_contain_text("of US$20")
    await expect(card).to_contain_text("Warns from 80% on.")

    # It stands among all of the workspace, too; its limit can be changed there.
    other = await open_page(f"/w/{workspace}/settings/budgets?scope_type=agent", color_scheme="dark", viewport=PHONE)
    await other.get_by_role("button", name="Edit Support").click()
    dialog = other.get_by_role("dialog")
    await dialog.get_by_label("US dollars").fill("25")
    # What somebody else saved meanwhile is not lost.
    found = (await athena.call("GET", f"/budgets?scope_uuid={agent}"))[0]
    await athena.call("PUT", f"/budgets/{found['uuid']}", {"soft_limit": 0.9})
    watched.expected = ("status of 412",)
    await dialog.get_by_role("button", name="Save").click()
    await dialog.get_by_role("button", name="Load it").click()
    await expect(dialog.get_by_label("Soft limit, in %")).to_have_value("90")
    await dialog.get_by_label("US dollars").fill("30")
    await dialog.get_by_role("button", name="Save").click()
    card = other.get_by_role("list", name="Budgets").get_by_role("listitem").filter(has_text="Support")
    await expect(card).to_contain_text("of US$30")
    assert await faults(other) == []
    await other.get_by_role("button", name="Delete Support").click()
    await other.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(card).to_have_count(0)


async def _made(page: Page, kind: str, name: str, value: str) -> None:
    await page.get_by_role("button", name="New variable or secret").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Kind").select_option(kind)
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("textbox", name="Value").fill(value)
    await dialog.get_by_role("button", name="Save").click()


async def test_a_secret_goes_in_and_does_not_come_out(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/settings/variables")
    await _made(page, "variable", "SHOP_URL", "https://shop.example.com")
    table = page.get_by_role("table", name="Variables and secrets")
    await expect(table).to_contain_text("https://shop.example.com")
    await _made(page, "secret", "SHOP_KEY", "sk-a-secret-that-is-long-enough")
    await expect(table).to_contain_text("{{ secrets.SHOP_KEY }}")
    assert await faults(page) == []
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await _made(page, "secret", "SIGNING_KEY", "-----BEGIN KEY-----\nabc\n-----END KEY-----\n")
    given: Any = (await sent.value).post_data_json
    assert given["value"] == "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"

    # Another description leaves the secret as it is; its value is nowhere in the page.
    await page.get_by_role("button", name="Edit SHOP_KEY").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Value")).to_have_value("")
    await dialog.get_by_label("Description").fill("Of the shop.")
    await dialog.get_by_role("button", name="Save").click()
    await expect(table).to_contain_text("Of the shop.")
    assert "a-secret-that" not in await page.content()
    found = (await athena.call("GET", "/variables?name=SHOP_KEY"))[0]
    assert found["hint"] == "sk-…ough"

    await page.get_by_label("Kind").select_option("variable")
    await expect(table).not_to_contain_text("SHOP_KEY")
    await page.get_by_role("button", name="Delete SHOP_URL").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("button", name="Delete SHOP_URL")).to_have_count(0)


async def test_a_provider_reads_memories_and_the_packaged_model_does_so_again(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage
) -> None:
    uuid = (await athena.call("GET", f"/agents/{agent}"))["account_uuid"]
    page = await open_page(f"/w/{workspace}/settings/embeddings", viewport=PHONE)
    state = page.get_by_role("status").filter(has_text="Comes with Athena")
    await expect(state).to_be_visible()
    assert await faults(page) == []
    await page.get_by_label("Who reads memories").select_option(uuid)
    await page.get_by_label("Model").fill("mock-embed")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="A provider's")).to_contain_text("mock-embed")
    assert (await athena.call("GET", "/embedding-settings"))["model"] == "mock-embed"
    await page.get_by_label("Who reads memories").select_option("The packaged model")
    await page.get_by_role("button", name="Save").click()
    await expect(state).to_be_visible()
