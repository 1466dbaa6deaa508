"""The durable function of training: one step for each source, which learns it and says what became of it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from athena.accounts.service import Connections
from athena.engine import EndedRun, Engine, Event, Finished, Queue, RunContext, RunFailed, StepResult
from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Row, Session
from athena.kit.egress import Egress
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.training.learning import Learning, SourceGone
from athena.training.materials import Materials, SourceFailed
from athena.training.repository import AgentSourceRepository, TrainedRepository
from athena.training.seeing import Eyes, Spent
from athena.training.service import KIND

QUEUE: Final = Queue("training", most=2)
"""Runs of a process at the same time; one more waits without holding anything."""
DEADLINE_SECONDS: Final = 12 * 3600.0
CANCELLED: Final = {"code": "run_cancelled", "message": "The run was cancelled. What was learnt until then is kept."}
GONE: Final = {"code": "source_gone", "message": "The source was deleted, or is trained by a later run."}
PERMISSIONS: Final = frozenset(ROLE_PERMISSIONS[Role.BUILDER])


def register(engine: Engine, database: Database) -> None:
    """Makes ``engine`` able to train agents."""
    eyes = Eyes(database, database.provided(Connections))
    work = Training(database, Materials(database, database.provided(Egress), eyes))
    engine.register(KIND, work.train, deadline_seconds=DEADLINE_SECONDS, on_end=ended, queue=QUEUE.name)


@dataclass(frozen=True, slots=True)
class Training:
    """What the function needs of its process."""

    database: Database
    materials: Materials

    async def train(self, run: RunContext) -> Finished:
        """Learns every source, whatever becomes of the others."""
        results = [await self._source(run, UUID(uuid)) for uuid in run.input["source_uuids"]]
        spent = [each["usage"] for each in results]
        usage = {name: sum(each[name] for each in spent) for name in ("input_tokens", "output_tokens", "cost")}
        sources = [{key: value for key, value in each.items() if key != "usage"} for each in results]
        output = {"sources": sources, "usage": usage}
        if all(each["status"] == "failed" for each in sources):
            # What went wrong with each stands with it; of a single one that is all there is to say.
            first: str = sources[0]["error"]["message"]
            raise RunFailed(
                "training_failed", f"None of the sources could be learnt. The first: {first}", output=output
            )
        return Finished(output)

    async def _source(self, run: RunContext, uuid: UUID) -> dict[str, Any]:
        started = Event("source.started", {"source_uuid": str(uuid)})
        return await run.step(f"source:{uuid}", lambda _: self._learnt(run, uuid), started=started)

    async def _learnt(self, run: RunContext, uuid: UUID) -> StepResult:
        """A source, learnt or refused. What an attempt before this one has learnt is there already."""

        async def take() -> Row | None:
            async with run.transaction() as session:
                return await _trained(session, run.workspace_uuid, run.run_uuid).take(uuid)

        spent = Spent()
        source = await run.patiently(take)
        if source is None:
            return _failed(run, uuid, GONE, spent)
        learning = Learning(run, self.database, source, UUID(run.input["user_uuid"]))
        access = _access(run)
        try:
            await learning.begin()
            async with contextlib.aclosing(self.materials.read(source, access, spent)) as materials:
                async for material in materials:
                    await learning.take(material)
        except SourceFailed as error:
            return _failed(run, uuid, error.error, spent)
        except SourceGone:
            return _failed(run, uuid, GONE, spent)
        return _completed(run, uuid, learning, spent)


def _completed(run: RunContext, uuid: UUID, learning: Learning, spent: Spent) -> StepResult:
    async def keep(session: Session) -> None:
        if not await _trained(session, run.workspace_uuid, run.run_uuid).holds(uuid):
            return
        await learning.forget(session)
        learnt = {"counts": learning.counts, "content_hash": learning.content_hash, "trained_at": clock.now()}
        values = {"status": "completed", "title": learning.title, **learnt}
        await _sources(session, run.workspace_uuid, run.input["agent_uuid"]).update(uuid, values, verb="trained")

    told = {**learning.told(), "forgotten": len(learning.forgotten())}
    record = {"uuid": str(uuid), "status": "completed", "counts": learning.counts, "error": None}
    return StepResult({**record, "usage": asdict(spent.usage)}, [Event("source.completed", told)], keep)


def _failed(run: RunContext, uuid: UUID, error: Mapping[str, str], spent: Spent) -> StepResult:
    async def keep(session: Session) -> None:
        if await _trained(session, run.workspace_uuid, run.run_uuid).holds(uuid):
            values = {"status": "failed", "error": error}
            await _sources(session, run.workspace_uuid, run.input["agent_uuid"]).update(uuid, values, verb="failed")

    event = Event("source.failed", {"source_uuid": str(uuid), "error": error})
    record = {"uuid": str(uuid), "status": "failed", "counts": None, "error": error}
    return StepResult({**record, "usage": asdict(spent.usage)}, [event], keep)


async def ended(session: Session, run: EndedRun) -> None:
    """Puts the sources that a run has not come to at an end with it."""
    values = {"status": "cancelled", "error": CANCELLED}
    if run.status == "failed":
        error = run.error or {}
        values = {"status": "failed", "error": {key: error.get(key, "") for key in ("code", "message")}}
    for row in await _trained(session, run.workspace_uuid, run.uuid).unfinished():
        await _sources(session, run.workspace_uuid, row["agent_uuid"]).update(row["uuid"], values, verb="failed")


def _trained(session: Session, workspace_uuid: UUID, run_uuid: UUID) -> TrainedRepository:
    return TrainedRepository(session, WorkspaceId(workspace_uuid), run_uuid)


def _sources(session: Session, workspace_uuid: UUID, agent_uuid: UUID | str) -> AgentSourceRepository:
    return AgentSourceRepository(session, WorkspaceId(workspace_uuid), UUID(str(agent_uuid)))


def _access(run: RunContext) -> Access:
    """What a run may do: read what its sources name, in the name of who started it."""
    user_uuid, agent_uuid = UUID(run.input["user_uuid"]), UUID(run.input["agent_uuid"])
    workspace_uuid = WorkspaceId(run.workspace_uuid)
    return Access(workspace_uuid, user_uuid, Role.BUILDER, PERMISSIONS, acts_for=user_uuid, agent_uuid=agent_uuid)
