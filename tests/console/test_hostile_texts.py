"""Texts that users, models, tools, providers and webhooks set are shown, and never run or load anything: not even in a
browser that is not told by the server what the page may do.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from playwright.async_api import Error, Page, Route, expect

from tests.console.conftest import OpenPage
from tests.console.hostile_workspace import Hostile, fill, place
from tests.console.payloads import FOREIGN, PAYLOADS
from tests.e2e.program import Athena

FINDINGS: Final = (Path(__file__).parent / "hostile.js").read_text("utf-8")
MISSING: Final = (
    f"labels => {{ const {{ shown }} = ({FINDINGS})(); return labels.filter((each) => !shown.includes(each)); }}"
)
PLACE: Final = re.compile(r"qq-[a-z-]+-qq")
ALL: Final = orjson.dumps(" " + " ".join(PAYLOADS)).decode()[1:-1]
UNPROTECTED: Final = {"bypass_csp": True}


async def findings(page: Page) -> list[str]:
    """What of the page runs or loads what a text says."""
    return (await page.evaluate(FINDINGS))["wrong"]


async def refuse(page: Page) -> None:
    """Nobody answers for the foreign host; that it was asked is noted all the same."""
    await page.context.route(f"{FOREIGN}**", lambda route: route.abort())
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))


async def test_no_payload_runs_or_loads_in_a_chat(
    athena: Athena, agent: str, workspace: str, open_page: OpenPage
) -> None:
    thread = (await athena.call("POST", "/threads", {"name": PAYLOADS[2], "agent_uuid": agent}))["uuid"]
    for number in range(0, len(PAYLOADS), 10):
        some = PAYLOADS[number : number + 10]
        user = {"thread_uuid": thread, "role": "user", "content": "\n".join(some)}
        await athena.call("POST", "/messages", user)
        parts = [
            part
            for at, text in enumerate(some)
            for part in (
                {"type": "text", "text": text},
                {"type": "tool_call", "id": f"c{number}-{at}", "name": text[:128], "arguments": text},
                {"type": "tool_result", "tool_call_id": f"c{number}-{at}", "content": text},
            )
        ]
        await athena.call("POST", "/messages", {"thread_uuid": thread, "role": "assistant", "content": parts})
    page = await open_page(f"/w/{workspace}/chat/{thread}", **UNPROTECTED)
    await refuse(page)
    calls = page.get_by_role("article", name="Answer").locator("details")
    await expect(calls).to_have_count(len(PAYLOADS))
    await calls.evaluate_all("all => all.forEach((each) => { each.open = true; })")
    # Code and formulas are drawn when they come into sight.
    for answer in await page.get_by_role("article", name="Answer").all():
        await answer.scroll_into_view_if_needed()
    await expect(page.locator("math").first).to_be_attached()
    await expect(page.locator(".hljs-tag").first).to_be_attached()
    # A model that writes it all, piece by piece.
    said = "\n\n".join(PAYLOADS).replace("]]", "] ]")
    await page.get_by_role("textbox", name="Message").fill(f"[[delay: 1]] [[say: {said}]]")
    await page.get_by_role("textbox", name="Message").press("Enter")
    await expect(page.get_by_role("button", name="Stop the answer")).to_have_count(0)
    await expect(
        page.get_by_role("article", name="Answer").last.get_by_role("button", name="Answer anew")
    ).to_be_visible()
    assert await findings(page) == []


async def poisoned(route: Route) -> None:
    """Answers as the server does, with all payloads at the places that were left for them."""
    address = route.request.url.partition("?")[0]
    if address.endswith(("/events", "/content")):
        await route.continue_()
        return
    answer = await route.fetch()
    body = await answer.text()
    if address.endswith("/large-language-models"):
        body = body.replace('"name":"', '"name":"qq-model-name-qq ')
    await route.fulfill(response=answer, body=PLACE.sub(lambda found: found[0] + ALL, body))


Step = Callable[[Page], Awaitable[Any]]


def press(role: Any, name: str | re.Pattern[str]) -> Step:
    """Opens what is behind the first such button, link or tab."""
    return lambda page: page.get_by_role(role, name=name).first.click()


def unfold(page: Page) -> Awaitable[Any]:
    """Opens all that is folded."""
    return page.locator("details").evaluate_all("all => all.forEach((each) => { each.open = true; })")


Stop = tuple[str, str, tuple[Step, ...]]
"""A page, the places that it shows, and what must be opened for them."""


def chats_and_agents(made: Hostile) -> list[Stop]:
    agent = f"agents/{made.agent}"
    evaluation = f"{agent}/evaluations?run={made.evaluation}"
    chat = "thread said answer call call-argument call-result citation memory file workspace-name agent-name"
    tool = "tool-name tool-description argument"
    return [
        (f"chat/{made.thread}", chat, (unfold, press("button", "Agent:"))),
        ("agents", "agent-name agent-description agent-tag", ()),
        ("agents?view=cards", "agent-name agent-description", ()),
        (agent, "agent-instructions agent-starter agent-tag tool-name", (unfold,)),
        (f"{agent}/knowledge", "source-title", ()),
        (f"{agent}/versions", "agent-instructions", ()),
        (evaluation, "dataset-name asked answered", ()),
        ("tools", "tool-name tool-description", ()),
        (f"tools/{made.tool}", tool, (unfold,)),
        ("guardrails", "guardrail-name guardrail-description", ()),
        (f"guardrails/{made.guardrail}", "guardrail-message guardrail-word", (unfold,)),
        ("prompts", "prompt-name prompt-description", ()),
        (f"prompts/{made.prompt}", "prompt-text prompt-variable", (unfold,)),
        ("memories", "memory memory-address source-text", ()),
        (
            "providers",
            "provider-name field-title field-description",
            (press("button", f"Connect {place('provider-name')}"),),
        ),
        ("models", "model-name", ()),
    ]


def kept(made: Hostile) -> list[Stop]:
    dataset = f"datasets/{made.dataset}"
    return [
        ("settings/general", "workspace-name workspace-description", ()),
        ("settings/members", "member", ()),
        ("settings/budgets", "budget", ()),
        ("settings/variables", "variable value", ()),
        ("settings/webhooks", "webhook", ()),
        (f"settings/webhooks/{made.webhook}", "webhook", (press("button", "Edit"),)),
        ("settings/audit", "workspace-name", ()),
        ("datasets", "dataset-name dataset-description", ()),
        (dataset, "dataset-name dataset-description asked expected", (press("button", "Edit"),)),
        (f"workflows/{made.workflow}?node=ask", "odd-begin question", ()),
        (f"executions/{made.succeeded}?node=ask", "approval-comment", ()),
        ("approvals", "question question-message", ()),
        ("dashboards", "budget agent-name", ()),
        ("command-room", "task-title task-app-one task-action", ()),
    ]


def work(made: Hostile) -> list[Stop]:
    editor = f"workflows/{made.workflow}"
    return [
        ("workflows", "workflow-name workflow-description workflow-tag", ()),
        (
            f"{editor}?execution={made.succeeded}&node=work",
            "note node webhook-body execution-output",
            (press("tab", "Result"),),
        ),
        (f"{editor}?panel=workflow", "workflow-description", ()),
        (f"{editor}?panel=versions", "note", ()),
        ("executions", "workflow-name execution-error", ()),
        ("executions/errors", "execution-error", ()),
        (f"executions/{made.failed}", "execution-error", ()),
        (f"executions/{made.succeeded}?node=hook", "webhook-body webhook-key webhook-header", ()),
        (f"executions/{made.succeeded}?node=work", "execution-output execution-key", ()),
        (f"executions/{made.succeeded}?node=cut", "value-begin", ()),
        (f"executions/{made.succeeded}?node=odd", "odd-begin", ()),
    ]


@pytest.mark.parametrize("stops", [chats_and_agents, work, kept])
async def test_no_payload_runs_or_loads_in_any_page(
    athena: Athena, mockllm: str, address: str, open_page: OpenPage, stops: Callable[[Hostile], list[Stop]]
) -> None:
    made = await fill(athena, mockllm, address)
    page = await open_page("/sign-in", **UNPROTECTED)
    await refuse(page)
    await page.route("**/api/v1/**", poisoned)
    faults: dict[str, list[str]] = {}
    for path, places, steps in stops(made):
        await page.goto(f"{address}/w/{made.uuid}/{path}")
        await page.get_by_role("main").get_by_text(re.compile("qq-")).first.wait_for(state="attached")
        for step in steps:
            await step(page)
        expected = [place(name) for name in places.split()]
        with contextlib.suppress(Error):
            await page.wait_for_function(f"labels => !({MISSING})(labels).length", arg=expected)
        faults[path] = await findings(page) + await page.evaluate(MISSING, expected)
    assert {path: found for path, found in faults.items() if found} == {}
