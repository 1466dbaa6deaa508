"""Workflows in the console: drawn, run, mended, brought back, and only looked at by who may not change them."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.console.accessibility import faults
from tests.console.conftest import DESKTOP, PHONE, OpenPage, Watched
from tests.e2e.program import Athena

LOOKS: list[dict[str, Any]] = [
    {"viewport": DESKTOP, "color_scheme": "light"},
    {"viewport": DESKTOP, "color_scheme": "dark"},
    {"viewport": PHONE, "color_scheme": "light", "has_touch": True, "is_mobile": True},
]
EDGES = [
    {"source": "start", "target": "large"},
    {"source": "large", "source_handle": "true", "target": "ask"},
    {"source": "large", "source_handle": "false", "target": "pay", "condition": "{{ input.total > 0 }}"},
]


def graph(answer: str = "Paid.") -> dict[str, Any]:
    nodes = [
        {"id": "start", "type": "manual_trigger"},
        {
            "id": "large",
            "type": "if",
            "position": {"x": 300, "y": 0},
            "data": {"condition": "{{ trigger.input.total > 100 }}"},
        },
        {
            "id": "ask",
            "type": "approval",
            "name": "Ask somebody",
            "position": {"x": 620, "y": -80},
            "data": {"title": "Pay {{ trigger.input.total }}?"},
        },
        {"id": "pay", "type": "set", "position": {"x": 620, "y": 140}, "data": {"fields": {"answer": answer}}},
        {
            "id": "why",
            "type": "note",
            "position": {"x": 0, "y": 140},
            "data": {"text": "Large sums are **looked at**."},
        },
    ]
    return {"nodes": nodes, "edges": EDGES}


async def make(athena: Athena, name: str, **more: Any) -> str:
    return (await athena.call("POST", "/workflows", {"name": name, **graph(), **more}))["uuid"]


def node(page: Page, name: str) -> Any:
    return page.locator(".react-flow__node").filter(has_text=name)


async def test_a_workflow_is_drawn_mended_and_run_in_the_page(
    athena: Athena, workspace: str, open_page: OpenPage
) -> None:
    page = await open_page(f"/w/{workspace}/workflows")
    await page.get_by_role("button", name="New workflow").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Drawn")
    await page.keyboard.press("Enter")
    palette = page.get_by_role("complementary", name="Nodes to add")
    # What is chosen follows what is selected.
    await palette.get_by_role("button", name="Manual", exact=True).click()
    await palette.get_by_role("button", name="Set fields").click()
    panel = page.get_by_role("complementary", name="Set fields")
    await panel.get_by_label("Fields: Name").fill("double")
    await page.keyboard.press("Enter")
    field = panel.get_by_role("combobox", name="double")
    await field.fill("{{ trigger.input.price * ")
    await panel.get_by_role("option", name="trigger.input").click()
    await expect(field).to_have_value("{{ trigger.input.price * trigger.input }}")
    await field.fill("{{ trigger.input.price * two }}")
    # What is wrong is said while one writes, and leads to its place.
    await panel.get_by_role("status").get_by_role("button", name="(at character 26)").click()
    assert await field.evaluate("area => area.selectionStart") == 25
    await page.get_by_role("button", name="Save", exact=True).click()
    # The error stands at its field, and in the list that leads there.
    await expect(panel.get_by_text(re.compile(r"two.*\(at character \d+\)"))).to_be_visible()
    await page.get_by_role("button", name="1 problem").click()
    await (
        page.get_by_role("complementary", name="Problems").get_by_role("button", name=re.compile("Set fields")).click()
    )
    await field.fill("{{ trigger.input.price * 2 }}")
    await palette.get_by_role("button", name="Template", exact=True).click()
    panel = page.get_by_role("complementary", name="Template")
    await panel.get_by_role("combobox", name="Text").fill("It costs {{ nodes.set.output.double }}.")
    await expect(page.locator(".react-flow__edge")).to_have_count(2)
    await page.get_by_role("button", name="Run", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Input").fill('{"price": 21}')
    await dialog.get_by_role("button", name="Save and run").click()
    await expect(page.get_by_role("region", name="Execution").get_by_text("Succeeded")).to_be_visible()
    await panel.get_by_role("tab", name="Result").click()
    await expect(panel.get_by_text('"It costs 42."')).to_be_visible()
    await page.get_by_role("button", name="Show all of it").click()
    await node(page, "Set fields").click()
    panel = page.get_by_role("complementary", name="Set fields")
    await panel.get_by_role("tab", name="Result").click()
    await expect(panel.get_by_role("region", name="Output").last).to_contain_text("double: 42")
    await _values_come_while_one_writes(panel, field)
    saved = (await athena.call("GET", "/workflows?search=Drawn"))[0]
    assert [each["type"] for each in saved["nodes"]] == ["manual_trigger", "set", "template"]
    assert saved["problems"] == []


async def _values_come_while_one_writes(panel: Locator, field: Locator) -> None:
    """Those that an expression has with the last data, and the names that these have."""
    await panel.get_by_role("tab", name="Set up").click()
    await expect(panel.get_by_role("status")).to_contain_text("42")
    await field.fill("{{ trigger.input.pri")
    await panel.get_by_role("option", name="trigger.input.price").click()
    await expect(field).to_have_value("{{ trigger.input.price }}")
    await field.fill("{{ trigger.input.price + 2 }}")
    await expect(panel.get_by_role("status")).to_contain_text("23")


async def test_changes_are_undone_copied_and_brought_back(
    athena: Athena, workspace: str, open_page: OpenPage, watched: Watched
) -> None:
    watched.expected = ("status of 412",)
    uuid = await make(athena, "Changed")
    page = await open_page(f"/w/{workspace}/workflows/{uuid}")
    nodes = page.locator(".react-flow__node")
    await expect(nodes).to_have_count(5)
    await node(page, "Ask somebody").click()
    await expect(page).to_have_url(re.compile("node=ask"))
    # What is out of sight is not drawn.
    await page.get_by_role("button", name="Show all of it").click()
    await page.keyboard.press("Control+c")
    await page.keyboard.press("Control+v")
    await expect(nodes).to_have_count(6)
    await page.keyboard.press("Control+z")
    await expect(nodes).to_have_count(5)
    await page.keyboard.press("Control+Shift+z")
    await expect(nodes).to_have_count(6)
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Delete")
    await expect(nodes).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await page.get_by_role("button", name="Undo").click()
    await expect(nodes).to_have_count(5)
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    await page.get_by_role("button", name="Put in order").click()
    # Twice in a hurry is not somebody else's change.
    await page.keyboard.press("Control+s")
    await page.keyboard.press("Control+s")
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    await page.get_by_role("button", name="Activate").click()
    await expect(page.get_by_role("button", name="Deactivate")).to_be_visible()
    await page.get_by_role("button", name="Show all of it").click()
    await node(page, "Set fields").click()
    await expect(page.get_by_role("complementary", name="Set fields")).to_be_visible()
    await page.keyboard.press("Delete")
    await expect(node(page, "Set fields")).to_have_count(0)
    await athena.call("PUT", f"/workflows/{uuid}", graph("Paid twice."))
    await page.keyboard.press("Control+s")
    await page.get_by_role("dialog", name="Somebody changed it meanwhile").get_by_role("button", name="Load it").click()
    await page.get_by_role("button", name="More about Changed").click()
    await page.get_by_role("menuitem", name="Versions").click()
    versions = page.get_by_role("complementary", name="Versions")
    await versions.get_by_role("button", name="Version 1").click()
    await expect(versions.get_by_text("Paid twice.")).to_be_visible()
    await versions.get_by_role("button", name="Restore this version").click()
    await expect(page.get_by_text("Version 1 is back.")).to_be_visible()
    restored = await athena.call("GET", f"/workflows/{uuid}")
    assert (restored["nodes"][3]["data"], restored["status"]) == ({"fields": {"answer": "Paid."}}, "active")


async def test_what_others_saved_is_there_when_one_comes_back(
    athena: Athena, workspace: str, open_page: OpenPage
) -> None:
    uuid = await make(athena, "Left alone")
    page = await open_page(f"/w/{workspace}/workflows/{uuid}")
    await expect(node(page, "Set fields")).to_be_visible()
    await page.get_by_role("link", name="All workflows").click()
    await expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    await athena.call("PUT", f"/workflows/{uuid}", graph("Paid by others."))
    await page.get_by_role("link", name="Left alone").click()
    await node(page, "Set fields").click()
    await expect(page.get_by_text("Paid by others.")).to_be_visible()


async def test_a_run_is_approved_on_a_phone_and_looked_at_later(
    athena: Athena, workspace: str, open_page: OpenPage, address: str
) -> None:
    uuid = await make(athena, "Approved")
    page = await open_page(f"/w/{workspace}/workflows/{uuid}", **LOOKS[2])
    await page.get_by_role("button", name="Run", exact=True).click()
    await page.get_by_role("dialog").get_by_label("Input").fill('{"total": 120}')
    await page.get_by_role("dialog").get_by_role("button", name="Run").click()
    question = page.get_by_role("region", name="Pay 120?")
    await question.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("region", name="Execution").get_by_text("Succeeded")).to_be_visible()
    run = page.url.split("run=")[1]
    await athena.call("PUT", f"/workflows/{uuid}", {"nodes": [{"id": "start", "type": "manual_trigger"}], "edges": []})
    await page.goto(f"{address}/w/{workspace}/workflows/{uuid}?execution={run}")
    await expect(page.get_by_text("The graph as it ran, in version 1.")).to_be_visible()
    await expect(page.get_by_role("group", name="Ask somebody, Approval, Succeeded")).to_be_visible()


async def test_a_viewer_sees_no_way_to_change_anything(
    athena: Athena, workspace: str, open_page: OpenPage, address: str
) -> None:
    await make(athena, "Looked at", tags=["seen"])
    page = await open_page("/")
    user = await athena.call("GET", "/user")
    for each in user["workspaces"]:
        each["role"], each["permissions"] = "viewer", [name for name in each["permissions"] if name.endswith(".view")]
    await page.route("**/api/v1/user", lambda route: route.fulfill(json={"data": user}))
    await page.goto(f"{address}/w/{workspace}/workflows?tag=seen")
    await page.get_by_role("link", name="Looked at").click()
    await node(page, "Set fields").click()
    await expect(page.get_by_role("combobox", name="answer")).to_have_js_property("readOnly", value=True)
    await page.keyboard.press("Delete")
    await expect(node(page, "Set fields")).to_be_visible()
    for name in ("Save", "Run", "Activate", "Undo", "Delete", "Connect"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)


async def test_the_pages_of_workflows_are_accessible(athena: Athena, workspace: str, open_page: OpenPage) -> None:
    uuid = await make(athena, "Seen by all", tags=["money"], description="Pays what is small, and asks for the rest.")
    run = await athena.call("POST", f"/workflows/{uuid}/run", {"input": {"total": 3}, "background": True}, status=202)
    found: list[str] = []
    for look in LOOKS:
        page = await open_page(f"/w/{workspace}/workflows?tag=money", **look)
        await page.get_by_role("link", name="Seen by all").wait_for()
        found += await faults(page)
        await page.goto(f"{page.url.split('?')[0]}/{uuid}?run={run['uuid']}&node=large")
        await page.get_by_role("region", name="Execution").get_by_text("Succeeded").wait_for()
        found += await faults(page)
        await page.get_by_role("tab", name="Result").click()
        found += await faults(page)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert found == []
