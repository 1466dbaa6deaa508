"""A loop: its body is passed over once for each item, one after the other or some beside each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from athena.node_types.base import LoopConfig, NodeFailed, Result
from athena.workflow_executions.scope import NOTHING, Scope
from athena.workflows.graph import DONE, ITEM, GraphNode

if TYPE_CHECKING:
    from athena.workflow_executions.interpreter import Interpreter

MAXIMUM_ITEMS: Final = 50_000
TURN_SECONDS: Final = 0.01
"""How long items may be computed in one go, while other requests wait."""


class Loop:
    """One run of a loop node."""

    def __init__(self, execution: Interpreter, scope: Scope, node: GraphNode, config: LoopConfig) -> None:
        self._execution = execution
        self._scope = scope
        self._node = node
        self._config = config
        self._items: Iterator[tuple[int, Any]] = iter(enumerate(config.items))
        self._results: dict[int, Any] = {}
        self._failed: dict[int, dict[str, Any]] = {}
        self._error: NodeFailed | None = None
        self._scopes: set[Scope] = set()
        self._workers: set[asyncio.Task[None]] = set()
        self._all_done = execution.activity.future()

    async def run(self) -> Result:
        """What the loop gives when all items are done."""
        count = len(self._config.items)
        if count > MAXIMUM_ITEMS:
            raise NodeFailed("too_many_items", f"A loop has at most {MAXIMUM_ITEMS} items; these are {count}.")
        try:
            if self._config.concurrency == 1:
                await self._work()
            else:
                await self._work_beside(min(self._config.concurrency, count))
        finally:
            for worker in tuple(self._workers):
                worker.cancel()
            for scope in tuple(self._scopes):
                scope.abort()
        if self._error is not None:
            raise self._error
        return Result({DONE: self._output(count)})

    async def _work_beside(self, workers: int) -> None:
        if workers == 0:
            return
        for _ in range(workers):
            self._execution.activity.begin()
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            self._execution.keep(worker)
            worker.add_done_callback(self._worked)
        await self._execution.activity.park(self._all_done)

    def _worked(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not self._workers:
            self._execution.activity.release(self._all_done, None)
        self._execution.activity.end()

    async def _work(self) -> None:
        turn = time.monotonic()
        for index, item in self._items:
            await self._pass(index, item)
            if self._error is not None:
                return
            if time.monotonic() - turn > TURN_SECONDS:
                await asyncio.sleep(0)
                turn = time.monotonic()

    async def _pass(self, index: int, item: Any) -> None:
        done = self._execution.activity.future()
        activity = self._execution.activity
        inner = self._execution.scope(
            self._node.id,
            path=(*self._scope.path, index),
            seen=self._scope.seen,
            item=item,
            index=index,
            on_end=lambda: activity.release(done, None),
        )
        self._scopes.add(inner)
        try:
            inner.enter(self._node.outgoing.get(ITEM, []))
            await activity.park(done)
        finally:
            self._scopes.discard(inner)
            if not inner.ended:
                inner.abort()
        if inner.error is not None:
            self._note_failure(index, inner.error)
        else:
            came = min(inner.results, default=(0, NOTHING), key=lambda result: result[0])[1]
            if came is not NOTHING:
                self._results[index] = came

    def _note_failure(self, index: int, error: NodeFailed) -> None:
        match self._config.on_item_error:
            case "fail":
                error.details.setdefault("index", index)
                self._error = error
            case "null":
                self._results[index] = None
                self._failed[index] = error.error
            case "skip":
                self._failed[index] = error.error

    def _output(self, count: int) -> dict[str, Any]:
        return {
            "results": [self._results[index] for index in sorted(self._results)],
            "failed": [{"index": index, "error": self._failed[index]} for index in sorted(self._failed)],
            "count": count,
        }


async def run_loop(execution: Interpreter, scope: Scope, node: GraphNode, config: LoopConfig) -> Result:
    """The result of a loop node."""
    return await Loop(execution, scope, node, config).run()
