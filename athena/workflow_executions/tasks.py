"""The durable function behind every execution of a workflow."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from athena.engine import EndedRun, Engine, Finished, LeaseLost, Queue, RunContext, RunFailed
from athena.kit import tracing
from athena.kit.access import Access, WorkspaceId
from athena.kit.changes import Actor
from athena.kit.db import Database, Scope, Session
from athena.kit.errors import AthenaError, NotFound
from athena.node_types.base import NodeFailed
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.tools.base import ToolKinds
from athena.variables import service as variables
from athena.workflow_executions import resume
from athena.workflow_executions.given import Plan, Start, Surroundings
from athena.workflow_executions.interpreter import Interpreter
from athena.workflow_executions.journal import usage_of
from athena.workflow_executions.plans import Plans
from athena.workflow_executions.repository import WorkflowExecutionRepository
from athena.workflow_executions.starting import accept_child, spender_of, start_error_workflow
from athena.workflow_executions.tool import WorkflowTool
from athena.workflows.graph import Graph

KIND: Final = "workflow"
QUEUE: Final = Queue("workflows")
NOT_OF_NODES: Final = frozenset({"crashed", "deadline_exceeded", "internal_error", "workflow_deleted"})
"""Codes of failures that no node came to."""
RUN_PERMISSIONS = frozenset(ROLE_PERMISSIONS[Role.BUILDER])
CHANGING: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+|'[^']*'|\"[^\"]*\"")
"""What differs between errors that are the same: ids, numbers, quoted texts."""


def register(engine: Engine, database: Database) -> None:
    """Makes ``engine`` able to run workflows, and tools to be workflows."""
    plans = Plans()
    database.provide(plans)
    database.provided(ToolKinds).add(WorkflowTool())
    work = Executing(database, plans)
    engine.register(
        KIND,
        work.execute,
        deadline_seconds=lambda given: given["timeout_seconds"],
        on_end=work.ended,
        queue=QUEUE.name,
    )


@dataclass(frozen=True, slots=True)
class Executing:
    """What the function needs of its process."""

    database: Database
    plans: Plans

    async def execute(self, run: RunContext) -> Finished:
        """Runs a workflow's version from its trigger on."""
        given = run.input
        about = {"gen_ai.operation.name": "invoke_workflow", "athena.workflow.uuid": given["workflow_uuid"]}
        tracing.current().set(about, "invoke_workflow")
        access = access_of(run.workspace_uuid, given)
        plan = await self._plan(run, access)
        trigger = plan.graph.nodes[given["trigger"]["node_id"]]
        start = Start(
            trigger=trigger,
            output=given["output"],
            names=_names(run, given, self._resume_urls(run, plan)),
            seeds=given["seeds"],
            mocked=_mocked(plan.graph, given["pinned"]),
            inputs=given["inputs"],
            wanted=None if given["wanted"] is None else frozenset(given["wanted"]),
            test=given["test"],
            budget=given["budget"],
        )
        interpreter = Interpreter(run, plan, start, self._around(run, access))
        try:
            output = await interpreter.run()
        except NodeFailed as error:
            raise self._failed(run, interpreter, error) from error
        usage = usage_of(interpreter.usage)

        async def told(session: Session) -> None:
            await signal_parent(session, given, "succeeded", output=output, usage=usage)

        return Finished(
            {"output": output, "usage": usage, **({"redacted": True} if interpreter.is_redacted else {})},
            apply=told if given["parent"] else None,
            data={"output": output, "usage": usage},
            labels={"cost": usage["cost"]} if usage["cost"] else None,
        )

    async def _plan(self, run: RunContext, access: Access) -> Plan:
        given = run.input

        async def read() -> Plan:
            async with self.database.session(Scope(run.workspace_uuid)) as session:
                return await self.plans.get(session, access, UUID(given["workflow_uuid"]), given["version"])

        try:
            return await run.patiently(read)
        except NotFound as error:
            raise RunFailed("workflow_deleted", "The workflow was deleted before the execution began.") from error

    def _resume_urls(self, run: RunContext, plan: Plan) -> Mapping[str, str]:
        if not plan.addressed:
            return {}
        return resume.addresses(self.database, run.workspace_uuid, run.run_uuid, plan.addressed)

    def _around(self, run: RunContext, access: Access) -> Surroundings:
        async def secrets(names: Sequence[str]) -> Mapping[str, str]:
            async def read() -> Mapping[str, str]:
                async with self.database.session(Scope(run.workspace_uuid)) as session:
                    return (await variables.load(session, access.workspace_uuid, names)).secrets

            try:
                known = await run.patiently(read)
            except AthenaError as error:
                raise NodeFailed(error.error_code, error.detail) from error
            missing = [name for name in names if name not in known]
            if missing:
                raise NodeFailed("secret_missing", f"The workspace has no secret {missing[0]}.")
            return known

        def session() -> Session:
            opened = self.database.session(access.scope)
            opened.actor = Actor(access.user_uuid, "run", run.run_uuid)
            return opened

        # An execution from before there were ancestors has none.
        ancestors = [*map(UUID, run.input.get("ancestors", ())), UUID(run.input["workflow_uuid"])]

        async def start_workflow(opened: Session, workflow_uuid: UUID, value: Any, **options: Any) -> UUID:
            options |= {"depth": run.input["depth"] + 1, "ancestors": ancestors}
            return await accept_child(opened, access, workflow_uuid, value, **options)

        async def stop_run(run_uuid: UUID) -> None:
            if run.changes_hands:
                return
            with contextlib.suppress(LeaseLost):
                async with run.transaction() as opened:
                    await opened.provided(Engine).cancel(opened, run.workspace_uuid, run_uuid)

        spender = spender_of(access, UUID(run.input["workflow_uuid"]), run.run_uuid)
        return Surroundings(self.database, access, spender, session, secrets, start_workflow, stop_run, ancestors)

    def _failed(self, run: RunContext, interpreter: Interpreter, error: NodeFailed) -> RunFailed:
        details = {key: value for key, value in error.details.items() if key not in {"code", "message"}}
        if (node := interpreter.graph.nodes.get(details.get("node_id", ""))) is not None:
            details["node_type"] = node.spec.type
        usage = usage_of(interpreter.usage)
        failed = RunFailed(
            error.code, error.message, labels=_labels(run.input, error.error, usage), output=_spent(usage)
        )
        failed.error.update(details)
        return failed

    async def ended(self, session: Session, run: EndedRun) -> None:
        """What follows from an execution that did not succeed, in the transaction that ends it."""
        if run.error is None or run.error["code"] in NOT_OF_NODES:
            executions = WorkflowExecutionRepository(session, WorkspaceId(run.workspace_uuid))
            usage = await executions.spent(run.uuid)
            await executions.note_end(run.uuid, _labels(run.input, run.error, usage), _spent(usage))
        await signal_parent(session, run.input, run.status, error=run.error)
        if run.status == "failed" and run.input["error_workflow_uuid"] and run.input["trigger"]["type"] != "error":
            await start_error_workflow(session, access_of(run.workspace_uuid, run.input), run)


async def signal_parent(session: Session, given: Mapping[str, Any], status: str, **facts: Any) -> None:
    """Tells the execution that waits for this one, if there is one."""
    parent = given["parent"]
    if parent:
        payload = {"status": status, **facts}
        engine = session.provided(Engine)
        await engine.signal(
            session, UUID(parent["workspace_uuid"]), UUID(parent["run_uuid"]), parent["signal"], payload
        )


def access_of(workspace_uuid: UUID, given: Mapping[str, Any]) -> Access:
    """What an execution may do, in the name of who started it: what building the workflow took, and no more."""
    token_uuid = given["token_uuid"] and UUID(given["token_uuid"])
    user_uuid = UUID(given["user_uuid"])
    acts_for = UUID(given.get("acts_for") or given["user_uuid"])
    return Access(WorkspaceId(workspace_uuid), user_uuid, Role.BUILDER, RUN_PERMISSIONS, token_uuid, acts_for=acts_for)


def _labels(given: Mapping[str, Any], error: Mapping[str, Any] | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    """What an execution that did not succeed is found by."""
    cost = {"cost": usage["cost"]} if usage["cost"] else {}
    return cost if error is None else {**cost, "error_fingerprint": fingerprint(given, error)}


def _mocked(graph: Graph, pinned: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What nodes give that was given with the execution, by their ports."""
    return {name: {graph.nodes[name].first_output: value} for name, value in pinned.items() if name in graph.nodes}


def _spent(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The output of an execution that has none."""
    return {"output": None, "usage": dict(usage)}


def fingerprint(given: Mapping[str, Any], error: Mapping[str, Any]) -> str:
    """The same for errors of the same kind at the same node."""
    text = CHANGING.sub("#", error["message"])
    facts = (given["workflow_uuid"], str(error.get("node_id")), error["code"], text)
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]


def _names(run: RunContext, given: Mapping[str, Any], resume_urls: Mapping[str, str]) -> dict[str, Any]:
    """What expressions may name that does not depend on the node."""
    execution = {
        "uuid": str(run.run_uuid),
        "started_at": given["accepted_at"],
        "trigger": run.labels["trigger"],
        "test": given["test"],
        "resume_urls": resume_urls,
    }
    workflow = {"uuid": given["workflow_uuid"], "name": given["workflow_name"], "version": given["version"]}
    workspace = {"uuid": str(run.workspace_uuid), "variables": given["workspace_variables"]}
    return {
        "trigger": given["trigger"],
        "variables": given["variables"],
        "execution": execution,
        "workflow": workflow,
        "workspace": workspace,
    }
