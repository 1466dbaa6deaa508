"""Traces: spans as OpenTelemetry has them, which follow a request and its runs through all processes.

Off until :func:`start`: until then nothing of OpenTelemetry is imported, and each call costs next to nothing. A span
never holds what people or models have said, unless the operator asks for it, and never the text of an error.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span as Recorded
    from opentelemetry.trace import Tracer

Kind = Literal["internal", "server", "client"]
Value = str | bool | int | float | Sequence[str]

HEADER: Final = "traceparent"
TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
STOP_SECONDS: Final = 2.0


class Span:
    """A piece of work. As a context manager it is the parent of what begins within it, and ends with it."""

    __slots__ = ("_recorded", "_token")

    def __init__(self, recorded: Recorded | None) -> None:
        self._recorded = recorded
        self._token: Token[Span] | None = None

    @property
    def traceparent(self) -> str | None:
        """Where it stands, for another process (W3C trace context)."""
        if self._recorded is None:
            return None
        context = self._recorded.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    @property
    def ids(self) -> Mapping[str, str]:
        """As lines of the log tell them."""
        if self._recorded is None:
            return {}
        context = self._recorded.get_span_context()
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def set(self, attributes: Mapping[str, Value | None], name: str | None = None) -> None:
        """Adds what is now known of it; what is ``None`` is left out."""
        if self._recorded is not None:
            self._recorded.set_attributes({key: value for key, value in attributes.items() if value is not None})
            if name is not None:
                self._recorded.update_name(name)

    def fail(self, kind: str) -> None:
        """Marks it as failed; ``kind`` is a stable code, or an exception's class."""
        if self._recorded is not None:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415 - only while traces are on

            self._recorded.set_attribute("error.type", kind)
            self._recorded.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """Its work is over; for spans that are no context managers."""
        if self._recorded is not None:
            self._recorded.end()

    def __enter__(self) -> Self:
        if self._recorded is not None:
            self._token = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
            self._token = None
            if isinstance(error, Exception):
                self.fail(type(error).__name__)
            self.end()


_OFF: Final = Span(None)
_current: ContextVar[Span] = ContextVar("span", default=_OFF)


@dataclass(slots=True)
class _State:
    """What is on in this process."""

    tracer: Tracer | None = None
    content: bool = False
    hosts: frozenset[str] = frozenset()
    shut_down: Callable[[], None] = field(default=lambda: None)


_state = _State()


def start(exporter: SpanExporter, *, instance: str, content: bool = False, hosts: Sequence[str] = ()) -> None:
    """Has spans made and given to ``exporter`` in the background; ``instance`` names this process.

    ``content``: whether spans may hold messages, arguments and results. ``hosts`` are told of the traces of what they
    are asked for.
    """
    from athena.kit import spans  # noqa: PLC0415 - OpenTelemetry is loaded where it is wanted

    _state.tracer, _state.shut_down = spans.tracer(exporter, instance)
    _state.content, _state.hosts = content, frozenset(host.lower() for host in hosts)


async def stop() -> None:
    """Sends what is left, for two seconds at most."""
    shut_down = _state.shut_down
    _state.tracer, _state.shut_down, _state.content, _state.hosts = None, _State().shut_down, False, frozenset()
    # A thread that holds up no end: what waits for a collector that hangs is given up.
    thread = threading.Thread(target=shut_down, daemon=True)
    thread.start()
    await asyncio.to_thread(thread.join, STOP_SECONDS)


def is_on() -> bool:
    """Whether spans are made."""
    return _state.tracer is not None


def with_content() -> bool:
    """Whether spans are made, and may hold what was said."""
    return _state.content


def current() -> Span:
    """The span that what is done here belongs to; one that keeps nothing where there is none."""
    return _current.get()


def span(
    name: str,
    kind: Kind = "internal",
    *,
    parent: str | None = "",
    attributes: Mapping[str, Any] | None = None,
) -> Span:
    """Begins a span, of the current one or, with ``parent``, of another process's; ``None``: of a new trace.

    What is no ``traceparent`` counts as ``None``.
    """
    if _state.tracer is None:
        return _OFF
    from athena.kit import spans  # noqa: PLC0415

    above = current().traceparent if parent == "" else parent
    context = spans.context(above if above is not None and TRACEPARENT.fullmatch(above) else None)
    known = {key: value for key, value in (attributes or {}).items() if value is not None}
    return Span(_state.tracer.start_span(name, context, spans.KINDS[kind], known))


def handed_on(kind: str) -> str | None:
    """The ``traceparent`` for work that is accepted now and done later, perhaps elsewhere; ``None`` while off.

    Where nothing is traced so far, a span begins the trace that says so, with the ``kind`` of the work.
    """
    if _state.tracer is None:
        return None
    above = current().traceparent
    if above is not None:
        return above
    beginning = span(f"accept {kind}", parent=None)
    beginning.end()
    return beginning.traceparent


def headers(host: str, above: Span | None = None) -> Mapping[str, str]:
    """What a request to ``host`` carries along of the trace: nothing, unless the operator has named that host."""
    if host not in _state.hosts:
        return {}
    found = (above or current()).traceparent
    return {} if found is None else {HEADER: found}
