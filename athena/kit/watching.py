"""What metrics and traces tell of a request: its route and never its path, its answer, how long that took."""

from __future__ import annotations

import time
from http import HTTPStatus
from types import TracebackType

from starlette.types import Scope

from athena.kit import metrics, tracing

UNMATCHED = "unmatched"


class Watch:
    """One request, from its head to the end of its answer. As a context manager it is what is done meanwhile."""

    __slots__ = ("_begun", "_method", "_scope", "_span", "status")

    def __init__(self, scope: Scope, traceparent: str) -> None:
        self._scope = scope
        self._method = scope["method"] if scope["method"] in metrics.METHODS else "other"
        self._begun = time.perf_counter()
        self._span = tracing.span(self._method, "server", parent=traceparent or None)
        self.status = 0

    def answered(self, status: int) -> None:
        """The head of the answer is sent."""
        self.status = status
        route = self._route
        metrics.requests(self._method, route, f"{status // 100}xx").inc()
        metrics.request_seconds(self._method, route).observe(time.perf_counter() - self._begun)

    @property
    def _route(self) -> str:
        return getattr(self._scope.get("route"), "path", UNMATCHED)

    def __enter__(self) -> None:
        metrics.requests_open.inc()
        self._span.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        metrics.requests_open.dec()
        if tracing.is_on():
            told = {
                "http.request.method": self._method,
                "http.route": self._route,
                "http.response.status_code": self.status or None,
                "athena.request_id": self._scope["state"]["request_id"],
            }
            self._span.set(told, f"{self._method} {self._route}")
            if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._span.fail(str(self.status))
        self._span.__exit__(kind, error, trace)
