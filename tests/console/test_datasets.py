"""Datasets in the console: cases by hand, from a table and from a chat; changed, and deleted."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage, Watched
from tests.e2e.program import Athena

PASTED = 'input,expected,type\n"Capital of France, please?",Paris,\nOf Italy?,^Rom,regex\n'


async def _overwrite_nothing(athena: Athena, page: Page, dataset: str) -> None:
    """Somebody else's change of a case is not lost."""
    row, dialog = page.get_by_role("row").filter(has_text="Spain"), page.get_by_role("dialog")
    path = f"/datasets/{dataset}/items"
    spain = (await athena.call("GET", f"{path}?search=Spain"))[0]
    await row.get_by_role("button", name="Edit").click()
    await dialog.get_by_label("Expected 1").fill("Mine")
    theirs = [{"type": "contains", "value": "Theirs"}]
    await athena.call("PUT", f"{path}/{spain['uuid']}", {"expectations": theirs})
    await dialog.get_by_role("button", name="Save").click()
    await dialog.get_by_role("button", name="Load it").click()
    await expect(dialog.get_by_label("Expected 1")).to_have_value("Theirs")
    await dialog.get_by_label("Expected 1").fill("Ours")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("holds Ours")


async def test_a_dataset_is_made_filled_and_changed(
    athena: Athena, workspace: str, open_page: OpenPage, watched: Watched
) -> None:
    watched.expected = ("status of 412",)
    page = await open_page(f"/w/{workspace}/datasets")
    await page.get_by_role("button", name="New dataset").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Capitals")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Paste cases").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Cases").fill("input,expected\nOf Peru?,")
    await expect(dialog.get_by_role("alert")).to_have_text("Line 2: “expected” is missing.")
    await expect(dialog.get_by_role("button", name="Add", exact=True)).to_be_disabled()
    await dialog.get_by_label("Cases").fill(PASTED)
    await dialog.get_by_role("button", name="Add 2 cases").click()
    rows = page.get_by_role("table", name="Cases").get_by_role("row")
    await expect(rows.nth(1)).to_contain_text("Capital of France, please?holds Paris")

    await page.get_by_role("button", name="Add a case").click()
    await dialog.get_by_label("What the user says").fill("And of Spain?")
    await dialog.get_by_role("button", name="Add what was said before").click()
    await dialog.get_by_label("Message 1", exact=True).fill("I am in Europe.")
    await dialog.get_by_label("Expected 1").fill("Madrid")
    await dialog.get_by_role("button", name="And …").click()
    await dialog.get_by_label("Expectation 2", exact=True).select_option("is exactly")
    await dialog.get_by_label("Expected 2").fill("Madrid.")
    assert await faults(page) == []
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(rows.nth(3)).to_contain_text("And of Spain?after 1 messagesholds Madridis exactly Madrid.")

    dataset = page.url.rsplit("/", 1)[1]
    await _overwrite_nothing(athena, page, dataset)
    await page.get_by_role("searchbox", name="Search cases").fill("Italy")
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Delete Of Italy?").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No case has this in it.")).to_be_visible()
    assert (await athena.call("GET", f"/datasets/{dataset}"))["items_count"] == 2


async def test_an_answer_in_a_chat_becomes_a_case(
    athena: Athena, workspace: str, open_page: OpenPage, chat: tuple[Page, str]
) -> None:
    page, _ = chat
    for text in ("[[say: Hello Ada]] I am Ada", "[[say: Ada]] Who am I?"):
        await page.get_by_role("textbox", name="Message").fill(text)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Into a dataset").last).to_be_visible()
    await expect(page.get_by_role("button", name="Into a dataset")).to_have_count(2)
    await page.get_by_role("button", name="Into a dataset").last.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Dataset", exact=True).select_option("A new dataset")
    await dialog.get_by_label("Name of the dataset").fill("From chats")
    await expect(dialog.get_by_label("Message 2", exact=True)).to_have_value("Hello Ada")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog).to_have_count(0)
    made = (await athena.call("GET", "/datasets?search=From chats"))[0]
    phone = await open_page(f"/w/{workspace}/datasets/{made['uuid']}", viewport=PHONE, color_scheme="dark")
    row = phone.get_by_role("table", name="Cases").get_by_role("row").nth(1)
    await expect(row).to_contain_text("Who am I?after 2 messagesholds Ada")
    assert await faults(phone) == []
