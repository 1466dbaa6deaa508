"""Streams: each subscriber reads the log after an event, then follows what is committed, without gap or repeat."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, Self
from uuid import UUID
from weakref import WeakSet

from athena.engine import reads, store
from athena.engine.away import AWAY, retry_pause
from athena.engine.events import TERMINAL_TYPES, StoredEvent
from athena.engine.models import FINISHED
from athena.kit.db import Database, Row

BUFFER: Final = 256
PAGE: Final = 500


class Subscription:
    """An iterator over a run's events; it ends after the terminal one, and has no task of its own.

    Events of runs in this process arrive from memory. A subscriber that is too slow for its buffer, or whose run is
    elsewhere, reads the log when it is told that there is more.
    """

    __slots__ = (
        "__weakref__",
        "_behind",
        "_buffer",
        "_ended",
        "_hub",
        "_last",
        "_waiter",
        "run_uuid",
        "workspace_uuid",
    )

    def __init__(self, hub: Hub, workspace_uuid: UUID, run_uuid: UUID, after: int) -> None:
        self.workspace_uuid = workspace_uuid
        self.run_uuid = run_uuid
        self._hub = hub
        self._last = after
        self._buffer: deque[StoredEvent] = deque()
        self._behind = True
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StoredEvent:
        while not self._ended:
            while self._buffer:
                event = self._buffer.popleft()
                if event.id <= self._last:
                    continue
                if event.id > self._last + 1:
                    # Something in between was not delivered to us: the log has it.
                    self._behind = True
                    break
                self._last = event.id
                if event.type in TERMINAL_TYPES:
                    self.close()
                return event
            if self._behind:
                await self._read()
            elif not self._ended:
                self._waiter = asyncio.get_running_loop().create_future()
                try:
                    await self._waiter
                finally:
                    self._waiter = None
        raise StopAsyncIteration

    def ready(self) -> list[StoredEvent]:
        """The next events, as far as they can be had without waiting."""
        events: list[StoredEvent] = []
        while self._buffer and not self._behind and not self._ended:
            event = self._buffer[0]
            if event.id > self._last + 1:
                break
            self._buffer.popleft()
            if event.id > self._last:
                self._last = event.id
                events.append(event)
                if event.type in TERMINAL_TYPES:
                    self.close()
        return events

    async def _read(self) -> None:
        self._behind = False
        self._buffer.clear()
        try:
            status, rows = await self._page()
        except BaseException:
            # Also when the reader only stops waiting for a while: the log is still to be read.
            self._behind = True
            raise
        live = self._buffer
        self._buffer = deque(StoredEvent(row["id"], row["type"], row["data"].encode()) for row in rows)
        self._buffer.extend(live)
        if len(rows) == PAGE:
            self._behind = True
        elif not rows and (status is None or status in FINISHED):
            self.close()

    async def _page(self) -> tuple[str | None, list[Row]]:
        """The next events of the log. While the database is away, the stream only pauses."""
        for tries in itertools.count():
            try:
                async with self._hub.database.session(store.tenant(self.workspace_uuid)) as session:
                    return await reads.read_events(session, self.workspace_uuid, self.run_uuid, self._last, PAGE)
            except AWAY:
                await asyncio.sleep(retry_pause(tries))
        raise AssertionError

    def offer(self, events: Sequence[StoredEvent]) -> None:
        """Takes events that were just committed, if there is room."""
        if len(self._buffer) < BUFFER:
            self._buffer.extend(events)
        else:
            self._behind = True
        self._wake()

    def look(self) -> None:
        """Tells that the log may hold more."""
        self._behind = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Ends the iteration."""
        self._ended = True
        self._hub.forget(self)
        self._wake()

    async def aclose(self) -> None:
        """As :meth:`close`, for :func:`contextlib.aclosing`."""
        self.close()


class Hub:
    """The subscribers in this process, by run."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._subscribers: dict[UUID, WeakSet[Subscription]] = {}

    def subscribe(self, workspace_uuid: UUID, run_uuid: UUID, after: int) -> Subscription:
        """A new subscriber, who is told of every event that is committed from now on."""
        subscription = Subscription(self, workspace_uuid, run_uuid, after)
        self._subscribers.setdefault(run_uuid, WeakSet()).add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Tells ``subscription`` nothing more."""
        others = self._subscribers.get(subscription.run_uuid)
        if others is not None:
            others.discard(subscription)
            if not others:
                del self._subscribers[subscription.run_uuid]

    def publish(self, run_uuid: UUID, events: Sequence[StoredEvent]) -> None:
        """Hands committed events to the run's subscribers."""
        for subscription in tuple(self._subscribers.get(run_uuid, ())):
            subscription.offer(events)

    def close(self) -> None:
        """Ends every stream, as a dropped connection would: whoever follows goes on elsewhere."""
        for subscribers in tuple(self._subscribers.values()):
            for subscription in tuple(subscribers):
                subscription.close()

    def look(self, run_uuids: Iterable[UUID] | None = None) -> None:
        """Has the subscribers of these runs, or all, read the log."""
        for run_uuid in tuple(self._subscribers) if run_uuids is None else run_uuids:
            for subscription in tuple(self._subscribers.get(run_uuid, ())):
                subscription.look()
