"""Extraction: what was said in a thread becomes memories of who said it, once the thread has gone quiet."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web

from athena.engine.held import Interruption
from athena.kit.access import Access, WorkspaceId
from athena.memories.recall import recall
from athena.memory_extraction import tasks
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.process import Process
from tests.conftest import MakeTenant, Tenant
from tests.memory_extraction.conftest import Reading, note, noting
from tests.runs.conftest import until
from tests.runs.model_server import Script, failing, saying

Superuser = asyncpg.Connection


def later(event: asyncio.Event, script: Script) -> Script:
    """Answers once ``event`` is set."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await event.wait()
        return await script(request, body)

    return answer


async def test_what_was_said_becomes_memories_with_their_source(reading: Reading) -> None:
    thread = await reading.thread("My dog is called Rex, and please answer briefly.")
    [run] = await reading.read(
        noting(
            note("The user has a dog called Rex.", confidence=0.95),
            note("The user wants brief answers.", kind="preference"),
            note("On 3 March the user moved to Bonn.", kind="episode", message=2, confidence=0.5),
        )
    )
    assert run["status"] == "succeeded"
    assert run["output"]["memories"] == {"new": 3, "same": 0, "supersedes": 0}
    messages = {message["role"]: message["uuid"] for message in await reading.scene.messages(thread)}
    kept = await reading.memories()
    assert [(each["content"], each["kind"], each["confidence"]) for each in kept] == [
        ("The user has a dog called Rex.", "fact", 0.95),
        ("The user wants brief answers.", "preference", 0.9),
        ("On 3 March the user moved to Bonn.", "episode", 0.5),
    ]
    assert {(each["scope"], each["user_uuid"]) for each in kept} == {("user", str(reading.tenant.user_uuid))}
    assert [each["source"]["uuid"] for each in kept] == [messages["user"], messages["user"], messages["assistant"]]
    assert {each["source"]["type"] for each in kept} == {"message"}


async def test_what_was_told_is_recalled_in_another_thread(reading: Reading) -> None:
    await reading.thread("My dog is called Rex.")
    await reading.read(noting(note("The user has a dog called Rex.")))
    tenant = reading.tenant
    access = Access(
        WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, Role.OPERATOR, ROLE_PERMISSIONS[Role.OPERATOR]
    )
    async with reading.database.session(access.scope) as session:
        found = await recall(session, access, text="which dog is mine?", user_uuid=tenant.user_uuid)
    assert [each.content for each in found] == ["The user has a dog called Rex."]
    assert found[0].source is not None
    assert found[0].source["type"] == "message"


async def test_only_what_is_new_is_read(reading: Reading) -> None:
    thread = await reading.thread("I live in Bonn.")
    await reading.read(noting(note("The user lives in Bonn.")))
    assert await reading.read() == []
    await reading.say(thread, "And I work in Cologne.")
    await reading.read(noting(note("The user works in Cologne.")))
    lines = reading.asked().splitlines()
    assert "user: I live in Bonn." in lines
    assert "[1] user: And I work in Cologne." in lines
    assert await reading.contents() == ["The user lives in Bonn.", "The user works in Cologne."]


async def test_a_thread_is_read_once_it_is_quiet(reading: Reading) -> None:
    await reading.thread("I live in Bonn.")
    assert await reading.read(quiet_seconds=600) == []
    assert len(await reading.read(noting())) == 1


async def test_agents_that_are_not_asked_to_keep_nothing(reading: Reading) -> None:
    other = await reading.scene.agent()
    thread = await reading.scene.thread(other)
    await reading.say(thread, "I live in Bonn.")
    assert await reading.read() == []
    # What was said before it was switched on stays unread.
    await reading.tenant.put(f"/api/v1/agents/{other['uuid']}", {"memory": {"extract": True}})
    assert await reading.read() == []


async def test_what_contradicts_supersedes_and_is_back_when_the_newer_one_goes(reading: Reading) -> None:
    await reading.thread("I live in Bonn.")
    await reading.read(noting(note("The user lives in Bonn.")))
    later = await reading.thread("I have moved to Berlin.")
    [run] = await reading.read(noting(note("The user lives in Berlin.", relation="supersedes", known=1)))
    assert "[1] The user lives in Bonn." in reading.asked().splitlines()
    assert run["output"]["memories"] == {"new": 0, "same": 0, "supersedes": 1}
    assert await reading.contents() == ["The user lives in Berlin."]
    assert len(await reading.contents(include_superseded="true")) == 2
    await reading.tenant.delete(f"/api/v1/threads/{later}")
    assert await reading.contents() == ["The user lives in Bonn."]


async def test_what_is_said_again_becomes_more_certain(reading: Reading) -> None:
    await reading.thread("I think I live in Bonn.")
    await reading.read(noting(note("The user lives in Bonn.", confidence=0.6)))
    await reading.thread("I live in Bonn.")
    # Also where the model takes it for something new.
    await reading.read(noting(note("the user lives in Bonn", confidence=1.0)))
    [kept] = await reading.memories()
    assert kept["confidence"] == pytest.approx(0.8)


async def test_deleting_the_message_deletes_what_it_told(reading: Reading) -> None:
    thread = await reading.thread("I live in Bonn.")
    await reading.read(noting(note("The user lives in Bonn."), note("Kept.", message=2)))
    said = (await reading.scene.messages(thread))[0]
    assert (await reading.tenant.delete(f"/api/v1/messages/{said['uuid']}")).status_code == 204
    assert await reading.contents() == ["Kept."]


async def test_everybody_in_a_thread_has_memories_of_their_own(reading: Reading, make_tenant: MakeTenant) -> None:
    thread = await reading.thread("I live in Bonn.")
    other = await make_tenant(Role.OPERATOR, reading.tenant.workspace_uuid)
    answer = await other.post(f"/api/v1/threads/{thread}/run", {"message": {"content": "And I live in Trier."}})
    assert answer.status_code == 200, answer.text
    await reading.read(noting(note("The user lives in Bonn.")), noting(note("The user lives in Trier.")))
    assert "somebody else: I live in Bonn." in reading.asked().splitlines()
    assert "[1] user: And I live in Trier." in reading.asked().splitlines()
    by_user = {each["user_uuid"]: each["content"] for each in await reading.memories()}
    assert by_user == {
        str(reading.tenant.user_uuid): "The user lives in Bonn.",
        str(other.user_uuid): "The user lives in Trier.",
    }
    mine = (await other.get("/api/v1/memories")).json()["data"]
    assert [each["content"] for each in mine] == ["The user lives in Trier."]


async def test_nobody_elses_memories_are_compared_with(
    reading: Reading, stranger: Tenant, make_tenant: MakeTenant
) -> None:
    colleague = await make_tenant(Role.OPERATOR, reading.tenant.workspace_uuid)
    for other in (stranger, colleague):
        body = {"content": "The user lives in Bonn.", "scope": "user"}
        assert (await other.post("/api/v1/memories", body)).status_code == 201
    await reading.thread("I live in Bonn.")
    await reading.read(noting(note("The user lives in Bonn.", relation="same", known=1)))
    assert "Known already:\n(nothing)" in reading.asked()
    mine = [each for each in await reading.memories() if each["user_uuid"] == str(reading.tenant.user_uuid)]
    assert [each["content"] for each in mine] == ["The user lives in Bonn."]


async def test_a_process_that_hands_over_in_the_middle_leaves_nothing_twice(reading: Reading, process: Process) -> None:
    await reading.thread("I live in Bonn.")
    begun = len(reading.scene.model.requests)
    held = asyncio.Event()
    reading.scene.model.scripts.extend([later(held, noting()), noting(note("The user lives in Bonn."))])
    await tasks.start_quiet(reading.database, 0)
    await until(lambda: len(reading.scene.model.requests) > begun)
    [run] = await reading.runs()
    process.engine._held[UUID(run["uuid"])].interrupt(Interruption.HANDOVER)
    held.set()
    assert (await reading.scene.ended(run["uuid"]))["status"] == "succeeded"
    assert await reading.contents() == ["The user lives in Bonn."]


async def test_the_model_that_reads_can_be_another_one(reading: Reading) -> None:
    path = f"/api/v1/agents/{reading.agent['uuid']}"
    await reading.tenant.put(path, {"memory": {"extract": True, "extract_model": "tiny"}})
    await reading.thread("I live in Bonn.")
    await reading.read(noting())
    assert reading.scene.model.requests[-1]["model"] == "tiny"


async def test_an_answer_that_does_not_fit_is_corrected_once(reading: Reading) -> None:
    await reading.thread("I live in Bonn.")
    [run] = await reading.read(saying("Sure!"), noting(note("The user lives in Bonn.")))
    assert run["status"] == "succeeded"
    assert await reading.contents() == ["The user lives in Bonn."]
    await reading.thread("I work in Cologne.")
    [failed] = await reading.read(saying("Sure!"), saying('{"memories": [{"content": 7}]}'))
    assert (failed["status"], failed["error"]["code"]) == ("failed", "invalid_structure")
    assert await reading.contents() == ["The user lives in Bonn."]


async def test_a_provider_that_is_busy_is_asked_again_later(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PAUSE_SECONDS", 0.01)
    await reading.thread("I live in Bonn.")
    [run] = await reading.read(*[failing(429)] * 2, noting(note("The user lives in Bonn.")))
    assert run["status"] == "succeeded"
    assert await reading.contents() == ["The user lives in Bonn."]


async def test_a_thread_that_goes_while_it_is_read_leaves_nothing(reading: Reading) -> None:
    thread = await reading.thread("I live in Bonn.")
    answered = asyncio.Event()
    asked = len(reading.scene.model.requests)
    reading.scene.model.scripts.append(later(answered, noting(note("The user lives in Bonn."))))
    await tasks.start_quiet(reading.database, 0)
    await until(lambda: len(reading.scene.model.requests) > asked)
    assert (await reading.tenant.delete(f"/api/v1/threads/{thread}")).status_code == 204
    answered.set()
    [run] = await reading.runs()
    assert (await reading.scene.ended(run["uuid"]))["status"] == "succeeded"
    assert await reading.memories() == []


async def test_nothing_of_what_was_said_is_left_in_the_log_of_the_run(
    reading: Reading, superuser: Superuser[asyncpg.Record]
) -> None:
    await reading.thread("My secret hobby is falconry.")
    [run] = await reading.read(noting(note("The user is a falconer.")))
    kept = await superuser.fetch(
        "SELECT input::text || coalesce(output::text, '') AS text FROM runs WHERE uuid = $1 UNION ALL "
        "SELECT data::text || coalesce(record::text, '') FROM run_events WHERE run_uuid = $1",
        UUID(run["uuid"]),
    )
    assert not any("falcon" in row["text"] for row in kept)
