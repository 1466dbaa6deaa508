"""What workflows did: found, repaired, cancelled, and approved."""

from __future__ import annotations

import asyncio
import itertools
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage
from tests.e2e.program import Athena


async def workflow(athena: Athena, name: str, *nodes: dict[str, Any]) -> str:
    """A workflow of nodes in a row; its uuid."""
    row = [{"id": "start", "type": "manual_trigger"}, *nodes]
    edges = [{"source": one["id"], "target": other["id"]} for one, other in itertools.pairwise(row)]
    made = await athena.call("POST", "/workflows", {"name": name, "nodes": row, "edges": edges})
    assert made["problems"] == []
    return made["uuid"]


async def started(athena: Athena, uuid: str, given: Any, status: str) -> str:
    """A new execution, once it has come to a status; its uuid."""
    run = await athena.call("POST", f"/workflows/{uuid}/run", {"input": given, "background": True}, status=202)
    await reached(athena, run["uuid"], status)
    return run["uuid"]


async def reached(athena: Athena, run: str, status: str) -> dict[str, Any]:
    """An execution once it has come to a status."""
    async with asyncio.timeout(20):
        while True:
            found = await athena.call("GET", f"/workflow-executions/{run}")
            if found["status"] == status:
                return found
            await asyncio.sleep(0.05)


def divide() -> dict[str, Any]:
    return {"id": "divide", "type": "code", "data": {"code": "result = {'share': 100 / input['people']}"}}


def ask(title: str) -> dict[str, Any]:
    return {"id": "ask", "type": "approval", "data": {"title": title, "editable": True, "payload": "{{ input }}"}}


async def test_a_failed_execution_is_found_by_its_error_and_repaired(
    athena: Athena, workspace: str, open_page: OpenPage
) -> None:
    uuid = await workflow(athena, "Fair shares", divide())
    await started(athena, uuid, {"people": 4}, "succeeded")
    await started(athena, uuid, {"people": 0}, "failed")
    page = await open_page(f"/w/{workspace}/executions/errors?workflow={uuid}")
    await page.get_by_role("link", name=re.compile("division")).click()
    await expect(page).to_have_url(re.compile("fingerprint="))
    await page.get_by_role("link", name="Fair shares").click()
    panel = page.get_by_role("region", name="divide")
    await expect(panel.get_by_role("region", name="Error")).to_contain_text("division")
    await expect(panel.get_by_role("region", name="Input of divide")).to_contain_text("people: 0")
    assert await faults(page) == []

    await page.get_by_role("button", name="Retry").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("switch", name="Edit the input").click()
    await dialog.get_by_label("Input", exact=True).fill('{"people": 5')
    await expect(dialog).to_contain_text("This is not JSON")
    await dialog.get_by_label("Input", exact=True).fill('{"people": 5}')
    await dialog.get_by_role("button", name="Retry").click()
    await expect(page.get_by_role("region", name="Output", exact=True)).to_contain_text("share: 20")
    await expect(page.get_by_text("Retry of")).to_be_visible()


async def test_many_are_cancelled_and_a_view_is_kept(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    uuid = await workflow(athena, "Long wait", ask("May it go on?"))
    runs = [await started(athena, uuid, {"total": total}, "waiting") for total in (1, 2, 3)]
    page = await open_page(f"/w/{workspace}/executions?workflow={uuid}")
    rows = page.get_by_role("table", name="Executions").locator("tbody tr")
    await expect(rows).to_have_count(3)
    await rows.first.get_by_role("checkbox").check()
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel executions").click()
    statuses = page.get_by_role("navigation", name="By status")
    await expect(statuses.get_by_role("link", name="Cancelled")).to_have_text("Cancelled1")
    await statuses.get_by_role("link", name="Waiting").click()
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Views").click()
    await page.get_by_role("menuitem", name="Save these filters").click()
    await page.get_by_label("Name").fill("What hangs")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="What hangs")).to_be_visible()
    await page.get_by_role("button", name="Cancel all").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel executions").click()
    await expect(page.get_by_text("No execution matches")).to_be_visible()
    assert {(await athena.call("GET", f"/workflow-executions/{run}"))["status"] for run in runs} == {"cancelled"}
    await page.goto(f"{page.url.split('?')[0]}?status=failed")
    await page.get_by_role("button", name="Views").click()
    await page.get_by_role("menuitemcheckbox", name="What hangs").click()
    await expect(page).to_have_url(re.compile(f"status=waiting.*workflow={uuid}|workflow={uuid}.*status=waiting"))


async def test_an_approval_is_edited_and_given_on_a_phone(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    uuid = await workflow(athena, "Payment", ask("Pay {{ input.total }}?"))
    run = await started(athena, uuid, {"total": 700}, "waiting")
    page = await open_page(f"/w/{workspace}/approvals", viewport=PHONE, has_touch=True)
    card = page.get_by_role("article", name="Pay 700?")
    await card.get_by_role("button", name="Edit").tap()
    await card.get_by_label("What it is about").fill('{"total": 70}')
    await card.get_by_label("Comment").fill("One zero less.")
    assert await faults(page) == []
    assert await is_as_wide_as_the_window(page)
    await card.get_by_role("button", name="Approve as edited").tap()
    await expect(card).to_have_count(0)
    done = await reached(athena, run, "succeeded")
    assert (done["output"]["payload"], done["output"]["comment"]) == ({"total": 70}, "One zero less.")


async def test_what_waits_is_counted_and_answered_in_its_execution(
    athena: Athena, workspace: str, open_page: OpenPage
) -> None:
    uuid = await workflow(athena, "Order", ask("Order it?"))
    run = await started(athena, uuid, {"total": 1}, "waiting")
    page = await open_page(f"/w/{workspace}/executions/{run}")
    await expect(page.get_by_role("link", name=re.compile(r"Approvals \d+ open"))).to_be_visible()
    await page.get_by_role("article", name="Order it?").get_by_role("button", name="Approve").click()
    await expect(page.locator("dl")).to_contain_text("Succeeded")
    await expect(page.get_by_role("article", name="Order it?")).to_have_count(0)


async def test_a_loop_is_gone_through_pass_by_pass(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    nodes = [
        {"id": "start", "type": "manual_trigger"},
        {"id": "each", "type": "loop", "data": {"items": "{{ trigger.input }}"}},
        {"id": "double", "type": "set", "data": {"fields": {"price": "{{ item * 2 }}"}}},
    ]
    edges = [
        {"source": "start", "target": "each"},
        {"source": "each", "source_handle": "item", "target": "double"},
        {"source": "double", "target": "each", "target_handle": "next"},
    ]
    made = await athena.call("POST", "/workflows", {"name": "Doubling", "nodes": nodes, "edges": edges})
    run = await started(athena, made["uuid"], [3, 5, 7], "succeeded")
    page = await open_page(f"/w/{workspace}/executions/{run}?node=each")
    passes = page.get_by_role("region", name="Passes")
    output = passes.get_by_role("region", name="Output of double")
    await expect(output).to_contain_text("price: 6")
    await passes.get_by_role("button", name="The next item").click()
    await expect(output).to_contain_text("price: 10")
    await passes.get_by_label("Number of the item").fill("2")
    await expect(output).to_contain_text("price: 14")
    await expect(passes.get_by_role("button", name="The next item")).to_be_disabled()
    assert await faults(page) == []
    # On the canvas, too.
    other = await open_page(f"/w/{workspace}/workflows/{made['uuid']}?execution={run}&node=double")
    passes = other.get_by_role("region", name="Passes")
    await expect(passes.get_by_role("heading", name="Item 0")).to_be_visible()
    await passes.get_by_role("button", name="The next item").click()
    await expect(passes.get_by_role("region", name="Output").last).to_contain_text("price: 10")


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_executions_are_accessible(athena: Athena, workspace: str, open_page: OpenPage, look: str) -> None:
    uuid = await workflow(athena, "Seen by all", divide())
    run = await started(athena, uuid, {"people": 0}, "failed")
    page = await open_page(f"/w/{workspace}/executions", color_scheme=look)
    await page.get_by_role("link", name="Seen by all").first.wait_for()
    assert await faults(page) == []
    await page.goto(f"{page.url}/{run}")
    await page.get_by_role("region", name="Input of divide").wait_for()
    assert await faults(page) == []
    await page.set_viewport_size(PHONE)
    assert await faults(page) == []
    assert await is_as_wide_as_the_window(page)


async def is_as_wide_as_the_window(page: Page) -> bool:
    return await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
