"""Numbers of what was run, and what of people's work recurs."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.console.accessibility import faults
from tests.console.conftest import PHONE, OpenPage
from tests.console.test_executions import divide, is_as_wide_as_the_window, started, workflow
from tests.e2e.program import Athena


async def test_the_numbers_agree_with_what_was_run_and_lead_to_it(
    athena: Athena, workspace: str, open_page: OpenPage
) -> None:
    uuid = await workflow(athena, "Counted", divide())
    for people, status in ((1, "succeeded"), (2, "succeeded"), (0, "failed")):
        await started(athena, uuid, {"people": people}, status)
    page = await open_page(f"/w/{workspace}/dashboards")
    total = (await athena.call("GET", "/metrics/workflow-executions"))["total"]
    tile = page.get_by_role("button", name=re.compile("^Executions"))
    await expect(tile).to_contain_text(str(total))
    await tile.click()
    row = page.get_by_role("table", name="Breakdown").get_by_role("row", name=re.compile("Counted"))
    await expect(row.get_by_role("cell").nth(1)).to_have_text("3")
    await row.get_by_role("button", name="Counted").click()
    await expect(page).to_have_url(re.compile(f"workflow={uuid}"))
    facts = page.get_by_role("region", name="Executions").locator("dl")
    await expect(facts).to_contain_text("Succeeded2Failed1Cancelled0")
    await page.get_by_label("Period").select_option("7")
    await page.get_by_label("Interval").select_option("hour")
    await page.reload()
    await expect(facts).to_contain_text("Succeeded2Failed1Cancelled0")
    await expect(page.get_by_label("Interval")).to_have_value("hour")
    await page.get_by_role("link", name="Failed executions: 1").click()
    await expect(page.get_by_role("table", name="Executions").locator("tbody tr")).to_have_count(1)


async def test_tasks_are_kept_and_what_recurs_is_suggested(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    steps = [("Mail", "Open message"), ("Sheets", "Add a row")]
    tasks = [
        {
            "title": action,
            "app": app,
            "action": action,
            "session_id": f"day {day}",
        }
        for day in range(3)
        for app, action in steps
    ]
    await athena.call("POST", "/command-room-tasks", {"tasks": tasks})
    page = await open_page(f"/w/{workspace}/command-room")
    suggestions = page.get_by_role("region", name="Suggestions")
    await expect(suggestions).to_contain_text("3 times")
    await expect(suggestions.get_by_role("button", name="Make a workflow of it")).to_be_visible()
    await page.get_by_role("button", name="Add a task").click()
    await page.get_by_label("Title").fill("Water the plants")
    await page.keyboard.press("Enter")
    added = page.get_by_role("row", name=re.compile("Water the plants"))
    await added.get_by_role("combobox").select_option("done")
    await page.get_by_role("combobox", name="Status", exact=True).select_option("done")
    await expect(page.get_by_role("table", name="Tasks").locator("tbody tr")).to_have_count(1)
    assert await faults(page) == []
    await added.get_by_role("button", name="Remove Water the plants").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("No tasks")).to_be_visible()


@pytest.mark.parametrize("look", ["light", "dark"])
async def test_dashboards_are_accessible(athena: Athena, workspace: str, open_page: OpenPage, look: str) -> None:
    await athena.call(
        "POST", "/budgets", {"name": f"All {look}", "scope_type": "workspace", "period": "month", "limit_cost": 20}
    )
    page = await open_page(f"/w/{workspace}/dashboards", color_scheme=look)
    await page.get_by_text(f"All {look}").wait_for()
    assert await faults(page) == []
    await page.set_viewport_size(PHONE)
    assert await faults(page) == []
    assert await is_as_wide_as_the_window(page)
