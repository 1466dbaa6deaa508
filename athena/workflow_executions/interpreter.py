"""Runs a workflow's graph as one durable run: deterministic from its log, however often it is interrupted."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import uuid5

from athena.engine import LATE, Event, StepOutcomeUnknown, StepResult
from athena.expressions import ExpressionError, compile_text
from athena.expressions.budget import Budget
from athena.expressions.errors import Exhausted
from athena.kit import tracing
from athena.kit.clock import rfc3339_or_none
from athena.kit.masking import Mask
from athena.node_types.base import (
    TIMED_OUT,
    Call,
    EffectCall,
    EffectNode,
    LoopNode,
    NodeFailed,
    PureNode,
    Result,
    Usage,
    Wait,
    WaitNode,
)
from athena.workflow_executions.activity import Activity
from athena.workflow_executions.given import Plan, Start, Surroundings
from athena.workflow_executions.journal import Journal, Path, Run, place, usage_of
from athena.workflow_executions.loop import run_loop
from athena.workflow_executions.scope import NOTHING, Facts, Scope
from athena.workflows.configuration import NAMES
from athena.workflows.graph import GraphNode

MAXIMUM_CALLS: Final = 200_000
"""Nodes that one execution may run, counted over all items."""
EVALUATION_STEPS: Final = 25
"""What each expression that a call evaluates by itself takes of its budget, beside its own computing."""
EVALUATED: Final = NAMES | {"item", "index"}
DOUBLED: Final = 2.0
JITTER: Final = 0.2


class Interpreter:
    """One execution at work in this process."""

    def __init__(self, run: Run, plan: Plan, start: Start, around: Surroundings | None) -> None:
        """``around`` may be left out where all nodes with an effect are mocked."""
        self.graph = plan.graph
        self.names = start.names
        self.activity = Activity(run.signalled)
        self.usage: Usage = Usage()
        self.calls = 0
        self._run = run
        self._plan = plan
        self._start = start
        self._around = around
        self._journal = Journal(run)
        self._tasks: set[asyncio.Task[None]] = set()
        self._crash: BaseException | None = None
        self._root = Scope(self, plan.scopes[None], seen=self._seen_before(), on_end=run.signalled.set)

    async def run(self) -> Any:
        """The execution's output; :class:`NodeFailed` when a node failed for good."""
        await self._journal.resume()
        try:
            self._root.start(self._start.trigger, self._start.output)
            await self._to_the_end()
        finally:
            await self._stop()
        if self._root.error is not None:
            raise self._root.error
        return self._root.last[1]

    @property
    def is_redacted(self) -> bool:
        """Whether the output is of a node whose output is not shown."""
        return any(node.spec.redact and node.order == self._root.last[0] for node in self._plan.graph.scopes[None])

    async def _to_the_end(self) -> None:
        changed = self._run.signalled
        while not self._root.ended:
            changed.clear()
            if self._crash is not None:
                raise self._crash
            waits = self.activity.waits
            if waits:
                ask = self._run.arrived if self.activity.busy else self._run.wait_for_any
                arrived = await ask(waits)
                if arrived:
                    self.activity.arrive(arrived)
                    continue
            elif not self.activity.busy:
                raise NodeFailed("incomplete", "The graph comes to no end; the workflow's problems tell why.")
            moments = [moment.timestamp() for moment in waits.values() if moment is not None]
            limit = max(0.0, min(moments) - time.time()) if moments else None
            try:
                async with asyncio.timeout(limit):
                    await changed.wait()
            except TimeoutError:
                continue
        if self._crash is not None:
            raise self._crash

    async def _stop(self) -> None:
        """Ends what is still at work, so that nothing has an effect after the execution's end."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def keep(self, task: asyncio.Task[None]) -> None:
        """Notes a task, to be ended with the execution at the latest."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crash = self._crash or error
            self._run.signalled.set()

    # -- what scopes ask --------------------------------------------------------------------------------------------

    def wanted(self, node: GraphNode) -> bool:
        """Whether this execution runs that node."""
        return self._start.wanted is None or node.id in self._start.wanted

    def known_outputs(self, node: GraphNode, path: Path) -> Mapping[str, Any] | None:
        """Outputs that are there without running the node."""
        start = self._start
        if node.id in start.mocked:
            return start.mocked[node.id]
        if start.test and node.spec.pinned_output is not None:
            return {node.first_output: node.spec.pinned_output}
        return start.seeds.get(place(node.id, path)) if start.seeds else None

    def given_input(self, node: GraphNode, path: Path) -> Any:
        """What a node gets in place of what comes to it; :data:`NOTHING` when it gets that."""
        inputs = self._start.inputs
        return inputs[node.id] if inputs and not path and node.id in inputs else NOTHING

    def _seen_before(self) -> dict[str, Any]:
        """What is known of nodes that this execution does not come to."""
        mocked = {name: outputs for name, outputs in self._start.mocked.items() if name in self.graph.nodes}
        return {
            name: {"output": next(iter(outputs.values()), None)}
            for name, outputs in mocked.items()
            if not self.wanted(self.graph.nodes[name])
        }

    def recorded(self, node: GraphNode, path: Path) -> Mapping[str, Any] | None:
        """What the record of a node's step says, if the step was done before."""
        return self._run.recorded(place(node.id, path))

    def count(self) -> None:
        """One more node runs."""
        self.calls += 1
        if self.calls > MAXIMUM_CALLS:
            raise NodeFailed("too_many_steps", f"An execution runs at most {MAXIMUM_CALLS} nodes.")

    def noted(self, scope: Scope, node: GraphNode, result: Result, **facts: Any) -> None:
        """Tells of a node that was computed at once."""
        self._journal.note(self._journal.completed(node, scope.path, result, **facts), result)

    def told_failure(self, scope: Scope, node: GraphNode, error: NodeFailed, **facts: Any) -> None:
        """Tells of a node that failed, unless its step has told of it."""
        if not error.details.pop("told", False):
            self._journal.note(self._journal.failed(node, scope.path, error.error, **facts))

    @staticmethod
    def evaluate(text: str, names: Mapping[str, Any], more: Mapping[str, Any], budget: Budget) -> Any:
        """A text of a configuration that its type evaluates by itself; ``budget`` is for all of one call."""
        try:
            budget.spend(EVALUATION_STEPS)
            return compile_text(text, EVALUATED).evaluate({**names, **more} if more else names, budget)
        except ExpressionError as error:
            raise NodeFailed("expression_error", error.message, expression=error.expression) from error
        except Exhausted as error:
            raise NodeFailed("expression_error", error.message, expression=text) from error

    def scope(self, scope_id: str, **options: Any) -> Scope:
        """A new pass over a loop's body."""
        return Scope(self, self._plan.scopes[scope_id], **options)

    # -- nodes that take time ---------------------------------------------------------------------------------------

    async def perform(self, scope: Scope, node: GraphNode, call: Call, facts: Facts) -> Mapping[str, Any]:
        """The outputs of a node that is no mere computation; ``facts`` are told with its beginning."""
        self._check_budget()
        kind = node.type
        begin = self._journal.started(node, scope.path, **facts)
        if isinstance(kind, LoopNode):
            self._journal.note(begin)
            config = node.configuration.fill(scope.names(call.input))
            result = await run_loop(self, scope, node, config)
            self.noted(scope, node, result)
            return result.outputs
        if isinstance(kind, WaitNode):
            return await self._wait(scope, node, kind, call, begin)
        return await self._effect(scope, node, call, begin)

    def _check_budget(self) -> None:
        budget = self._start.budget
        if budget is not None and self.usage.cost >= budget:
            raise NodeFailed("budget_exhausted", f"The execution has used up its budget of {budget} US dollars.")

    async def _effect(self, scope: Scope, node: GraphNode, call: Call, begin: Event) -> Mapping[str, Any]:
        key = place(node.id, scope.path)
        safe = node.spec.on_unknown_outcome == "repeat"
        try:
            record = await self._run.step(
                key, lambda attempt: self._tried(scope, node, call, attempt), started=begin, repeatable=safe
            )
        except StepOutcomeUnknown as error:
            text = "It was interrupted, and nobody knows whether it took effect; it may not be repeated."
            raise NodeFailed("outcome_unknown", text) from error
        return self.read(record)

    def read(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a step's record says, whether it was made now or before a crash."""
        if record.get("usage"):
            self.usage += Usage(**record["usage"])
        if "error" in record:
            error = dict(record["error"])
            raise NodeFailed(error.pop("code"), error.pop("message"), **error, told=True)
        return record["outputs"]

    async def _tried(self, scope: Scope, node: GraphNode, call: Call, attempt: int) -> StepResult:
        """Has a node do what it does, as often as its settings say."""
        key = place(node.id, scope.path)
        if attempt > 1:
            self._journal.repeated(node, scope.path, attempt)
        begun = time.monotonic()
        spent = Usage()
        failures = tries = self._journal.tries.pop(key, 0)
        while True:
            tries += 1
            facts = {"attempts": tries, "duration_ms": 0}
            try:
                found = await self._try(scope, node, call, f"{key}#{failures}")
                if isinstance(found, Wait):
                    until = rfc3339_or_none(found.until)
                    event = self._journal.waiting(node, scope.path, found, until)
                    return StepResult({"until": until}, [event], found.apply)
                if spent != Usage():
                    found = dataclasses.replace(found, usage=(found.usage or Usage()) + spent)
                facts["duration_ms"] = round((time.monotonic() - begun) * 1000)
                event = self._journal.completed(node, scope.path, found, **facts)
            except NodeFailed as error:
                spent += error.usage or Usage()
                if not error.unknown:
                    failures += 1
                delay = self._delay(node, error, tries)
                if delay is None:
                    facts["duration_ms"] = round((time.monotonic() - begun) * 1000)
                    usage = usage_of(spent) if spent != Usage() else None
                    used = {"usage": usage} if usage else {}
                    told = self._journal.failed(node, scope.path, error.error, **facts, **used)
                    return StepResult({"error": error.error, "usage": usage}, [told])
                self._journal.retrying(node, scope.path, error.error, tries, delay)
                await asyncio.sleep(delay)
            else:
                usage = usage_of(found.usage) if found.usage else None
                return StepResult({"outputs": dict(found.outputs), "usage": usage}, [event])

    async def _try(self, scope: Scope, node: GraphNode, call: Call, key: str) -> Result | Wait:
        """One try, within its time; what comes back holds none of the secrets that were used."""
        kind = node.type
        named = sorted(node.configuration.secrets)
        known: Mapping[str, str] = await self._outside.secrets(named) if named else {}
        mask = Mask({value: f"[secret:{name}]" for name, value in known.items()})
        names = scope.names(call.input)
        config = node.configuration.fill({**names, "secrets": known} if named else names)
        try:
            if isinstance(kind, PureNode):
                return kind.compute(config, call)
            assert isinstance(kind, EffectNode | WaitNode)  # noqa: S101 - all other kinds went other ways
            seconds = node.spec.timeout or kind.seconds
            about = {"athena.node.id": node.id, "athena.node.type": node.spec.type}
            with tracing.span(f"execute_node {node.spec.type}", attributes=about):
                async with asyncio.timeout(seconds):
                    effect = self._effect_call(scope, node, call, key, seconds)
                    if isinstance(kind, WaitNode):
                        found = await kind.begin(config, effect, signal_of(node, scope.path))
                    else:
                        found = await kind.execute(config, effect)
        except NodeFailed as error:
            raise _masked(error, mask) from error
        except TimeoutError as error:
            raise NodeFailed("timeout", "It took longer than it may.", retryable=True, unknown=True) from error
        if not mask:
            return found
        if isinstance(found, Wait):
            return dataclasses.replace(found, details=mask.of(dict(found.details)))
        return Result(mask.of(dict(found.outputs)), found.usage, mask.of(dict(found.details)))

    def _effect_call(self, scope: Scope, node: GraphNode, call: Call, key: str, seconds: float) -> EffectCall:
        around = self._outside
        return EffectCall(
            node_id=call.node_id,
            input=call.input,
            arrivals=call.arrivals,
            evaluate=call.evaluate,
            access=around.access,
            database=around.database,
            run_uuid=self._run.run_uuid,
            spender=around.spender,
            idempotency_key=str(uuid5(self._run.run_uuid, key)),
            seconds=seconds,
            emit=self._journal.hidden(node, scope.path) if node.spec.redact else self._run.emit,
            session=around.session,
            start_workflow=around.start_workflow,
            stop_run=around.stop_run,
            ancestors=around.ancestors,
        )

    @property
    def _outside(self) -> Surroundings:
        assert self._around is not None  # noqa: S101 - without it nothing has an effect
        return self._around

    @staticmethod
    def _delay(node: GraphNode, error: NodeFailed, tries: int) -> float | None:
        """Seconds before the next try; ``None``: there is none."""
        retry = node.spec.retry
        if retry is None or tries >= retry.max_attempts:
            return None
        if not (error.retryable if retry.codes is None else error.code in retry.codes):
            return None
        factor = DOUBLED ** (tries - 1) if retry.backoff == "exponential" else 1.0
        delay = min(retry.delay_ms * factor, retry.max_delay_ms) / 1000
        asked = error.details.pop("retry_after", None)
        if isinstance(asked, int | float):
            delay = max(delay, min(float(asked), retry.max_delay_ms / 1000))
        return delay * (1 + JITTER * (secrets.randbelow(2001) / 1000 - 1)) if retry.jitter else delay

    # -- waits ------------------------------------------------------------------------------------------------------

    async def _wait(
        self, scope: Scope, node: GraphNode, kind: WaitNode[Any], call: Call, begin: Event
    ) -> Mapping[str, Any]:
        record = await self._run.step(
            f"{place(node.id, scope.path)}:wait",
            lambda attempt: self._tried(scope, node, call, attempt),
            started=begin,
        )
        if "until" not in record:
            return self.read(record)
        until = None if record["until"] is None else datetime.fromisoformat(record["until"])
        answer = await self.activity.wait(signal_of(node, scope.path), until)
        config = node.configuration.fill(scope.names(call.input), with_secrets=False)
        try:
            result = kind.resume(config, call, TIMED_OUT if answer is LATE else answer)
        except NodeFailed as error:
            self.usage += error.usage or Usage()
            raise
        self.usage += result.usage or Usage()
        self.noted(scope, node, result)
        return result.outputs


def signal_of(node: GraphNode, path: Path) -> str:
    """The signal of the run that ends a node's wait."""
    return f"node:{place(node.id, path)}"


def _masked(error: NodeFailed, mask: Mask) -> NodeFailed:
    """The error without secrets."""
    details = mask.of(error.details)
    masked = NodeFailed(error.code, mask.of(error.message), retryable=error.retryable, unknown=error.unknown, **details)
    masked.usage = error.usage
    return masked
