"""The log is taken along as a file, in batches."""

from __future__ import annotations

import csv
import io
import json

import pytest

from athena.audit_events import service
from tests.audit_events.conftest import PATH, log_of
from tests.conftest import Tenant


async def test_every_entry_is_a_line_of_json(owner: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    for number in range(5):
        await owner.post("/api/v1/agents", {"name": f"Agent {number}"})
    answer = await owner.get(f"{PATH}/export")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert "audit-events.jsonl" in answer.headers["content-disposition"]
    lines = [json.loads(line) for line in answer.text.splitlines()]
    entries = [{key: value for key, value in each.items() if key != "actor"} for each in await log_of(owner)]
    assert lines[:5] == entries[:5]
    assert entries[5]["action"] == "audit_event.exported"


async def test_filters_hold_for_the_file_too(owner: Tenant) -> None:
    await owner.post("/api/v1/agents", {"name": "Ada"})
    thread = (await owner.post("/api/v1/threads", {})).json()["data"]["uuid"]
    [entry] = await log_of(owner, action="thread.created")
    for filters in (
        {"action": "thread.created"},
        {"resource_type": "thread"},
        {"resource_uuid": thread},
        {
            "actor_user_uuid": str(owner.user_uuid),
            "token_uuid": entry["credential"]["uuid"],
            "action": "thread.created",
        },
    ):
        lines = (await owner.get(f"{PATH}/export", params=filters)).text.splitlines()
        assert [json.loads(line)["uuid"] for line in lines] == [entry["uuid"]], filters
    late = await owner.get(f"{PATH}/export", params={"created_after": "2100-01-01T00:00:00Z"})
    assert late.text == ""


async def test_no_cell_is_a_formula(owner: Tenant) -> None:
    formula = '=HYPERLINK("http://x.test","Click")'
    await owner.post("/api/v1/agents", {"name": "Ada"}, headers={"User-Agent": formula})
    answer = await owner.get(f"{PATH}/export?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["user_agent"] == f"'{formula}"
    assert (row["action"], row["credential_kind"], row["details"]) == ("agent.created", "token", "{}")


async def test_a_strangers_file_is_empty(owner: Tenant, stranger: Tenant) -> None:
    await owner.post("/api/v1/agents", {"name": "Ada"})
    assert (await stranger.get(f"{PATH}/export")).text == ""
    unknown = await owner.get(f"{PATH}/export?format=xml")
    assert unknown.status_code == 422
