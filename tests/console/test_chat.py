"""Conversations in the console, from the first word to the last, over lost connections and restarts."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

from playwright.async_api import Page, expect

from tests.console.conftest import OpenPage, Watched
from tests.e2e.program import Athena

WORDS = "the quick brown fox jumps over a lazy dog"
BROKEN_STREAMS = (Path(__file__).parent / "broken_streams.js").read_text("utf-8")
HAND_FILES = (Path(__file__).parent / "hand_files.js").read_text("utf-8")
LONG = "[[tokens: 60]] [[delay: 40]]"
MARKDOWN = """Look:

# A plan

A **bold** word, `code`, and a [link](https://example.com/a).

| City | Degrees |
|---|---|
| Oslo | 4 |

```python
def add(a, b):
    return a + b
```
"""


async def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Message")
    await box.fill(text)
    await box.press("Enter")


async def answered(page: Page, number: int = 1) -> None:
    """Waits until that many answers are there, whole."""
    await expect(page.get_by_role("button", name="Answer anew")).to_have_count(number)


async def stored(athena: Athena, thread: str) -> list[str]:
    """The thread's messages, as the API has them."""
    found = await athena.call("GET", f"/messages?thread_uuid={thread}&sort=created_at&per_page=100")
    return [each["content"] for each in found]


async def test_a_first_message_begins_a_thread(athena: Athena, agent: str, workspace: str, open_page: OpenPage) -> None:
    page = await open_page("/")
    await expect(page).to_have_url(re.compile(f"/w/{workspace}/chat$"))
    await page.get_by_role("button", name="Agent:").click()
    await page.get_by_role("combobox", name="Agent: Search").fill("tell")
    await page.keyboard.press("Enter")
    await say(page, "Tell me a story. [[say: Once upon a time.]]")
    await answered(page)
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("Once upon a time.")
    await expect(page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}$"))
    # The thread is named by what is said in it, and stands at the top of the list.
    first = page.get_by_role("navigation", name="Chats").get_by_role("link").first
    await expect(first).not_to_have_text("New chat")
    await expect(first).to_have_attribute("aria-current", "page")


async def test_markdown_is_shown_as_it_is_meant(chat: tuple[Page, str]) -> None:
    page, _ = chat
    await say(page, f"[[say: {MARKDOWN}]]")
    await answered(page)
    answer = page.get_by_role("article", name="Answer")
    await expect(answer.get_by_role("heading", name="A plan")).to_be_visible()
    await expect(answer.get_by_role("cell", name="Oslo")).to_be_visible()
    await expect(answer.get_by_role("link", name="link")).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(answer.locator(".hljs-keyword").first).to_have_text("def")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await answer.locator(".code-head").get_by_role("button", name="Copy").click()
    assert await page.evaluate("navigator.clipboard.readText()") == "def add(a, b):\n    return a + b"
    await expect(answer).to_contain_text("tokens")


async def test_a_reload_in_the_middle_of_an_answer_loses_nothing(athena: Athena, chat: tuple[Page, str]) -> None:
    page, thread = chat
    await say(page, LONG)
    answer = page.get_by_role("article", name="Answer")
    await expect(answer).to_contain_text("quick")
    await page.reload()
    await expect(answer).to_contain_text("lazy dog")
    await expect(page.get_by_role("button", name="Stop the answer")).to_be_visible()
    await answered(page)
    said = (await stored(athena, thread))[-1].strip()
    assert said.startswith(WORDS)
    assert (await answer.locator(".prose").inner_text()).strip() == said


async def test_a_lost_connection_is_told_and_mended(athena: Athena, chat: tuple[Page, str], watched: Watched) -> None:
    page, thread = chat
    watched.expected = ("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED", "lost ")
    await page.evaluate(BROKEN_STREAMS)
    await say(page, LONG)
    await expect(page.get_by_text("The connection is lost.")).to_be_visible()
    await page.evaluate("window.mendStreams()")
    await answered(page)
    await expect(page.get_by_text("The connection is lost.")).to_have_count(0)
    shown = await page.get_by_role("article", name="Answer").locator(".prose").inner_text()
    assert shown.strip() == (await stored(athena, thread))[-1].strip()


async def test_an_answer_outlives_the_server(athena: Athena, chat: tuple[Page, str], watched: Watched) -> None:
    page, thread = chat
    watched.expected = ("Failed to load resource", "lost ")
    await say(page, "[[tokens: 100]] [[delay: 80]]")
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("quick")
    await asyncio.to_thread(athena.end, signal.SIGTERM)
    try:
        await expect(page.get_by_text("The connection is lost.")).to_be_visible()
    finally:
        # Whatever comes of it: the other tests go on with this server.
        await athena.start()
    await answered(page)
    shown = await page.get_by_role("article", name="Answer").locator(".prose").inner_text()
    assert shown.strip() == (await stored(athena, thread))[-1].strip()


async def test_an_answer_is_stopped_and_given_anew(athena: Athena, chat: tuple[Page, str]) -> None:
    page, thread = chat
    await say(page, "[[tokens: 1000]] [[delay: 40]]")
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("quick")
    await page.get_by_role("button", name="Stop the answer").click()
    await expect(page.get_by_text("The answer was stopped here.")).to_be_visible()
    await page.get_by_role("button", name="Answer anew").click()
    await expect(page.get_by_role("group", name="Branches")).to_contain_text("2/2")
    assert len(await stored(athena, thread)) == 3
    await page.get_by_role("button", name="Stop the answer").click()
    await answered(page)
    await page.get_by_role("button", name="The branch before").click()
    await expect(page.get_by_text("The answer was stopped here.")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"\?at="))


async def test_an_edit_is_a_branch_of_its_own(chat: tuple[Page, str]) -> None:
    page, _ = chat
    await say(page, "[[say: First answer.]]")
    await answered(page)
    await say(page, "[[say: Second answer.]]")
    await answered(page, 2)
    first = page.get_by_role("article", name="You said").first
    await first.hover()
    await first.get_by_role("button", name="Edit as a new branch").click()
    form = page.get_by_role("form", name="Edit as a new branch")
    await form.get_by_role("textbox").fill("[[say: Another answer.]]")
    await form.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("article", name="Answer").last).to_contain_text("Another answer.")
    await expect(page.get_by_text("Second answer.")).to_have_count(0)
    await page.get_by_role("button", name="The branch before").click()
    await expect(page.get_by_role("article", name="Answer").last).to_contain_text("Second answer.")
    # The address leads to this branch.
    await page.reload()
    await expect(page.get_by_role("article", name="Answer").last).to_contain_text("Second answer.")


async def test_tools_are_folded_and_approved_in_place(chat: tuple[Page, str]) -> None:
    page, _ = chat
    await say(page, '[[tool: count {"text":"hello"}]] [[tool: sum {"numbers":[1,2]}]]')
    card = page.get_by_role("region", name="Approval")
    await expect(card).to_contain_text("sum")
    # What waits is there after a reload, too.
    await page.reload()
    await card.get_by_role("button", name="Edit arguments").click()
    await card.get_by_role("textbox", name="Arguments").fill("{not json")
    await card.get_by_role("button", name="Approve as edited").click()
    await expect(card.get_by_role("alert")).to_contain_text("This is not JSON")
    await card.get_by_role("textbox", name="Arguments").fill('{"numbers": [40, 2]}')
    await card.get_by_role("button", name="Approve as edited").click()
    await answered(page)
    calls = page.get_by_role("article", name="Answer").locator("details")
    await expect(calls).to_have_count(2)
    await expect(calls.nth(1).get_by_label("Result")).to_be_hidden()
    await calls.nth(1).locator("summary").click()
    await expect(calls.nth(1).get_by_label("Result")).to_have_text("42")


async def test_a_call_is_refused(chat: tuple[Page, str]) -> None:
    page, _ = chat
    await say(page, '[[tool: sum {"numbers":[1,2]}]]')
    await page.get_by_role("region", name="Approval").get_by_role("button", name="Refuse").click()
    await answered(page)
    await page.get_by_role("article", name="Answer").locator("summary").click()
    await expect(page.get_by_label("Result")).to_contain_text("a human refused this call")


async def test_files_come_by_paste_and_drop(athena: Athena, chat: tuple[Page, str]) -> None:
    page, thread = chat
    await page.get_by_role("textbox", name="Message").focus()
    await page.evaluate(HAND_FILES, "paste")
    await page.evaluate(HAND_FILES, "drop")
    attached = page.get_by_role("list", name="Attachments")
    await expect(attached).to_contain_text("paste.txt")
    await page.get_by_role("button", name="Remove drop.txt").click()
    await expect(attached.get_by_role("listitem")).to_have_count(1)
    await expect(attached.get_by_role("status")).to_have_count(0)
    await say(page, "[[say: I see.]]")
    await answered(page)
    await expect(page.get_by_role("article", name="You said").get_by_role("link", name="paste.txt")).to_be_visible()
    (message, _) = await athena.call("GET", f"/messages?thread_uuid={thread}&sort=created_at&with=attachments")
    assert [each["name"] for each in message["attachments"]] == ["paste.txt"]


async def test_an_answer_is_rated(athena: Athena, chat: tuple[Page, str]) -> None:
    page, thread = chat
    await say(page, "[[say: Fine.]]")
    await answered(page)
    good = page.get_by_role("button", name="A good answer")
    async with page.expect_response(lambda answer: answer.request.method == "PUT"):
        await good.click()
        await expect(good).to_have_attribute("aria-pressed", "true")
    await page.reload()
    await expect(good).to_have_attribute("aria-pressed", "true")
    found = await athena.call("GET", f"/messages?thread_uuid={thread}&feedback_rating=1")
    assert len(found) == 1


async def test_a_failed_answer_says_why_and_can_be_tried_again(chat: tuple[Page, str]) -> None:
    page, _ = chat
    await say(page, "[[error: 400]]")
    alert = page.get_by_role("article", name="Answer").get_by_role("alert")
    await expect(alert).to_contain_text("Run")
    await expect(page.get_by_role("button", name="Answer anew")).to_be_visible()


async def test_what_cannot_be_sent_comes_back_with_the_reason(open_page: OpenPage, watched: Watched) -> None:
    watched.expected = ("Failed to load resource",)
    page = await open_page("/")
    await page.get_by_role("button", name="Agent:").click()
    await page.get_by_role("option", name="No agent").click()
    await say(page, "Hello?")
    await expect(page.get_by_role("alert")).to_contain_text("Request")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("Hello?")
