"""Bundles in the console: opened, looked at, applied; by a file or by a link."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from athena.bundles.files import write_zip
from athena.bundles.format import write
from tests.bundles.conftest import ANSWER, CLOCK, SUPPORT, account, bundle, declared
from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage
from tests.e2e.program import Athena

NEEDING = {"variables": declared(SHOP_TOKEN="secret"), "accounts": [account("shop", "openai")]}


def zipped(version: str, **support: Any) -> bytes:
    """The zip of a bundle whose agent differs in ``support``."""
    agent = type(SUPPORT)("agents", "support", {**SUPPORT.spec, **support})
    return write_zip(write(bundle(CLOCK, agent, ANSWER, name="shown", version=version, **NEEDING)))


async def upload(athena: Athena, content: bytes) -> str:
    """Puts a bundle on the server; its uuid."""
    answer = await athena.client.post("/api/v1/bundles", files={"file": ("b.zip", content, "application/zip")})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


@pytest.mark.usefixtures("agent")
async def test_a_bundle_is_opened_looked_at_and_applied(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    page = await open_page(f"/w/{workspace}/bundles")
    file: Any = {"name": "shown.zip", "mimeType": "application/zip", "buffer": zipped("1.0.0")}
    await page.get_by_label("The zip of a bundle").set_input_files(file)
    rows = page.get_by_role("list", name="What will happen").get_by_role("listitem")
    await expect(rows).to_have_count(3)
    await expect(rows.filter(has_text="Support")).to_contain_text("New")
    await expect(page.get_by_text("The secret SHOP_TOKEN is missing.")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("The workspace is as the bundle says.")).to_be_visible()
    await page.get_by_role("link", name="Support").click()
    await expect(page.get_by_role("heading", level=1, name="Support")).to_be_visible()

    # Somebody changes it; a link brings the next version.
    [made] = [each for each in await athena.call("GET", "/agents") if each["name"] == "Support"]
    await athena.call("PUT", f"/agents/{made['uuid']}", {"system_prompt": "By hand."})
    next_one = await upload(athena, zipped("1.1.0", description="Helps."))
    page = await open_page(f"/?bundle={next_one}")
    support = (
        page.get_by_role("list", name="What will happen").get_by_role("listitem").filter(has_text="Changed by hand")
    )
    await expect(support.get_by_text("-By hand.")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_role("button", name="Apply").click()
    await page.get_by_role("dialog").get_by_role("button", name="Replace").click()
    await expect(page.get_by_text("The workspace is as the bundle says.")).to_be_visible()
    assert (await athena.call("GET", f"/agents/{made['uuid']}"))["description"] == "Helps."


async def test_a_bundle_looks_alike_on_phones_and_in_the_dark(
    athena: Athena, workspace: str, open_page: OpenPage
) -> None:
    bundle_uuid = await upload(
        athena, zipped("2.0.0", name="Other", system_prompt="You help.\nBe kind.\n", colour="red")
    )
    page = await open_page(f"/w/{workspace}/bundles?bundle={bundle_uuid}", viewport=PHONE, color_scheme="dark")
    await expect(page.get_by_text("colour: Extra inputs are not permitted")).to_be_visible()
    await expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    assert await faults(page) == []
