"""What every history of a run must be, whatever was killed, frozen or cut off meanwhile."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from uuid import UUID

import orjson

from athena.engine import StoredEvent
from athena.kit.db import Database
from tests.engine.worker_program import WORDS

TERMINAL = {"run.completed", "run.failed", "run.cancelled"}


def check_story(events: list[StoredEvent]) -> None:
    """A finished story, as a client sees it."""
    assert [event.id for event in events] == list(range(1, len(events) + 1)), "ids grow by one"
    types = [event.type for event in events]
    assert [name for name in types if name in TERMINAL] == ["run.completed"], "one terminal event"
    assert types[-1] == "run.completed", "nothing after it"
    counts = Counter(types)
    assert counts["run.started"] == counts["message.started"] == counts["tool_call.started"] == 1
    assert counts["message.completed"] == counts["tool_call.completed"] == 1, "each step has one result"
    text = ""
    for event in events:
        if event.type == "message.restarted":
            text = ""
        elif event.type == "message.delta":
            text += orjson.loads(event.data)["delta"]
    shown = [(event.id, event.type, orjson.loads(event.data).get("delta")) for event in events]
    assert text == "".join(WORDS), f"the text has no gap and no repeat: {shown}"
    assert orjson.loads(events[-1].data)["output"] == "".join(WORDS)


async def check_stored(database: Database, run: UUID) -> None:
    """The rows behind it: the leases follow each other, the run is free, and no job is left."""
    async with database.system() as session:
        row = await session.fetch_one("SELECT * FROM runs WHERE uuid = $1", run)
        events = await session.fetch("SELECT * FROM run_events WHERE run_uuid = $1 ORDER BY id", run)
        jobs = await session.value("SELECT count(*) FROM pgqueuer WHERE dedupe_key = $1", str(run))
    assert row is not None
    assert row["status"] == "succeeded"
    assert row["process_uuid"] is None
    assert row["last_event_id"] == len(events)
    leases = [event["lease_number"] for event in events]
    assert leases == sorted(leases), "no holder writes after its successor"
    assert leases[-1] == row["lease_number"]
    assert jobs == 0
    done = Counter(event["step"] for event in events if event["record"] is not None)
    assert done == {"plan": 1, "tell": 1}


def calls_of(file: Path, run: UUID) -> list[str]:
    """The steps that were called for a run, in order."""
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [line[1] for line in lines if line[0] == str(run)]
