"""The built console in a real browser, against a server as its users start it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright, expect

from athena.console.assets import FOLDER
from tests.conftest import free_port
from tests.e2e.program import Athena

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
EMAIL = "owner@example.com"
PASSWORD = "correct-horse-battery"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 780}
PATIENCE = 60_000
"""Milliseconds, on a machine that has much else to do."""

expect.set_options(timeout=PATIENCE)


def missing(reason: str) -> None:
    """Skips what needs a browser; in the pipeline, which has one, that would hide what is broken."""
    if os.environ.get("ATHENA_TEST_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def console_folder() -> Path:
    """The folder of the built console."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "console.py")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        missing(f"the console is not built: {done.stderr.strip()[-2000:]}")
    return FOLDER


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Chromium or Chrome, whichever is there."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        missing("there is no Chromium or Chrome here; on Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        # Root, as which pipelines often run, has no sandbox; what is looked at is our own.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = await playwright.chromium.launch(executable_path=found, args=arguments)
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="athena-console-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
async def athena(console_folder: Path, browser: Browser, folder: Path) -> AsyncGenerator[Athena]:
    """A server with the console; without a browser none is started."""
    started = Athena(folder, free_port(), ATHENA_BOOTSTRAP_PASSWORD=PASSWORD, ATHENA_LOG_LEVEL="error")
    await started.start()
    started.sign_in_as_first_owner()
    yield started
    await started.close()


@pytest.fixture(scope="session")
async def address(athena: Athena) -> str:
    return str(athena.client.base_url).rstrip("/")


@pytest.fixture(scope="session")
async def agent(athena: Athena, mockllm: str) -> str:
    """An agent of the scripted model, which counts by itself and adds up when it may."""
    uuid = await athena.connect(mockllm, "mock-t20-d10")
    tools: list[str] = []
    for name, code, asks in (("count", "len(arguments['text'])", False), ("sum", "sum(arguments['numbers'])", True)):
        body = {
            "name": name,
            "type": "code",
            "description": f"The {name}.",
            "parameters": {"type": "object"},
            "config": {"code": f"result = {code}"},
            "requires_approval": asks,
        }
        tools.append((await athena.call("POST", "/tools", body))["uuid"])
    await athena.call("PUT", f"/agents/{uuid}", {"tool_uuids": tools})
    return uuid


@pytest.fixture(scope="session")
async def workspace(athena: Athena) -> str:
    return (await athena.call("GET", "/user"))["default_workspace_uuid"]


@pytest.fixture(scope="session")
async def session(athena: Athena, browser: Browser, address: str) -> dict[str, Any]:
    """The cookies of the first owner, signed in once."""
    context = await browser.new_context()
    answer = await context.request.post(
        f"{address}/api/v1/auth/sign-in", data={"email": EMAIL, "password": PASSWORD, "session": True}
    )
    assert answer.ok
    state = await context.storage_state()
    await context.close()
    return dict(state)


@pytest.fixture
async def preferences(athena: Athena) -> AsyncGenerator[None]:
    """What the first owner prefers is as nobody had chosen anything, when the test is over."""
    yield
    nothing = dict.fromkeys(("language", "locale", "time_zone", "theme"))
    await athena.call("PUT", "/user", {"preferences": nothing})


OpenPage = Callable[..., Awaitable[Page]]


class Watched:
    """What must not happen in any page: errors in its console, and requests that fail or go elsewhere."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.problems: list[str] = []
        self.expected: tuple[str, ...] = ()
        """Parts of problems that a test brings about itself."""

    def watch(self, page: Page) -> None:
        page.on("console", lambda said: self._note(said.text, counts=said.type in {"error", "warning"}))
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on(
            "request",
            lambda asked: self._note(f"asked {asked.url}", counts=not asked.url.startswith((self.address, "blob:"))),
        )
        # What the page itself gives up is no fault: the answer to an older search, what a page that is left asked for.
        page.on("requestfailed", lambda lost: self._note(f"lost {lost.url}", counts=lost.failure != "net::ERR_ABORTED"))

    def _note(self, problem: str, *, counts: bool = True) -> None:
        if counts:
            self.problems.append(problem)

    def unexpected(self) -> list[str]:
        return [each for each in self.problems if not any(part in each for part in self.expected)]


@pytest.fixture
def watched(address: str) -> Watched:
    return Watched(address)


@pytest.fixture
async def open_page(
    browser: Browser, address: str, session: dict[str, Any], watched: Watched
) -> AsyncGenerator[OpenPage]:
    """Opens an address as the first owner, or as nobody with ``state=None``; nothing may go wrong in it."""
    contexts: list[BrowserContext] = []

    async def opened(path: str = "/", *, state: Any = session, **options: Any) -> Page:
        looks: dict[str, Any] = {
            "viewport": DESKTOP,
            "color_scheme": "light",
            "locale": "en-GB",
            "reduced_motion": "reduce",
            **options,
        }
        context = await browser.new_context(storage_state=state, **looks)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = await context.new_page()
        watched.watch(page)
        await page.goto(f"{address}{path}")
        return page

    yield opened
    await asyncio.gather(*(context.close() for context in contexts))
    assert watched.unexpected() == []


@pytest.fixture
async def chat(athena: Athena, agent: str, workspace: str, open_page: OpenPage) -> tuple[Page, str]:
    """A new thread of the agent, open; and its uuid."""
    thread = await athena.thread(agent)
    page = await open_page(f"/w/{workspace}/chat/{thread}")
    await page.get_by_role("textbox", name="Message").wait_for()
    return page, thread
