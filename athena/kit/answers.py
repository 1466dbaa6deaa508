"""The three ways in which whatever runs is answered: finished, in the background, or as a stream of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from fastapi import Request, Response

from athena.kit.access import Caller
from athena.kit.db import Row
from athena.kit.errors import AthenaError
from athena.kit.idempotency import in_flight
from athena.kit.routing import JsonResponse
from athena.kit.sse import Events, EventStream

EVENT: dict[str, Any] = {
    "type": "object",
    "description": "One event of the stream.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"type": "string", "examples": ["message.delta"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "A JSON object with `run_uuid` and `at`, and what belongs to the event.",
        },
    },
}
EVENTS: dict[str, Any] = {
    "description": "Server-sent events; each has an id that grows by one, and the last one is terminal.",
    "content": {"text/event-stream": {"schema": EVENT}},
}


def answers(model: Any) -> dict[int | str, dict[str, Any]]:
    """The documentation of what such an operation answers, with a run as ``model`` shows it."""
    return {
        200: {
            "description": "The finished run, or its events as they come.",
            "content": {"text/event-stream": {"schema": EVENT}},
        },
        202: {"description": "The run, accepted.", "model": model},
    }


class Runs(Protocol):
    """Whoever knows the runs."""

    def events(self, uuid: UUID, after: int = 0) -> Events:
        """A run's events after one, and then as they come."""
        ...

    async def get(self, uuid: UUID) -> Row:
        """A run's row."""
        ...

    async def finished(self, uuid: UUID) -> None:
        """Waits for the run's end."""
        ...

    def told(self, row: Row) -> Mapping[str, Any]:
        """A run as the API shows it."""
        ...

    def failure(self, row: Row) -> AthenaError:
        """The error of a run that did not succeed."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """How a request wants to be answered."""

    stream: bool
    background: bool

    @classmethod
    def of(cls, request: Request, *, stream: bool, background: bool) -> Way:
        """As the body and the ``Accept`` header say."""
        accepts = "text/event-stream" in request.headers.get("accept", "").lower()
        return cls(stream or (accepts and not background), background)


async def answer(caller: Caller, runs: Runs, run_uuid: UUID, way: Way) -> Response:
    """A run's answer in the way that was asked for; from here on it is durable, whatever becomes of the caller."""
    if caller.key is not None:
        caller.key.note_run(run_uuid, streamed=way.stream)
    await caller.session.commit()
    if way.stream:
        return EventStream(runs.events(run_uuid), {"Location": f"/api/v1/runs/{run_uuid}"})
    if not way.background:
        await runs.finished(run_uuid)
    return _told(runs, await runs.get(run_uuid), background=way.background)


async def repeat(runs: Runs, run_uuid: UUID, *, streamed: bool) -> Response:
    """The answer to a request that was made before, with the same key, and whose answer is not kept: from its run."""
    row = await runs.get(run_uuid)
    if streamed:
        return EventStream(runs.events(run_uuid), {"Location": f"/api/v1/runs/{run_uuid}"})
    if row["finished_at"] is None:
        raise in_flight()
    return _told(runs, row, background=False)


def _told(runs: Runs, row: Row, *, background: bool) -> Response:
    """A run as it is answered: accepted, or at its end."""
    if row["status"] != "succeeded" and not background:
        raise runs.failure(row)
    location = {"Location": f"/api/v1/runs/{row['uuid']}"}
    return JsonResponse({"data": runs.told(row)}, 202 if background else 200, location)
