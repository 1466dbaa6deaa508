"""The one way to a model: a request in, events out, whatever the provider's dialect."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from athena.kit import tracing
from athena.kit.egress import Egress, EgressConnectionFailed, EgressError, EgressStream
from athena.llm import anthropic, embeddings, google, openai_chat, openai_responses
from athena.llm.dialect import Adapter, Decoder, HttpCall
from athena.llm.errors import ErrorKind, ModelError, from_egress, from_status, malformed, masked
from athena.llm.metrics import WatchedCall
from athena.llm.sse import EventTooLargeError, SseParser
from athena.llm.types import Completed, Dialect, DiscoveredModel, Event, ModelEndpoint, ModelRequest

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
MAX_MODEL_PAGES = 20
_ADAPTERS: dict[Dialect, Adapter] = {
    Dialect.OPENAI_CHAT: openai_chat,
    Dialect.OPENAI_RESPONSES: openai_responses,
    Dialect.ANTHROPIC: anthropic,
    Dialect.GOOGLE: google,
}
_OK = 200


class ModelClient:
    """Calls models over one process's :class:`Egress`. It holds no state of its own, and never retries.

    Retrying belongs to the caller, whose step is durable; :func:`athena.llm.errors.retry_delay` says how long to wait.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def stream(self, endpoint: ModelEndpoint, request: ModelRequest) -> AsyncGenerator[Event]:
        """Call a model, and hand on its answer as it arrives. The last event is the one :class:`Completed`.

        Who may stop before that should iterate within :func:`contextlib.aclosing`, which ends the call at once.

        Raises:
            ModelError: the call failed, before or in the middle of the answer.
        """
        adapter = _ADAPTERS[endpoint.dialect]
        call = _prepared(adapter, endpoint, request)
        with WatchedCall(endpoint, request) as watched:
            try:
                async with self._opened(call, endpoint, watched) as upstream:
                    if upstream.status != _OK:
                        raise from_status(
                            upstream.status, upstream.headers, await _read_error(upstream), endpoint.secrets()
                        )
                    if not request.stream or "json" in upstream.headers.get("content-type", ""):
                        # Some servers answer whole although a stream was asked for.
                        yield watched.complete(adapter.parse(b"".join([chunk async for chunk in upstream])))
                        return
                    decoder = adapter.decoder()
                    read = _reader(upstream, decoder)
                    # Read here, not in a generator of its own: a second one would be a fifth of a token's cost.
                    while not decoder.done and (events := await read()) is not None:
                        if events and not watched.heard:
                            watched.hear()
                        for event in events:
                            yield event
                    yield watched.complete(decoder.finish())
                    await upstream.drain()
            except EgressError as error:
                raise from_egress(error) from None
            except ModelError as error:
                raise _cleaned(error, endpoint) from None

    def _opened(
        self, call: HttpCall, endpoint: ModelEndpoint, watched: WatchedCall
    ) -> AbstractAsyncContextManager[EgressStream]:
        return self._egress.stream(
            call.method,
            call.url,
            headers={**tracing.headers(endpoint.host, watched.span), **_headers(call, endpoint)},
            body=call.body,
            timeout=endpoint.timeout,
            idle_timeout=endpoint.idle_timeout,
            max_bytes=MAX_ANSWER_BYTES,
            trusted=endpoint.trusted,
        )

    async def complete(self, endpoint: ModelEndpoint, request: ModelRequest) -> Completed:
        """Call a model, and give its whole answer.

        Raises:
            ModelError: the call failed.
        """
        last: Event | None = None
        async for event in self.stream(endpoint, request):
            last = event
        if not isinstance(last, Completed):
            raise malformed()
        return last

    async def embed(
        self, endpoint: ModelEndpoint, model: str, texts: Sequence[str], dimensions: int | None
    ) -> embeddings.Embedded:
        """The vectors of ``texts``, each of length 1; of ``dimensions`` numbers, where the model has a choice.

        Raises:
            ModelError: the call failed.
        """
        call = embeddings.call(endpoint, model, texts, dimensions)
        try:
            answer = await self._egress.request(
                call.method,
                call.url,
                headers=_headers(call, endpoint),
                body=call.body,
                timeout=endpoint.timeout,
                max_bytes=MAX_ANSWER_BYTES,
                trusted=endpoint.trusted,
            )
        except EgressError as error:
            raise from_egress(error) from None
        if answer.status != _OK:
            raise from_status(answer.status, answer.headers, answer.body, endpoint.secrets())
        return embeddings.parse(endpoint.dialect, answer.body, len(texts))

    async def list_models(self, endpoint: ModelEndpoint) -> list[DiscoveredModel]:
        """The models that the endpoint's credentials may use; also the cheapest way to check the credentials.

        Raises:
            ModelError: the call failed.
        """
        adapter = _ADAPTERS[endpoint.dialect]
        models: list[DiscoveredModel] = []
        after: str | None = None
        try:
            for _ in range(MAX_MODEL_PAGES):
                call = adapter.models_call(endpoint, after)
                answer = await self._egress.request(
                    call.method,
                    call.url,
                    headers=_headers(call, endpoint),
                    timeout=endpoint.timeout,
                    max_bytes=MAX_ANSWER_BYTES,
                    trusted=endpoint.trusted,
                )
                if answer.status != _OK:
                    raise from_status(answer.status, answer.headers, answer.body, endpoint.secrets())
                found, after = adapter.parse_models(answer.body)
                models.extend(found)
                if after is None:
                    break
        except EgressError as error:
            raise from_egress(error) from None
        return models


def _reader(upstream: EgressStream, decoder: Decoder) -> Callable[[], Awaitable[list[Event] | None]]:
    """Gives the events of a streamed answer as they arrive, and ``None`` at the connection's end."""
    parser = SseParser()
    over = False

    async def read() -> list[Event] | None:
        nonlocal over
        if over:
            return None
        try:
            chunk = await upstream.read()
            if chunk:
                return decoder.feed(parser.feed(chunk))
            over = True
            return decoder.feed(parser.flush())
        except EgressConnectionFailed:
            if decoder.ended:
                return None
            raise
        except EventTooLargeError:
            raise malformed("one event of the answer does not end") from None

    return read


def _headers(call: HttpCall, endpoint: ModelEndpoint) -> dict[str, str]:
    """The dialect's headers, and the endpoint's, which win however they are spelt."""
    return {
        "accept-encoding": "identity",
        **call.headers,
        **{name.lower(): value for name, value in endpoint.headers.items()},
    }


def _prepared(adapter: Adapter, endpoint: ModelEndpoint, request: ModelRequest) -> HttpCall:
    try:
        return adapter.call(endpoint, request)
    except ValueError:
        raise ModelError(ErrorKind.INVALID_REQUEST, "The provider's base URL cannot be read.") from None


async def _read_error(upstream: EgressStream) -> bytes:
    """The beginning of an error's body; an error must not fail for being long."""
    body = b""
    async for chunk in upstream:
        body += chunk
        if len(body) > MAX_ERROR_BYTES:
            break
    return body


def _cleaned(error: ModelError, endpoint: ModelEndpoint) -> ModelError:
    """``error`` without any credential that the provider may have echoed."""
    if error.provider_message:
        error.provider_message = masked(error.provider_message, endpoint.secrets())
    return error
