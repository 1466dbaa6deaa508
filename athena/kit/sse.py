"""Server-sent events: a response that follows an iterator, and shows that it lives while nothing happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, Self

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from athena.kit.errors import AthenaError

KEEP_ALIVE_SECONDS = 15.0
KEEP_ALIVE = b": keep-alive\n\n"


class StreamedEvent(Protocol):
    """An event; ``data`` is JSON text without line breaks."""

    @property
    def id(self) -> int:
        """Grows by one."""
        ...

    @property
    def type(self) -> str:
        """Its name."""
        ...

    @property
    def data(self) -> bytes:
        """Its value."""
        ...


class Events(Protocol):
    """An iterator of events whose ``__anext__`` may be cancelled and called again."""

    def __aiter__(self) -> Self:
        """Itself."""
        ...

    async def __anext__(self) -> StreamedEvent:
        """The next event."""
        ...

    def ready(self) -> Sequence[StreamedEvent]:
        """What can be had without waiting."""
        ...

    def close(self) -> None:
        """Ends the iteration."""
        ...


class EventStream(Response):
    """Streams ``events``; a client that leaves ends the stream, not what it tells about."""

    media_type = "text/event-stream"

    def __init__(
        self,
        events: Events,
        headers: Mapping[str, str] | None = None,
        form: Callable[[StreamedEvent], bytes] | None = None,
    ) -> None:
        """``form`` makes the bytes of an event, which may be none, where it is not :func:`encode`."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})})
        del self.headers["content-length"]
        self._events = events
        self._form = form or encode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Serves the stream to its end or the client's."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        left = asyncio.create_task(_left(receive, self._events))
        try:
            await self._follow(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            left.cancel()
            self._events.close()

    async def _follow(self, send: Send) -> None:
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    event = await self._events.__anext__()
            except TimeoutError:
                await send({"type": "http.response.body", "body": KEEP_ALIVE, "more_body": True})
            except StopAsyncIteration:
                return
            else:
                if body := b"".join(map(self._form, (event, *self._events.ready()))):
                    await send({"type": "http.response.body", "body": body, "more_body": True})


def encode(event: StreamedEvent) -> bytes:
    """An event as it is sent."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), event.data)


async def _left(receive: Receive, events: Events) -> None:
    """Ends the iteration when the client leaves, or sends what it may not."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except AthenaError:
        pass
    finally:
        events.close()
