"""The client for ``asyncio``.

Made by `python -m scripts.client`; not to be edited.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self, cast

import httpx2

from athena_client.async_resources import AsyncResources
from athena_client.calls import STREAM_SILENCE_SECONDS, Call, at, options, pause, value
from athena_client.errors import ConnectionFailed
from athena_client.events import Event, EventDecoder


class AsyncAthena(AsyncResources):
    """Athena's API, with its resources as attributes: ``AsyncAthena().agents.list()``.

    ``base_url`` and ``token`` are taken from ``ATHENA_URL`` and ``ATHENA_TOKEN`` when left out, and an empty token
    is none; ``timeout`` is in seconds, of one request. Tasks may share a client.
    """

    def __init__(
        self,
        base_url: str | None = None,
        token: str | None = None,
        *,
        workspace_uuid: str | None = None,
        timeout: float = 60.0,
        max_retries: int = 5,
    ) -> None:
        self._options = options(base_url, token, workspace_uuid, timeout, max_retries)
        self._http = httpx2.AsyncClient(**self._options.http())
        super().__init__(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        files: Any = None,
        timeout: float | None = None,
    ) -> Any:
        """Any operation: its path after ``/api/v1``. The answer's JSON, or ``None``. Raises an ``ApiError``."""
        return value(await self._send(Call(method, path, query or {}, body, files=files, timeout=timeout)))

    def stream(self, path: str, body: Mapping[str, Any]) -> AsyncStream:
        """Starts what is named by its path, and gives its events as they come."""
        call = Call("POST", path, body={**body, "stream": True}, headers={"Accept": "text/event-stream"})
        return AsyncStream(self, call)

    def events(self, run_uuid: str, after: int = 0) -> AsyncStream:
        """The events of a run that was started before, beginning behind the id ``after``."""
        return AsyncStream(self, None, run_uuid, after)

    async def open(self, call: Call) -> httpx2.Response:
        """An answer whose body is still to be read."""
        return await self._send(call, stream=True)

    async def _send(self, call: Call, *, stream: bool = False) -> httpx2.Response:
        while True:
            try:
                answer = await self._http.send(self._http.build_request(**call.request(self._options)), stream=stream)
                if answer.is_success:
                    return answer
                await answer.aread()
                await answer.aclose()
            except httpx2.TransportError as error:
                delay = call.after_break(error, self._options)
            else:
                delay = call.after_answer(answer, self._options) or 0.0
            await asyncio.sleep(delay)

    @property
    def max_retries(self) -> int:
        """How often a request is repeated, or a stream resumed without anything new."""
        return self._options.max_retries


class AsyncStream(AsyncIterator[Event]):
    """A run's events, to its end; after a broken connection it goes on behind the last one.

    Used with ``with``, or read to its end. Leaving it ends the stream, and not the run.
    """

    def __init__(self, client: AsyncAthena, start: Call | None, run_uuid: str | None = None, after: int = 0) -> None:
        self.run_uuid = run_uuid
        self.last_event_id = after
        self._client = client
        self._start = start
        self._events = self._follow()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection."""
        await self._events.aclose()

    async def text(self) -> AsyncIterator[str]:
        """The answer's text as it comes. What is void after ``message.restarted`` comes again."""
        async for event in self:
            if event.type == "message.delta":
                yield cast("str", event.data["delta"])

    async def _follow(self) -> AsyncGenerator[Event, None]:
        failures = 0
        while True:
            before = self.last_event_id
            try:
                async with aclosing(self._connection()) as events:
                    async for event in events:
                        self.last_event_id = event.id
                        yield event
                        if event.is_terminal:
                            return
            except (httpx2.TransportError, httpx2.StreamError):
                pass  # the next connection tells whether the server is there
            failures = 0 if self.last_event_id > before else failures + 1
            if failures > self._client.max_retries:
                raise ConnectionFailed("the stream breaks off again and again")
            await asyncio.sleep(pause(failures + 1))

    async def _connection(self) -> AsyncGenerator[Event, None]:
        decoder = EventDecoder()
        answer = await self._client.open(self._call())
        try:
            if location := answer.headers.get("Location"):
                self.run_uuid = location.rpartition("/")[2]
            async for chunk in answer.aiter_bytes():
                for event in decoder.feed(chunk):
                    if event.id > self.last_event_id:
                        yield event
        finally:
            await answer.aclose()

    def _call(self) -> Call:
        if self.run_uuid is None and self._start is not None:
            self._start.timeout = STREAM_SILENCE_SECONDS
            return self._start
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self.last_event_id)}
        return Call("GET", f"/runs{at(self.run_uuid, '/events')}", headers=headers, timeout=STREAM_SILENCE_SECONDS)
