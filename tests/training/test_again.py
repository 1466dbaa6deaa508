"""The same source again replaces what has changed, and nothing else; deleting it removes what was learnt."""

from __future__ import annotations

from typing import Any

from tests.conftest import Tenant
from tests.training.conftest import TEXT, learnt, sources, train, trained, upload

ORDER = ("Opening", "Returns", "Repairs")


def handbook(**chapters: str) -> dict[str, Any]:
    text = "\n\n".join(f"# {name}\n\n{said}" for name, said in chapters.items())
    return {"type": "text", "title": "Handbook", "text": text}


async def test_unchanged_passages_keep_their_rows(owner: Tenant, agent: str) -> None:
    before = handbook(Opening="From nine.", Returns="Thirty days.", Repairs="Two days.")
    source = await trained(owner, agent, before)
    opening, returns, repairs = await learnt(owner, source)
    after = handbook(Parking="Behind the house.", Opening="From nine.", Returns="Sixty days.", Repairs="Two days.")
    again = await trained(owner, agent, after)
    assert (again["uuid"], again["counts"]["chunks"]) == (source["uuid"], 4)
    assert again["content_hash"] != source["content_hash"]
    found = await learnt(owner, source)
    assert [each["source"]["location"] for each in found] == ["Parking", "Opening", "Returns", "Repairs"]
    assert [each["source"]["position"] for each in found] == [0, 1, 2, 3]
    assert [found[1]["uuid"], found[3]["uuid"]] == [opening["uuid"], repairs["uuid"]]
    assert found[2]["uuid"] != returns["uuid"]
    assert found[1]["updated_at"] == opening["updated_at"]
    assert "Sixty" in found[2]["content"]


async def test_events_tell_what_was_new_and_what_is_forgotten(owner: Tenant, agent: str) -> None:
    await trained(owner, agent, handbook(Opening="From nine.", Returns="Thirty days."))
    run = await train(owner, agent, handbook(Opening="From nine.", Repairs="Two days."))
    events = (await owner.get(f"/api/v1/runs/{run['uuid']}/events")).text
    completed = events.partition("event: source.completed")[2]
    assert '"new":1' in completed
    assert '"forgotten":1' in completed


async def test_the_same_words_are_learnt_once(owner: Tenant, agent: str) -> None:
    same = "# A\n\nThe same words.\n\n# A\n\nThe same words.\n\n# B\n\nOthers."
    source = await trained(owner, agent, {"type": "text", "title": "Twice", "text": same})
    assert [each["content"] for each in await learnt(owner, source)] == ["A\nThe same words.", "B\nOthers."]


async def test_questions_without_a_title_are_the_same_by_what_is_asked(owner: Tenant, agent: str) -> None:
    def asked(question: str, answer: str) -> dict[str, Any]:
        return {"type": "qa", "pairs": [{"question": question, "answer": answer}]}

    await train(owner, agent, asked("When?", "At nine."), asked("Where?", "In Bern."))
    await train(owner, agent, asked("When?", "At ten."))
    told = sorted(each["content"] for each in await learnt(owner))
    assert told == ["Question: When?\nAnswer: At ten.", "Question: Where?\nAnswer: In Bern."]


async def test_a_source_twice_in_one_request_is_refused(owner: Tenant, agent: str) -> None:
    answer = await owner.post(f"{agent}/train", {"sources": [TEXT, TEXT]})
    assert (answer.status_code, [*answer.json()["errors"]]) == (422, ["sources.1"])
    assert await sources(owner, agent) == []


async def test_a_source_is_refreshed(owner: Tenant, agent: str) -> None:
    source = await trained(owner, agent, TEXT)
    answer = await owner.post(f"{agent}/sources/{source['uuid']}/refresh")
    assert answer.status_code == 202
    done = await owner.post(f"{agent}/sources/{source['uuid']}/refresh", {"background": False})
    assert done.json()["data"]["status"] == "succeeded"
    shown = (await owner.get(f"{agent}/sources/{source['uuid']}", params={"with": "creator"})).json()["data"]
    assert (shown["status"], shown["run_uuid"]) == ("completed", done.json()["data"]["uuid"])
    assert shown["creator"]["uuid"] == str(owner.user_uuid)
    assert len(await learnt(owner, source)) == 1


async def test_deleting_a_source_removes_what_was_learnt(owner: Tenant, agent: str) -> None:
    first = await trained(owner, agent, TEXT)
    second = await trained(owner, agent, {**TEXT, "title": "Other"})
    assert (await owner.delete(f"{agent}/sources/{first['uuid']}")).status_code == 204
    assert [each["source"]["title"] for each in await learnt(owner)] == ["Other"]
    assert (await owner.get(f"{agent}/sources/{first['uuid']}")).status_code == 404
    await owner.delete(agent)
    assert await learnt(owner) == []
    assert second["status"] == "completed"


async def test_deleting_a_file_removes_what_was_learnt(owner: Tenant, agent: str) -> None:
    media = await upload(owner, "a.md", b"# Hours\nFrom nine.")
    await trained(owner, agent, {"type": "media", "media_uuid": media})
    await owner.delete(f"/api/v1/media/{media}")
    assert await learnt(owner) == await sources(owner, agent) == []


async def test_a_memory_that_is_given_another_source_is_one_like_others(owner: Tenant, agent: str) -> None:
    source = await trained(owner, agent, TEXT)
    [memory] = await learnt(owner, source)
    changed = await owner.put(f"/api/v1/memories/{memory['uuid']}", {"source": {"type": "text"}})
    assert changed.json()["data"]["source"]["agent_source_uuid"] is None
    assert changed.json()["data"]["source"]["location"] is None
    await owner.delete(f"{agent}/sources/{source['uuid']}")
    assert (await owner.get(f"/api/v1/memories/{memory['uuid']}")).status_code == 200


async def test_sources_are_listed_by_what_they_are(owner: Tenant, agent: str) -> None:
    media = await upload(owner, "a.md", b"# Hours\nFrom nine.")
    await train(owner, agent, TEXT, {"type": "media", "media_uuid": media})
    for query in ({"type": "media"}, {"media_uuid": media}, {"search": "a.m"}, {"sort": "-title", "per_page": "1"}):
        assert [each["type"] for each in await sources(owner, agent, **query)] == ["media"]
    assert await sources(owner, agent, status="failed") == []
