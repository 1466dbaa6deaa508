"""How smooth the console is in a real browser: much in a chat, typing during a stream, 500 nodes, and first loads.

python -m benchmarks.console [chat] [typing] [editor] [load]

Frames are counted by ``requestAnimationFrame`` in a headless Chromium at 1,600 by 1,000 pixels, which draws on the CPU.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, Page, ViewportSize, async_playwright

from benchmarks.program import Program, first_owner, running
from tests.console.large import add_messages, add_threads

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZE: Final[ViewportSize] = {"width": 1600, "height": 1000}
FRAMES: Final = (Path(__file__).parent / "frames.js").read_text("utf-8")
LONG_TASKS: Final = """
    window.vitals = {shift: 0, blocked: 0, paint: 0, largest: 0};
    new PerformanceObserver((list) => list.getEntries().forEach((each) => {
      if (!each.hadRecentInput) vitals.shift += each.value; })).observe({type: 'layout-shift', buffered: true});
    new PerformanceObserver((list) => list.getEntries().forEach((each) => {
      vitals.blocked += Math.max(0, each.duration - 50); })).observe({type: 'longtask', buffered: true});
    new PerformanceObserver((list) => list.getEntries().forEach((each) => {
      vitals.largest = each.startTime; })).observe({type: 'largest-contentful-paint', buffered: true});
"""


@dataclass
class Console:
    """A running Athena, its first owner's workspace, and a browser that is signed in."""

    program: Program
    workspace: str
    browser: Browser
    state: Any

    @asynccontextmanager
    async def page(self, path: str, **options: Any) -> AsyncGenerator[Page]:
        """A page of the workspace."""
        context = await self.browser.new_context(storage_state=self.state, viewport=SIZE, locale="en-GB", **options)
        page = await context.new_page()
        await page.add_init_script(FRAMES)
        await page.add_init_script(LONG_TASKS)
        await page.goto(f"{self.program.url}/w/{self.workspace}/{path}")
        yield page
        await context.close()

    async def make(self, path: str, body: Any) -> str:
        """The uuid of something new."""
        connection = self.program.connect()
        made = await connection.json("POST", f"/api/v1/{path}", body)
        connection.close()
        return made["data"]["uuid"]


async def frames(page: Page, work: Callable[[], Awaitable[Any]]) -> str:
    """How frames came while something was done."""
    await page.evaluate("frames.begin()")
    await work()
    taken = sorted(await page.evaluate("frames.end()"))
    late = sum(each > 34 for each in taken)
    return (
        f"{1000 * len(taken) / sum(taken):.0f} frames/s, median {statistics.median(taken):.1f} ms, "
        f"p95 {taken[int(0.95 * len(taken))]:.1f} ms, worst {taken[-1]:.0f} ms, {late} of {len(taken)} later than 34 ms"
    )


async def wheel(page: Page, delta: int, turns: int) -> None:
    """Turns the wheel as a hand does, about sixty times a second."""
    for _ in range(turns):
        await page.mouse.wheel(0, delta)
        await page.wait_for_timeout(16)


async def measure_chat(console: Console) -> None:
    """2,000 messages in a chat, beside 1,000 chats."""
    await add_threads(console.program.data_dir, console.workspace, console.program.agent_uuid, 1000)
    thread = await console.make("threads", {"name": "Long", "agent_uuid": console.program.agent_uuid})
    await add_messages(console.program.data_dir, console.workspace, thread, 2000)
    async with console.page(f"chat/{thread}") as page:
        messages = page.get_by_role("log").locator("article")
        await messages.nth(99).wait_for()
        opened = await page.evaluate("performance.now()")
        print(f"a chat of 2,000 messages: at its end after {opened:.0f} ms")
        await page.mouse.move(800, 500)
        print("  scrolling back through it:", await frames(page, lambda: wheel(page, -400, 300)))
        conversation = page.get_by_role("region", name="Conversation")
        while await messages.count() < 2000:
            await conversation.evaluate("(box) => { box.scrollTop = 0; }")
            await page.wait_for_timeout(50)
        print("  with all of it there:", await frames(page, lambda: wheel(page, 400, 300)))
        print("  typing below it:", await typing(page))


async def typing(page: Page) -> str:
    """How long a key takes until what it wrote is drawn."""
    box = page.get_by_role("textbox", name="Message")
    await box.focus()
    await page.evaluate("frames.keys()")
    for letter in "the quick brown fox jumps over the lazy dog" * 2:
        await page.keyboard.press("Space" if letter == " " else letter)
        await page.wait_for_timeout(20)
    taken = sorted(await page.evaluate("frames.drawn()"))
    late = taken[int(0.95 * len(taken))]
    return f"a key is drawn after {statistics.median(taken):.1f} ms, p95 {late:.1f}, worst {taken[-1]:.0f}"


async def measure_typing(console: Console) -> None:
    """Typing while an answer of 200 tokens a second comes, and into a very long message."""
    thread = await console.make("threads", {"name": "Stream", "agent_uuid": console.program.agent_uuid})
    async with console.page(f"chat/{thread}") as page:
        box = page.get_by_role("textbox", name="Message")
        await box.fill("[[tokens: 3000]] [[delay: 5]]")
        await box.press("Enter")
        await page.get_by_role("article", name="Answer").get_by_text("brown fox").first.wait_for()
        print("during a stream of 200 tokens a second:", await typing(page))
        print("  frames meanwhile:", await frames(page, lambda: page.wait_for_timeout(3000)))
        await page.get_by_role("button", name="Stop the answer").click()
        await box.fill("word " * 20_000)
        print("in a message of 100,000 characters:", await typing(page))


async def measure_editor(console: Console) -> None:
    """A workflow of 500 nodes."""
    nodes = [{"id": "n0", "type": "manual_trigger", "position": {"x": 0, "y": 0}}]
    nodes += [
        {"id": f"n{n}", "type": "set", "name": f"Step {n}", "position": {"x": n % 25 * 300, "y": n // 25 * 140},
         "data": {"fields": {"a": n}}}
        for n in range(1, 500)
    ]  # fmt: skip
    edges = [{"source": f"n{n - 1}", "target": f"n{n}"} for n in range(1, 500)]
    uuid = await console.make("workflows", {"name": "Large", "nodes": nodes, "edges": edges})
    async with console.page(f"workflows/{uuid}") as page:
        await page.locator(".react-flow__node").nth(400).wait_for()
        await page.wait_for_timeout(1000)
        await page.mouse.move(700, 500)
        print("500 nodes in sight: moving the canvas:", await frames(page, lambda: drag(page)))
        print("  zooming in and out:", await frames(page, lambda: zoom(page)))
        await page.mouse.move(700, 500)
        await wheel(page, -100, 25)
        print("  moving it near by:", await frames(page, lambda: drag(page)))


async def drag(page: Page) -> None:
    """Moves the canvas to and fro by its ground."""
    await page.mouse.move(700, 985)
    await page.mouse.down()
    for turn in range(150):
        await page.mouse.move(700 + 300 * (turn // 25 % 2 * 2 - 1) * (turn % 25) / 25, 985 - turn % 25 * 8)
        await page.wait_for_timeout(10)
    await page.mouse.up()


async def zoom(page: Page) -> None:
    """Zooms a little in and out."""
    for delta in (-12, 12) * 3:
        await wheel(page, delta, 20)


async def measure_load(console: Console) -> None:
    """First loads with nothing kept, as Lighthouse throttles a desktop: 40 ms, 10 Mbit/s, the CPU as it is."""
    thread = await console.make("threads", {"name": "Loaded", "agent_uuid": console.program.agent_uuid})
    await add_messages(console.program.data_dir, console.workspace, thread, 40)
    for path, what in ((f"chat/{thread}", "a chat"), ("", "a new chat"), (None, "the sign-in")):
        context = await console.browser.new_context(
            storage_state=None if path is None else console.state, viewport=SIZE
        )
        page = await context.new_page()
        session: CDPSession = await context.new_cdp_session(page)
        line = {"offline": False, "latency": 40, "downloadThroughput": 1.28e6, "uploadThroughput": 1.28e6}
        await session.send("Network.emulateNetworkConditions", line)
        await page.add_init_script(LONG_TASKS)
        address = (
            f"{console.program.url}/sign-in" if path is None else f"{console.program.url}/w/{console.workspace}/{path}"
        )
        await page.goto(address)
        await page.get_by_role("textbox").first.wait_for()
        await page.wait_for_timeout(1500)
        vitals = await page.evaluate(
            "({...vitals, paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0})"
        )
        print(
            f"{what}: first paint {vitals['paint']:.0f} ms, largest {vitals['largest']:.0f} ms, "
            f"blocked {vitals['blocked']:.0f} ms, shift {vitals['shift']:.3f}"
        )
        await context.close()


PARTS: Final[dict[str, Callable[[Console], Awaitable[None]]]] = {
    "chat": measure_chat,
    "typing": measure_typing,
    "editor": measure_editor,
    "load": measure_load,
}


async def main(wanted: list[str]) -> None:
    """Prints the figures."""
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "scripts/console.py"], check=False)
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if done.returncode or path is None:
        raise SystemExit("It needs the built console, and Chromium or Chrome.")
    async with running() as program, async_playwright() as playwright:
        connection = program.connect()
        workspace = (await connection.json("GET", "/api/v1/user"))["data"]["default_workspace_uuid"]
        connection.close()
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        context = await browser.new_context()
        kept = first_owner(program.data_dir)
        given = {"email": kept["email"], "password": kept["password"], "session": True}
        answer = await context.request.post(f"{program.url}/api/v1/auth/sign-in", data=given)
        assert answer.ok, await answer.text()
        console = Console(program, workspace, browser, await context.storage_state())
        for part in wanted or list(PARTS):
            await PARTS[part](console)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
