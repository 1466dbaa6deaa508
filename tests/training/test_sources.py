"""An agent learns from sources of every type, and each passage says where it stands."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.conftest import Connect, Tenant
from tests.documents.files import docx, pdf
from tests.tenants.world import PNG
from tests.training.conftest import TEXT, learnt, sources, train, trained, upload

PAGES = ["Welcome to the shop.\nWe open at nine.", "Children's bikes are on the first floor.", "Returns take a month."]


async def test_a_text_is_learnt(owner: Tenant, agent: str) -> None:
    run = await train(owner, agent, TEXT)
    assert (run["kind"], run["status"]) == ("training", "succeeded")
    assert agent.endswith(run["agent_uuid"])
    [source] = await sources(owner, agent)
    assert (source["status"], source["title"], source["type"]) == ("completed", "Returns", "text")
    assert source["counts"] == {"chunks": 1, "positions": 1, "documents": 1, "skipped": 0, "bytes": 57}
    assert source["run_uuid"] == run["uuid"]
    assert source["trained_at"]
    assert len(source["content_hash"]) == 64
    [memory] = await learnt(owner, source)
    assert memory["content"] == TEXT["text"]
    assert (memory["kind"], memory["scope"], memory["agent_uuid"]) == ("knowledge", "agent", run["agent_uuid"])
    assert memory["embedding_model"]
    assert memory["source"] == {
        "type": "text",
        "uuid": None,
        "url": None,
        "position": 0,
        "title": "Returns",
        "location": "line 1",
        "agent_source_uuid": source["uuid"],
    }


async def test_a_run_is_accepted_and_tells_how_it_goes(owner: Tenant, agent: str) -> None:
    accepted = await owner.post(f"{agent}/train", {"sources": [TEXT]})
    assert accepted.status_code == 202
    run = accepted.json()["data"]
    assert accepted.headers["location"] == f"/api/v1/runs/{run['uuid']}"
    events = (await owner.get(f"/api/v1/runs/{run['uuid']}/events")).text
    names = [line.removeprefix("event: ") for line in events.splitlines() if line.startswith("event: ")]
    assert names == ["run.started", "source.started", "source.progress", "source.completed", "run.completed"]
    assert '"new":1' in events
    answer = await owner.post(f"{agent}/train", {"sources": [TEXT]}, headers={"Accept": "text/event-stream"})
    assert "event: run.completed" in answer.text


async def test_a_pdf_is_cited_by_its_pages(owner: Tenant, agent: str) -> None:
    media = await upload(owner, "handbook.pdf", pdf(PAGES))
    source = await trained(owner, agent, {"type": "media", "media_uuid": media})
    assert (source["status"], source["counts"]["positions"]) == ("completed", 3)
    found = (await learnt(owner, query="When can I bring something back?"))[0]
    assert found["source"]["location"] == "page 3"
    assert (found["source"]["type"], found["source"]["uuid"]) == ("media", media)


async def test_an_answer_cites_the_page(owner: Tenant, agent: str, connect: Connect) -> None:
    account = str(await connect(owner))
    media = await upload(owner, "handbook.pdf", pdf(PAGES))
    source = await trained(owner, agent, {"type": "media", "media_uuid": media})
    await owner.put(agent, {"memory": {"recall": True}, "account_uuid": account})
    asked = "How long do returns take? [[say:They take a month [1].]]"
    answer = await owner.post(f"{agent}/run", {"input": asked, "model": "mock"})
    assert answer.status_code == 200, answer.text
    first, *others = answer.json()["data"]["output"]["message"]["sources"]
    assert (first["source"]["title"], first["source"]["location"]) == ("handbook.pdf", "page 3")
    assert first["source"]["agent_source_uuid"] == source["uuid"]
    assert first["cited"]
    assert not any(each["cited"] for each in others)


@pytest.mark.parametrize(
    ("name", "content", "location", "passage"),
    [
        ("a.docx", docx([("Heading1", "Hours"), ("", "From nine.")]), "Hours", "Hours\nFrom nine."),
        ("a.md", b"# Hours\n\n## Weekend\n\nClosed.", "Hours > Weekend", "Hours > Weekend\nClosed."),
        ("a.html", b"<h1>Hours</h1><p>From nine.</p>", "Hours", "Hours\nFrom nine."),
        ("a.csv", b"item,price\nbell,9\nlock,30", "row 2", "item: bell; price: 9"),
        ("a.txt", b"\n\nFrom nine.", "line 3", "From nine."),
    ],
)
async def test_files_are_learnt(
    owner: Tenant, agent: str, name: str, content: bytes, location: str, passage: str
) -> None:
    source = await trained(owner, agent, {"type": "media", "media_uuid": await upload(owner, name, content)})
    memory = (await learnt(owner, source))[0]
    assert (memory["content"], memory["source"]["location"]) == (passage, location)
    assert memory["source"]["title"] == source["title"] == name


async def test_questions_are_learnt_with_their_answers(owner: Tenant, agent: str) -> None:
    pairs = [{"question": "When do you open?", "answer": "At nine."}, {"question": "Where?", "answer": "In Bern."}]
    source = await trained(owner, agent, {"type": "qa", "pairs": pairs})
    assert [(each["content"], each["source"]["location"]) for each in await learnt(owner, source)] == [
        ("Question: When do you open?\nAnswer: At nine.", "question 1"),
        ("Question: Where?\nAnswer: In Bern.", "question 2"),
    ]


async def test_a_thread_is_learnt_turn_by_turn(owner: Tenant, agent: str) -> None:
    thread = await conversation(owner, ("Do you rent bikes?", "Yes, by the day."), ("And helmets?", "They are free."))
    source = await trained(owner, agent, {"type": "thread", "thread_uuid": thread["uuid"]})
    first, second = await learnt(owner, source)
    assert first["content"] == "Question: Do you rent bikes?\n\nAnswer: Yes, by the day."
    assert (second["source"]["type"], second["source"]["uuid"]) == ("message", thread["answers"][1])
    assert second["source"]["location"] == "turn 2"


@pytest.mark.parametrize("which", ["questions", "answers"])
async def test_what_was_learnt_from_a_message_goes_with_it(owner: Tenant, agent: str, which: str) -> None:
    thread = await conversation(owner, ("Do you rent bikes?", "Yes, by the day."), ("And helmets?", "They are free."))
    source = await trained(owner, agent, {"type": "thread", "thread_uuid": thread["uuid"]})
    await owner.delete(f"/api/v1/messages/{thread[which][0]}")
    assert [each["source"]["location"] for each in await learnt(owner, source)] == ["turn 2"]
    await owner.delete(f"/api/v1/threads/{thread['uuid']}")
    assert await learnt(owner) == await sources(owner, agent) == []


async def conversation(tenant: Tenant, *turns: tuple[str, str]) -> dict[str, Any]:
    thread = (await tenant.post("/api/v1/threads", {"name": "Renting"})).json()["data"]["uuid"]
    said: dict[str, Any] = {"uuid": thread, "questions": [], "answers": []}
    for question, answer in turns:
        for kind, role, content in (("questions", "user", question), ("answers", "assistant", answer)):
            body = {"thread_uuid": thread, "role": role, "content": content}
            if said["questions"]:
                body["parent_uuid"] = said["answers" if role == "user" else "questions"][-1]
            made = await tenant.post("/api/v1/messages", body)
            assert made.status_code == 201, made.text
            said[kind].append(made.json()["data"]["uuid"])
    return said


async def offer(superuser: asyncpg.Connection[asyncpg.Record], account: UUID, *capabilities: str) -> None:
    """Has the account known to offer a model."""
    await superuser.execute(
        "INSERT INTO large_language_models (uuid, workspace_uuid, created_at, updated_at, provider_uuid, account_uuid, "
        "name, display_name, capabilities, status) SELECT gen_random_uuid(), workspace_uuid, now(), now(), "
        "provider_uuid, uuid, 'mock-t9', 'Seer', $2, 'active' FROM accounts WHERE uuid = $1",
        account,
        list(capabilities),
    )


async def test_an_image_is_described_by_a_model_that_sees(
    owner: Tenant, agent: str, connect: Connect, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await offer(superuser, await connect(owner), "vision")
    image = {"type": "media", "media_uuid": await upload(owner, "map.png", PNG), "model": "mock-t9"}
    run = await train(owner, agent, image)
    [memory] = await learnt(owner)
    assert memory["content"]
    assert memory["source"]["location"] == "image"
    assert run["usage"]["output_tokens"] > 0


async def test_a_model_that_does_not_see_is_no_help(
    owner: Tenant, agent: str, connect: Connect, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await offer(superuser, await connect(owner))
    image = {"type": "media", "media_uuid": await upload(owner, "map.png", PNG), "model": "mock-t9"}
    source = await trained(owner, agent, image)
    assert (source["status"], source["error"]["code"]) == ("failed", "model_without_vision")


async def test_a_description_is_within_the_budgets_of_the_agent(
    owner: Tenant, agent: str, connect: Connect, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await offer(superuser, await connect(owner), "vision")
    image = {"type": "media", "media_uuid": await upload(owner, "map.png", PNG), "model": "mock-t9"}
    limits = {"name": "Reading", "scope_type": "agent", "scope_uuid": agent.rpartition("/")[2], "period": "total"}
    budget = (await owner.post("/api/v1/budgets", {**limits, "limit_tokens": 100_000})).json()["data"]["uuid"]
    usage = (await train(owner, agent, image))["usage"]
    shown = (await owner.get(f"/api/v1/budgets/{budget}")).json()["data"]
    assert shown["used"]["tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert (await owner.put(f"/api/v1/budgets/{budget}", {"limit_tokens": 1})).status_code == 200
    source = await trained(owner, agent, image)
    assert (source["status"], source["error"]["code"]) == ("failed", "budget_exhausted")
