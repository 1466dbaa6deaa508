"""The durable function behind every evaluation: has each item answered in a run of its own, and judges the answer.

An item is one step of the evaluation, and its run's id follows from the evaluation's. So when the process dies, what
was judged is kept, what was being answered is found and waited for, and nothing is answered twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from athena.engine import PARENT_LABEL, EndedRun, Engine, Event, Finished, Queue, RunContext, RunFailed, StepResult
from athena.evaluations import checks
from athena.evaluations.judging import judge
from athena.evaluations.repository import EvaluationRepository, ResultRepository
from athena.evaluations.service import KIND, EvaluationService
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Row, Session
from athena.kit.errors import AthenaError
from athena.kit.ids import derived_uuid
from athena.node_types.base import NodeFailed
from athena.runs.keeping import access_of
from athena.runs.schemas import AgentRun
from athena.runs.service import RunService

QUEUE: Final = Queue("evaluations")
ITEM_SECONDS: Final = 900.0
"""How long an agent may take for one item, waiting for people included."""

Values = dict[str, Any]


def register(engine: Engine, database: Database) -> None:
    """Makes ``engine`` able to evaluate."""
    work = Evaluating(database)
    engine.register(KIND, work.evaluate, on_end=work.ended, queue=QUEUE.name)


@dataclass(frozen=True, slots=True)
class Evaluating:
    """What the function needs of its process."""

    database: Database

    async def evaluate(self, run: RunContext) -> Finished:
        """Goes through what is pending, several items at a time."""
        access = access_of(run.workspace_uuid, run.input)

        async def begin() -> list[UUID]:
            async with run.transaction() as session:
                if not await EvaluationRepository(session, access.workspace_uuid, access.reach).begin(run.run_uuid):
                    raise _deleted()
                return await _results(session, run).pending()

        left = iter(await run.patiently(begin))
        await _all([self._work(run, access, left) for _ in range(run.input["concurrency"])])

        async def sum_up() -> dict[str, Any]:
            async with self.database.session(access.scope) as session:
                return (await EvaluationService(session, access).summaries([run.run_uuid]))[run.run_uuid]

        summary = await run.patiently(sum_up)

        async def end(session: Session) -> None:
            await EvaluationRepository(session, access.workspace_uuid, access.reach).end(
                run.run_uuid, "succeeded", None, summary
            )

        usage = {"input_tokens": summary["input_tokens"], "output_tokens": summary["output_tokens"]}
        usage["cost"] = summary["cost"] + summary["judge_cost"]
        return Finished({"summary": summary, "usage": usage}, apply=end)

    async def _work(self, run: RunContext, access: Access, left: Iterator[UUID]) -> None:
        for result_uuid in left:
            await self._evaluate_item(run, access, result_uuid)

    async def _evaluate_item(self, run: RunContext, access: Access, result_uuid: UUID) -> None:
        async def execute(_: int) -> StepResult:
            async def read() -> Row | None:
                async with self.database.session(access.scope) as session:
                    return await _results(session, run).find(result_uuid)

            row = await run.patiently(read)
            if row is None:
                raise _deleted()
            values = await self._answered(run, access, row)

            async def write(session: Session) -> None:
                if not await _results(session, run).settle(result_uuid, values):
                    raise _deleted()

            facts = {"result_uuid": str(result_uuid), "item_uuid": str(row["item_uuid"]), "status": values["status"]}
            told = Event("evaluation.item_completed", {**facts, "score": values.get("score")})
            return StepResult(facts, [told], write)

        await run.step(f"result:{result_uuid}", execute)

    async def _answered(self, run: RunContext, access: Access, row: Row) -> Values:
        """What an item's answer came to, as it is kept."""
        run_uuid = derived_uuid(run.run_uuid, f"result:{row['uuid']}")
        try:
            answer = await self._ask(run, access, run_uuid, row["messages"])
        except AthenaError as error:
            return _error(error.error_code, error.detail)
        except TimeoutError:
            await run.patiently(lambda: self._stop(access, run_uuid))
            late = f"The agent did not answer within {ITEM_SECONDS:.0f} seconds."
            return {**_error("timeout", late), "run_uuid": run_uuid}
        known = {"run_uuid": run_uuid, "duration_ms": answer["duration_ms"], **_used(answer["usage"])}
        if answer["status"] != "succeeded":
            error = answer["error"] or {"code": "run_cancelled", "message": "The run was cancelled."}
            return {**known, **_error(error["code"], error["message"])}
        text: str = answer["output"]["message"]["content"].replace("\0", "")
        return {**known, "output": text, **await self._judged(access, row, text)}

    async def _ask(
        self, run: RunContext, access: Access, run_uuid: UUID, messages: Sequence[Mapping[str, str]]
    ) -> Mapping[str, Any]:
        """The run of the agent at its end, as the API shows it."""
        given = run.input
        asked = AgentRun.model_validate({"messages": list(messages), "version": given["agent_version"]})

        async def accept() -> None:
            async with self.database.session(access.scope) as session:
                service = RunService(session, access, {PARENT_LABEL: str(run.run_uuid)}, run_uuid=run_uuid)
                if not await service.is_there(run_uuid):
                    await service.run_agent(UUID(given["agent_uuid"]), asked)

        async def told() -> Mapping[str, Any]:
            async with self.database.session(access.scope) as session:
                service = RunService(session, access)
                return service.told(await service.get(run_uuid))

        engine = self.database.provided(Engine)
        async with asyncio.timeout(ITEM_SECONDS):
            await run.patiently(accept)
            await run.patiently(lambda: engine.result(run.workspace_uuid, run_uuid))
        return await run.patiently(told)

    async def _stop(self, access: Access, run_uuid: UUID) -> None:
        async with self.database.session(access.scope) as session:
            await session.provided(Engine).cancel(session, access.workspace_uuid, run_uuid)

    async def _judged(self, access: Access, row: Row, answer: str) -> Values:
        """How an answer stands to all expectations. Where a judge fails, nothing can be said of the item."""
        reasons: list[checks.Reason] = []
        cost = 0.0
        for expectation in row["expectations"]:
            if expectation["type"] != "judge":
                reasons.append(checks.check(expectation, answer))
                continue
            try:
                reason, spent = await judge(self.database, access, expectation, row["messages"], answer)
            except (NodeFailed, AthenaError) as failure:
                cost += failure.usage.cost if isinstance(failure, NodeFailed) and failure.usage else 0.0
                return {**_error("judge_failed", f"The judge gave no verdict: {failure}"), "judge_cost": cost}
            reasons.append(reason)
            cost += spent
        passed = all(reason["passed"] for reason in reasons)
        return {
            "status": "passed" if passed else "failed",
            "score": checks.score(reasons),
            "reasons": reasons,
            "judge_cost": cost,
        }

    async def ended(self, session: Session, run: EndedRun) -> None:
        """What follows from an evaluation that did not succeed, in the transaction that ends it.

        What is being answered ends right after it, as the runs that it has started.
        """
        access = access_of(run.workspace_uuid, run.input)
        await ResultRepository(session, access.workspace_uuid, run.uuid).cancel()
        summary = (await EvaluationService(session, access).summaries([run.uuid]))[run.uuid]
        error = {key: run.error[key] for key in ("code", "message")} if run.error else None
        await EvaluationRepository(session, access.workspace_uuid, access.reach).end(
            run.uuid, run.status, error, summary
        )


async def _all(work: Sequence[Awaitable[None]]) -> None:
    """Does all of it at the same time; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


def _results(session: Session, run: RunContext) -> ResultRepository:
    return ResultRepository(session, WorkspaceId(run.workspace_uuid), run.run_uuid)


def _deleted() -> RunFailed:
    return RunFailed("evaluation_deleted", "The evaluation was deleted before it had ended.")


def _error(code: str, message: str) -> Values:
    return {"status": "error", "error": {"code": code, "message": message}}


def _used(usage: Mapping[str, Any] | None) -> Values:
    return {name: (usage or {}).get(name) for name in ("input_tokens", "output_tokens", "cost")}
