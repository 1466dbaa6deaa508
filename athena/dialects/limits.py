"""How many streams one user may have open at a process: each holds a connection, however long its run waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from starlette.types import Receive, Scope, Send

from athena.dialects.streams import ToldStream, frame
from athena.kit.errors import TooManyRequests
from athena.kit.sse import EventStream

MOST: Final = 100
AGAIN_SECONDS: Final = 5


class OpenStreams:
    """The streams that are open at this process, by user."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._open = Counter[UUID]()

    @contextmanager
    def taken(self, user_uuid: UUID) -> Generator[None]:
        """Counts one that is about to be opened: those that come at once see each other. 429 where none is left."""
        if self._open[user_uuid] >= self.most:
            raise TooManyRequests(
                f"{self.most} calls of yours are being followed already.",
                retry_after=AGAIN_SECONDS,
                code="too_many_streams",
            )
        with self.counted(user_uuid):
            yield

    @contextmanager
    def counted(self, user_uuid: UUID) -> Generator[None]:
        """Counts one while it is open."""
        self._open[user_uuid] += 1
        try:
            yield
        finally:
            self._open[user_uuid] -= 1
            if not self._open[user_uuid]:
                del self._open[user_uuid]


class CountedStream(EventStream):
    """A stream that counts while it is open."""

    def __init__(self, stream: ToldStream, streams: OpenStreams, user_uuid: UUID, **options: Any) -> None:
        super().__init__(stream, form=frame, **options)
        self._streams = streams
        self._user_uuid = user_uuid

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves the stream."""
        with self._streams.counted(self._user_uuid):
            await super().__call__(scope, receive, send)
