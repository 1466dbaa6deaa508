"""A run's events told in another protocol, one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from athena.engine import Subscription
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.sse import StreamedEvent


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes of a stream."""

    data: bytes
    id: int = 0
    type: str = ""


def frame(event: StreamedEvent) -> bytes:
    """The bytes of an event that is bytes already."""
    return event.data


class ToldStream(ABC):
    """Events as :class:`athena.kit.sse.EventStream` takes them; a subclass tells each, and when it has said all."""

    def __init__(self, session: Session, access: Access, events: Subscription) -> None:
        self._database = session.database
        self._access = access
        self._events = events
        self._event: StreamedEvent | None = None
        self._begun = False
        self._ended = False
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        if not self._begun:
            self._begun = True
            if first := self.first():
                return Frame(first)
        while not self._ended:
            if self._event is None:
                try:
                    self._event = await self._events.__anext__()
                except StopAsyncIteration:
                    if self._closed:
                        await self.left()
                    raise
            # Kept until it is told: who waits for this may be cancelled, and ask again.
            event = self._event
            told = await self.told(event)
            self._event = None
            if told:
                return Frame(told, event.id, event.type)
        raise StopAsyncIteration

    def ready(self) -> Sequence[Frame]:
        """None: each is made when it is asked for."""
        return ()

    def close(self) -> None:
        """Ends the stream; before its end, that is the client's doing."""
        self._closed = not self._ended
        self._events.close()

    def first(self) -> bytes:
        """What is said before any event; mostly nothing."""
        return b""

    async def left(self) -> None:
        """What follows when the client leaves before the end; mostly no more than that."""
        self._events.close()

    @abstractmethod
    async def told(self, event: StreamedEvent) -> bytes:
        """The bytes that tell an event; empty for what the protocol does not tell."""

    def end(self) -> None:
        """Ends the stream after what is being told."""
        self._ended = True

    def session(self) -> Session:
        """A session of the caller's, for a look at what an event names."""
        session = self._database.session(self._access.scope)
        session.actor = self._access.actor
        return session
