"""What is counted and traced of a call of a model."""

from __future__ import annotations

import time
from functools import cache
from types import TracebackType
from typing import Final, Self

from prometheus_client import Counter, Histogram

from athena.kit import tracing
from athena.kit.metrics import SECONDS
from athena.llm.errors import ModelError
from athena.llm.traced import asked, said
from athena.llm.types import Completed, ModelEndpoint, ModelRequest

calls = cache(Counter("athena_model_calls_total", "Calls of models, by how they ended.", ["dialect", "outcome"]).labels)
seconds = cache(
    Histogram(
        "athena_model_call_duration_seconds",
        "From a call to the end of its answer.",
        ["dialect"],
        buckets=(*SECONDS, 60.0, 120.0, 300.0),
    ).labels
)
first_seconds = cache(
    Histogram(
        "athena_model_first_token_seconds",
        "From a call to the first piece of its answer.",
        ["dialect"],
        buckets=SECONDS,
    ).labels
)
tokens = cache(
    Counter("athena_model_tokens_total", "Tokens that models have read and written.", ["dialect", "direction"]).labels
)
cost = cache(
    Counter("athena_model_cost_dollars_total", "US dollars that calls of models have cost.", ["dialect"]).labels
)

COMPLETED: Final = "completed"
ABANDONED: Final = "abandoned"
"""Not listened to up to its end."""


class WatchedCall:
    """One call, from its request to the end of its answer, or to the failure that leaves the context."""

    __slots__ = ("_begun", "_dialect", "_outcome", "heard", "span")

    def __init__(self, endpoint: ModelEndpoint, request: ModelRequest) -> None:
        self._dialect = endpoint.dialect.value
        self._begun = time.perf_counter()
        self._outcome = ABANDONED
        self.heard = False
        self.span = tracing.span(f"chat {request.model}", "client", attributes=asked(endpoint, request))
        """Never the current one: an answer is read piece by piece, and what is done in between is not the call's."""

    def hear(self) -> None:
        """The first piece has come."""
        self.heard = True
        first = time.perf_counter() - self._begun
        first_seconds(self._dialect).observe(first)
        self.span.set({"gen_ai.response.time_to_first_chunk": first})

    def complete(self, completed: Completed) -> Completed:
        """The answer is whole."""
        if not self.heard:
            self.hear()
        self._outcome = COMPLETED
        self.span.set(said(completed))
        return completed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._outcome != COMPLETED and isinstance(error, Exception):
            self._outcome = error.kind.value if isinstance(error, ModelError) else "internal_error"
            self.span.fail(self._outcome)
        calls(self._dialect, self._outcome).inc()
        seconds(self._dialect).observe(time.perf_counter() - self._begun)
        self.span.end()
