"""Languages that are written from right to left: each text runs as it should, whichever way the page around it runs."""

from __future__ import annotations

import re
from typing import Final

from playwright.async_api import Page, Route, expect

from tests.console.conftest import PHONE, OpenPage
from tests.console.hostile_workspace import Hostile, fill
from tests.e2e.program import Athena

ARABIC: Final = "مرحبا بكم في أثينا"
PLACE: Final = re.compile(r"qq-[a-z-]+-qq")
CODE: Final = "pre, code, kbd, .font-mono, .cm-editor, .hljs, svg, title, option, .sr-only"
TURNED: Final = f"""() => {{
  // Arabic texts whose line would begin at the left, and code whose line would begin at the right.
  const wrong = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {{
    const element = text.parentElement;
    const {{ direction, unicodeBidi }} = getComputedStyle(element);
    if (element.closest("{CODE}")) {{
      if (element.closest("pre, code") && direction === "rtl") wrong.push(`code: ${{element.outerHTML.slice(0, 200)}}`);
    }} else if (/[\\u0600-\\u06ff]/.test(text.data) && direction !== "rtl" && unicodeBidi !== "plaintext") {{
      wrong.push(element.outerHTML.slice(0, 200));
    }}
  }}
  for (const field of document.querySelectorAll("input, textarea")) {{
    const {{ direction, unicodeBidi }} = getComputedStyle(field);
    const isRight = direction === "rtl" || unicodeBidi === "plaintext";
    if (/[\\u0600-\\u06ff]/.test(field.value) && !isRight) wrong.push(field.outerHTML.slice(0, 200));
  }}
  return wrong;
}}"""


async def in_arabic(route: Route) -> None:
    """Answers as the server does, in Arabic."""
    if route.request.url.partition("?")[0].endswith(("/events", "/content")):
        await route.continue_()
        return
    answer = await route.fetch()
    await route.fulfill(response=answer, body=PLACE.sub(ARABIC, await answer.text()))


def pages(made: Hostile) -> list[str]:
    return [
        f"chat/{made.thread}",
        "agents",
        f"agents/{made.agent}",
        f"workflows/{made.workflow}?panel=workflow",
        "approvals",
        f"prompts/{made.prompt}",
        "memories",
    ]


async def is_as_wide_as_the_window(page: Page) -> bool:
    return await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_texts_run_from_right_to_left_in_a_page_of_either_direction(
    athena: Athena, mockllm: str, address: str, open_page: OpenPage
) -> None:
    made = await fill(athena, mockllm, address)
    page = await open_page("/sign-in")
    await page.route("**/api/v1/**", in_arabic)
    found: dict[str, list[str]] = {}
    for path in pages(made):
        await page.goto(f"{address}/w/{made.uuid}/{path}")
        await page.get_by_role("main").get_by_text(re.compile("[\u0600-\u06ff]")).first.wait_for(state="attached")
        found[path] = await page.evaluate(TURNED)
        await page.evaluate("document.documentElement.dir = 'rtl'")
        found[path] += await page.evaluate(TURNED)
        assert await is_as_wide_as_the_window(page), path
        box = await page.get_by_role("complementary", name="Navigation").bounding_box()
        assert box
        assert box["x"] > 600, "the sidebar stands where lines begin"
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


async def test_what_is_written_from_right_to_left_is_said_so(chat: tuple[Page, str]) -> None:
    page, _ = chat
    await page.set_viewport_size(PHONE)
    await page.evaluate("document.documentElement.dir = 'rtl'")
    box = page.get_by_role("textbox", name="Message")
    await box.fill(f"[[say: {ARABIC}\n\n- `code = 1`\n\n```python\nx = 1\n```\n]]")
    await page.keyboard.press("Enter")
    answer = page.get_by_role("article", name="Answer")
    await expect(answer.get_by_role("button", name="Answer anew")).to_be_visible()
    await expect(answer.locator(".prose")).to_have_css("direction", "rtl")
    await expect(answer.locator("pre")).to_have_css("direction", "ltr")
    await expect(answer.locator("li code")).to_have_css("direction", "ltr")
    assert await is_as_wide_as_the_window(page)
