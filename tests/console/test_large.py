"""Very many chats, very long chats and very long messages are found, read and answered as others are."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import OpenPage
from tests.console.large import add_messages, add_threads
from tests.e2e.program import Athena

LONG = " ".join(f"word{number}" for number in range(12_000))[:100_000]


@pytest.fixture
async def elsewhere(athena: Athena) -> str:
    """A workspace of its own: others do not look through all this."""
    return (await athena.call("POST", "/workspaces", {"name": "Large"}))["uuid"]


async def thread_in(athena: Athena, workspace: str, name: str) -> str:
    return (await athena.call("POST", f"/threads?workspace_uuid={workspace}", {"name": name}))["uuid"]


async def is_seen(page: Page, text: str) -> None:
    await expect(page.get_by_text(text, exact=True)).to_be_in_viewport()


async def test_a_thousand_chats_are_scrolled_through_and_searched(
    athena: Athena, agent: str, elsewhere: str, open_page: OpenPage
) -> None:
    await add_threads(athena.folder / "data", elsewhere, None, 1000)
    page = await open_page(f"/w/{elsewhere}/chat")
    chats = page.get_by_role("navigation", name="Chats")
    links = chats.get_by_role("link")
    await expect(links).to_have_count(50)
    for shown in (100, 150, 200):
        await links.last.scroll_into_view_if_needed()
        await chats.locator("div").last.scroll_into_view_if_needed()
        await expect(links).to_have_count(shown)
    await page.get_by_label("Search chats").fill("chat 987")
    await expect(links).to_have_text(["Chat 987"])
    await links.first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Chat 987")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("chat 500")
    await page.get_by_role("option", name="Chat 500").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Chat 500")


async def test_a_chat_of_two_thousand_messages_opens_at_its_end_and_goes_back(
    athena: Athena, elsewhere: str, open_page: OpenPage
) -> None:
    thread = await thread_in(athena, elsewhere, "Long talk")
    await add_messages(athena.folder / "data", elsewhere, thread, 2000)
    page = await open_page(f"/w/{elsewhere}/chat/{thread}")
    messages = page.get_by_role("log").locator("article")
    conversation = page.get_by_role("region", name="Conversation")
    await expect(messages).to_have_count(100)
    await expect(messages.last).to_contain_text("This is message 2000.")
    await expect(messages.last.get_by_text("message 2000").last).to_be_in_viewport()
    for shown in (200, 300):
        before = await messages.first.get_by_text("This is message").text_content()
        assert before
        await conversation.evaluate("(box) => { box.scrollTop = 0; }")
        await expect(messages).to_have_count(shown)
        # What one was reading stays where it was.
        await is_seen(page, before)
    await page.get_by_role("button", name="To the newest message").click()
    await expect(messages.last.get_by_text("message 2000").last).to_be_in_viewport()


async def test_a_message_of_a_hundred_thousand_characters_is_said_and_read(agent: str, chat: tuple[Page, str]) -> None:
    page, _ = chat
    box = page.get_by_role("textbox", name="Message")
    await box.fill(LONG)
    await box.press("End")
    await page.keyboard.type(" and so on")
    await page.keyboard.press("Enter")
    said = page.get_by_role("article", name="You said")
    await expect(said).to_contain_text("and so on")
    assert len(await said.locator("p").text_content() or "") == len(LONG) + len(" and so on")
    await expect(page.get_by_role("article", name="Answer").get_by_role("alert")).to_contain_text("Shorten the message")
    await page.get_by_role("button", name="Edit as a new branch").click()
    await page.get_by_role("textbox", name="Message").first.fill("[[delay: 0]] [[tokens: 18000]]")
    await page.get_by_role("button", name="Send").first.click()
    await expect(page.get_by_role("group", name="Branches").first).to_contain_text("2/2")
    answer = page.get_by_role("article", name="Answer")
    await expect(answer.get_by_role("button", name="Answer anew")).to_be_visible()
    assert len(await answer.locator(".prose").text_content() or "") > 90_000
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
