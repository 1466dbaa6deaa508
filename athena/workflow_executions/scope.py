"""One pass over the nodes of a scope: the whole graph, or a loop's body for one item.

A node runs once each edge that leads to it has either brought a value or turned out to bring none. If none brought
one, it is skipped, and so its edges bring none. Nodes without an effect are computed at once, in one go; the others are
tasks beside each other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from athena.expressions import ExpressionError
from athena.expressions.budget import Budget
from athena.node_types.base import ERROR, Call, LoopNode, NodeFailed, PureNode, Result
from athena.workflow_executions.journal import Path, shown
from athena.workflows.graph import ITEM, NEXT, GraphNode, Link

if TYPE_CHECKING:
    from athena.workflow_executions.interpreter import Interpreter

Facts = Mapping[str, Any]
"""What is told of a node's input, where the graph does not tell where it came from."""
NO_FACTS: Final[Facts] = {}
NOTHING: Final[Any] = object()
"""What an edge brings that leads on from where nothing goes on."""
CANCELLED: Final = "scope is over"
CALL_STEPS: Final = 10_000_000
"""What the expressions that one call evaluates by itself, for each of its items, may take in all."""


class ScopePlan:
    """What is the same for each pass: the nodes, and how many edges each waits for."""

    def __init__(self, scope_id: str | None, nodes: list[GraphNode]) -> None:
        self.scope_id = scope_id
        self.size = len(nodes)
        self.counts: dict[str, int] = {}
        self.roots: list[GraphNode] = []
        for node in nodes:
            leads_back = isinstance(node.type, LoopNode)
            count = sum(not (leads_back and link.target_port == NEXT) for link in node.incoming)
            self.counts[node.id] = count
            if count == 0:
                self.roots.append(node)


class Scope:
    """One pass. It ends when every node in it has run or was skipped, or when one failed for good."""

    __slots__ = (
        "_arrivals",
        "_begun",
        "_draining",
        "_execution",
        "_index",
        "_item",
        "_left",
        "_on_end",
        "_open",
        "_plan",
        "_ready",
        "_tasks",
        "ended",
        "error",
        "last",
        "path",
        "results",
        "seen",
    )

    def __init__(
        self,
        execution: Interpreter,
        plan: ScopePlan,
        *,
        path: Path = (),
        seen: Mapping[str, Any] | None = None,
        item: Any = None,
        index: int | None = None,
        on_end: Callable[[], None],
    ) -> None:
        self.path = path
        self.seen: dict[str, Any] = dict(seen or {})
        """What expressions call ``nodes``."""
        self.ended = False
        self.error: NodeFailed | None = None
        self.results: list[tuple[int, Any]] = []
        """What came back to the loop."""
        self.last: tuple[int, Any] = (-1, None)
        """The value with which the pass came to its end: of several, that of the node that stands last in the list."""
        self._execution = execution
        self._plan = plan
        self._item, self._index = item, index
        self._on_end = on_end
        self._left = dict(plan.counts)
        self._open = plan.size
        self._arrivals: dict[str, list[tuple[Link, Any]]] = {}
        self._begun: set[str] = set()
        """Nodes that began with what came first, and wait for no more."""
        self._ready: deque[GraphNode] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False

    # -- life -------------------------------------------------------------------------------------------------------

    def start(self, trigger: GraphNode, output: Any) -> None:
        """Begins with a trigger's output."""
        self._draining = True
        for node in self._plan.roots:
            if self._execution.given_input(node, self.path) is not NOTHING:
                self._ready.append(node)
            elif node is not trigger:
                self._settle(node, NOTHING)
        self._execution.noted(self, trigger, Result({trigger.first_output: output}))
        self._settle(trigger, {trigger.first_output: output})
        self._draining = False
        self._drain()

    def enter(self, links: list[Link]) -> None:
        """Begins with a loop's item."""
        self._draining = True
        for link in links:
            self._deliver(link, self._item)
        if not links:
            self._finish(None)
        self._draining = False
        self._drain()

    def abort(self) -> None:
        """Stops all that is at work in it."""
        self.ended = True
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel(CANCELLED)

    def fail(self, error: NodeFailed) -> None:
        """Ends it for good: a node failed, and nothing catches that."""
        if not self.ended:
            self.abort()
            self._finish(error)

    def _finish(self, error: NodeFailed | None) -> None:
        self.ended = True
        self.error = error
        self._on_end()

    # -- values on their way ----------------------------------------------------------------------------------------

    def settle(self, node: GraphNode, outputs: Mapping[str, Any]) -> None:
        """Takes what a task's node gave, and goes on."""
        if not self.ended:
            self._settle(node, outputs)
            self._drain()

    def _settle(self, node: GraphNode, outputs: Any) -> None:
        """A node has run, or was skipped (:data:`NOTHING`)."""
        if outputs is not NOTHING:
            value = next(iter(outputs.values()), None)
            self.seen[node.id] = {"output": value}
        went_on = False
        for port, links in node.outgoing.items():
            if port == ITEM and isinstance(node.type, LoopNode):
                continue
            value = NOTHING if outputs is NOTHING else outputs.get(port, NOTHING)
            for link in links:
                went_on = self._deliver(link, value) or went_on
        if outputs is not NOTHING and not went_on and node.order > self.last[0]:
            self.last = (node.order, next(iter(outputs.values()), None))
        self._open -= 1
        if self._open == 0 and not self.ended:
            self._finish(None)

    def _deliver(self, link: Link, value: Any) -> bool:
        """Brings a value over an edge; whether one arrived."""
        if self.ended:
            return False
        node = self._execution.graph.nodes[link.target]
        if not self._execution.wanted(node):
            value = NOTHING
        if value is not NOTHING and link.condition is not None and not self._holds(link, value):
            value = NOTHING
        if link.target == self._plan.scope_id and link.target_port == NEXT:
            if value is not NOTHING:
                self.results.append((link.order, value))
            return value is not NOTHING
        self._left[node.id] -= 1
        if value is not NOTHING:
            begun = node.hasty and node.id in self._begun
            if not begun:
                self._arrivals.setdefault(node.id, []).append((link, value))
                if node.hasty:
                    self._begun.add(node.id)
                    self._ready.append(node)
        if self._left[node.id] == 0 and node.id not in self._begun:
            self._ready.append(node)
        return value is not NOTHING

    def _holds(self, link: Link, value: Any) -> bool:
        if self.ended or link.condition is None:
            return False
        try:
            found = link.condition.evaluate(self.names(value))
        except ExpressionError as error:
            self.fail(NodeFailed("expression_error", f"The condition after {link.source}: {error.message}"))
            return False
        if not isinstance(found, bool):
            self.fail(NodeFailed("expression_error", f"The condition after {link.source} is neither true nor false."))
            return False
        return found

    def _drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        try:
            while self._ready and not self.ended:
                node = self._ready.popleft()
                arrivals = self._arrivals.pop(node.id, None)
                given = self._execution.given_input(node, self.path)
                if arrivals is None and given is NOTHING:
                    self._settle(node, NOTHING)
                else:
                    self._begin(node, arrivals or [], given)
        finally:
            self._draining = False

    # -- nodes ------------------------------------------------------------------------------------------------------

    def names(self, value: Any) -> dict[str, Any]:
        """What expressions may name."""
        names = {**self._execution.names, "nodes": self.seen, "input": value}
        if self._plan.scope_id is not None:
            names["item"], names["index"] = self._item, self._index
        return names

    def _call(self, node: GraphNode, arrivals: list[tuple[Link, Any]], instead: Any) -> tuple[Call, dict[str, Any]]:
        """One call of a node with what has arrived, or was given instead, and what its expressions may name."""
        ports: dict[str, list[Any]] = {port.name: [] for port in node.type.inputs}
        for link, value in arrivals:
            ports[link.target_port].append(value)
        if instead is not NOTHING:
            ports[node.first_input] = [instead]
        given = ports[node.first_input][0] if node.first_input and ports[node.first_input] else None
        names = self.names(given)

        budget = Budget(CALL_STEPS)

        def evaluate(text: str, **more: Any) -> Any:
            return self._execution.evaluate(text, names, more, budget)

        return Call(node.id, given, ports, evaluate), names

    def _facts(self, node: GraphNode, arrivals: list[tuple[Link, Any]], instead: Any) -> Facts:
        """What is to be told of the node's input: the value itself, or which edge brought it."""
        first = next((link for link, _ in arrivals if link.target_port == node.first_input), None)
        if instead is NOTHING and first is not None and first.source == self._plan.scope_id:
            instead = self._item
        if instead is not NOTHING:
            try:
                return {"input": shown(instead, redact=node.spec.redact)[0]}
            except NodeFailed as error:
                return {"input": error.message}
        if first is None or len(node.incoming) == 1:
            return NO_FACTS
        return {"input_from": (first.source, first.source_port)}

    def _begin(self, node: GraphNode, arrivals: list[tuple[Link, Any]], instead: Any) -> None:
        execution = self._execution
        arrivals.sort(key=lambda arrival: arrival[0].order)
        call, names = self._call(node, arrivals, instead)
        facts = self._facts(node, arrivals, instead)
        known = execution.known_outputs(node, self.path)
        if node.spec.disabled:
            self._settle(node, {node.first_output: call.input})
        elif known is not None:
            execution.noted(self, node, Result(known), reused=True, **facts)
            self._settle(node, known)
        elif isinstance(node.type, PureNode) and not node.hasty:
            self._compute(node, node.type, call, names, facts)
        elif (record := execution.recorded(node, self.path)) is not None:
            self._recall(node, record)
        else:
            execution.activity.begin()
            task = asyncio.create_task(self._work(node, call, facts))
            self._tasks.add(task)
            execution.keep(task)
            task.add_done_callback(self._done)

    def _compute(
        self, node: GraphNode, kind: PureNode[Any], call: Call, names: Mapping[str, Any], facts: Facts
    ) -> None:
        execution = self._execution
        try:
            execution.count()
            result = kind.compute(node.configuration.fill(names), call)
            execution.noted(self, node, result, **facts)
        except NodeFailed as error:
            self.failed(node, error, facts)
        else:
            self._settle(node, result.outputs)

    def _recall(self, node: GraphNode, record: Mapping[str, Any]) -> None:
        """A step that was done before a crash: at once, so that nothing begins beside it that it would stop."""
        try:
            self._execution.count()
            outputs = self._execution.read(record)
        except NodeFailed as error:
            self.failed(node, error)
        else:
            self._settle(node, outputs)

    def _done(self, task: asyncio.Task[None]) -> None:
        # Not at the end of the task's own code, which one that is cancelled before it begins never comes to.
        self._tasks.discard(task)
        self._execution.activity.end()

    async def _work(self, node: GraphNode, call: Call, facts: Facts) -> None:
        execution = self._execution
        try:
            execution.count()
            outputs = await execution.perform(self, node, call, facts)
        except NodeFailed as error:
            if not self.ended:
                self.failed(node, error)
                self._drain()
        else:
            self.settle(node, outputs)

    def failed(self, node: GraphNode, error: NodeFailed, facts: Facts = NO_FACTS) -> None:
        """A node failed: as its ``on_error`` says, it goes on all the same, or the scope ends."""
        self._execution.told_failure(self, node, error, **facts)
        match node.spec.on_error:
            case "continue":
                self._settle(node, {node.first_output: node.spec.default_output})
            case "branch":
                self._settle(node, {ERROR: {"error": error.error, "node_id": node.id}})
            case "fail":
                error.details.setdefault("node_id", node.id)
                self.fail(error)
