"""Runs code for a process of Athena: a few at a time, each in a worker of its own, off the event loop."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from athena.sandbox.errors import CodeError
from athena.sandbox.program import CodeResult, Limits, Program

if TYPE_CHECKING:
    from athena.sandbox.workers import Workers

SLOTS = 4
"""Runs at the same time; more wait in line."""
WAIT_SECONDS = 30.0
DEFAULT_LIMITS = Limits()


class PythonSandbox:
    """Runs Python without network, files or environment. Nothing is started before the first run.

    While nothing runs, there is no process. Used from one event loop; :meth:`close` ends it.
    """

    def __init__(self, *, slots: int = SLOTS, wait_seconds: float = WAIT_SECONDS) -> None:
        """``slots`` runs at a time; whoever gets none within ``wait_seconds`` is refused."""
        self._slots = asyncio.Semaphore(slots)
        self._most = slots
        self._wait_seconds = wait_seconds
        self._threads = ThreadPoolExecutor(slots, "athena-sandbox")
        self._opening = threading.Lock()
        self._workers: Workers | None = None
        self._running: dict[Program, asyncio.Future[CodeResult]] = {}
        self._closed = False

    async def run(
        self, code: str, inputs: Mapping[str, Any], *, limits: Limits = DEFAULT_LIMITS, name: str = "code"
    ) -> CodeResult:
        """Runs ``code`` with each of ``inputs``, JSON values, as a variable; gives what is then in ``result``.

        That variable is ``None`` until the code sets it, and must be JSON in the end. ``name`` stands in tracebacks.
        :class:`CodeError` when there is no value. Cancelling ends the run.
        """
        await self._slot()
        program = Program(code, inputs, limits, name)
        future = asyncio.get_running_loop().run_in_executor(self._threads, self._work, program)
        self._running[program] = future
        future.add_done_callback(functools.partial(self._ended, program))
        try:
            # The thread has its slot until the worker's end, whether or not somebody still waits for it.
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            program.stop()
            raise

    async def close(self) -> None:
        """Ends what runs; nothing runs afterwards."""
        self._closed = True
        running = dict(self._running)
        for program in running:
            program.stop()
        if running:
            await asyncio.wait(running.values())
        await asyncio.to_thread(self._close)

    async def _slot(self) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            raise CodeError("unavailable", "too much code is being run already") from error
        if self._closed:
            self._slots.release()
            raise CodeError("unavailable", "this process is stopping")

    def _ended(self, program: Program, future: asyncio.Future[CodeResult]) -> None:
        del self._running[program]
        self._slots.release()
        if not future.cancelled():
            # Nobody may be left to whom the error is told.
            future.exception()

    def _work(self, program: Program) -> CodeResult:
        with self._opening:
            if self._workers is None:
                # The interpreter's library takes time and memory, so it is loaded when it is first needed.
                from athena.sandbox.workers import Workers  # noqa: PLC0415

                self._workers = Workers(self._most)
        return self._workers.run(program)

    def _close(self) -> None:
        self._threads.shutdown()
        if self._workers is not None:
            self._workers.close()
            self._workers = None
