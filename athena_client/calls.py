"""A call, how often it is repeated, and what its answer means; without any input or output."""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx2

from athena_client.errors import ApiError, AthenaError, ConnectionFailed, TimedOut, error_of

DEFAULT_URL: Final = "http://127.0.0.1:8000"
STREAM_SILENCE_SECONDS: Final = 45.0
"""The server sends a comment every 15 seconds at least."""
RUN_SECONDS: Final = 600.0
"""How long a run is waited for."""
FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 8.0
LONGEST_ASKED_SECONDS: Final = 120.0
"""The longest ``Retry-After`` that is followed; a longer one is an error at once."""
NO_KEY: Final = ("/auth/",)


@dataclass(frozen=True)
class Options:
    """How the server is reached."""

    base_url: str
    token: str | None = field(repr=False)
    workspace_uuid: str | None
    timeout: float
    max_retries: int

    def http(self) -> dict[str, Any]:
        """The arguments of the HTTP client."""
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return {"base_url": f"{self.base_url}/api/v1", "headers": headers, "timeout": self.timeout}


def options(
    base_url: str | None, token: str | None, workspace_uuid: str | None, timeout: float, max_retries: int
) -> Options:
    """What is given, or else ``ATHENA_URL`` and ``ATHENA_TOKEN`` of the environment; an empty token is none."""
    url = base_url or os.environ.get("ATHENA_URL") or DEFAULT_URL
    if not url.startswith(("http://", "https://")):
        raise AthenaError("the address must begin with http:// or https://")
    try:
        is_whole = bool(httpx2.URL(url).host.encode("idna"))
    except (httpx2.InvalidURL, UnicodeError):
        is_whole = False
    if not is_whole:
        raise AthenaError(f"the address {url} is none")
    secret = os.environ.get("ATHENA_TOKEN") if token is None else token
    return Options(url.rstrip("/"), secret, workspace_uuid, timeout, max_retries)


@dataclass
class Call:
    """One call, over as many requests as it takes. A POST has one key for all of them, so that it is done once."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    files: Any = None
    timeout: float | None = None
    failures: int = 0
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.method == "POST" and not self.path.startswith(NO_KEY):
            self.headers.setdefault("Idempotency-Key", str(uuid.uuid4()))

    def request(self, opened: Options) -> dict[str, Any]:
        """The arguments of one request."""
        query = {"workspace_uuid": opened.workspace_uuid, **self.query}
        given: dict[str, Any] = {
            "method": self.method,
            "url": self.path,
            "params": {key: _text(value) for key, value in query.items() if value is not None},
            "headers": self.headers,
        }
        if self.body is not None:
            given["json"] = self.body
        if self.files is not None:
            given["files"] = self.files
        if self.timeout is not None:
            given["timeout"] = self.timeout
        return given

    def after_break(self, error: httpx2.TransportError, opened: Options) -> float:
        """How long to wait before the next request; raises when there is none."""
        if isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout):
            raise TimedOut(f"{self.method} {self.path}: no answer in time") from error
        self.failures += 1
        is_lasting = isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError)
        if is_lasting or self.failures > opened.max_retries or not self._may_repeat():
            raise ConnectionFailed(f"{opened.base_url}: {error or type(error).__name__}") from error
        return pause(self.failures)

    def after_answer(self, answer: httpx2.Response, opened: Options) -> float | None:
        """How long to wait before the next request; ``None`` for a success. Raises the error that is to stay.

        The answer's body must have been read.
        """
        if answer.is_success:
            return None
        error = error_of(answer.status_code, answer.content, answer.headers.get("X-Request-ID"))
        asked = _seconds(answer.headers.get("Retry-After"))
        if error.code == "idempotency_in_flight" and time.monotonic() - self.begun < (self.timeout or opened.timeout):
            return max(asked, FIRST_PAUSE_SECONDS)  # an earlier request of this call is still worked on
        self.failures += 1
        if not self._passes(answer, error) or self.failures > opened.max_retries or asked > LONGEST_ASKED_SECONDS:
            raise error
        return max(asked, pause(self.failures))

    def _passes(self, answer: httpx2.Response, error: ApiError) -> bool:
        """Whether it may be otherwise in a moment: not a 502 of Athena's own, a failure that it has retried itself."""
        if error.status in {429, 503}:
            return self._may_repeat()
        is_proxys = not answer.headers.get("Content-Type", "").startswith("application/problem+json")
        return error.status in {502, 504} and is_proxys and self._may_repeat()

    def _may_repeat(self) -> bool:
        return self.method != "POST" or "Idempotency-Key" in self.headers


def pause(failures: int) -> float:
    """Seconds before the next attempt: twice as long each time, with jitter, so that clients do not come together."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (failures - 1))
    return random.uniform(longest / 2, longest)  # noqa: S311 - it guards nothing


def at(uuid: object, rest: str = "") -> str:
    """The end of a path, with an id as one part of it, whatever it holds."""
    return f"/{quote(str(uuid), safe='')}{rest}"


def value(answer: httpx2.Response) -> Any:
    """The JSON of an answer that has been read; ``None`` of one without a body."""
    try:
        return answer.json() if answer.content else None
    except ValueError as error:
        raise AthenaError(f"{answer.url}: the answer is no JSON; is the address right?") from error


def fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Names as the API has them: ``with_`` is ``with``."""
    return {key.removesuffix("_"): value for key, value in given.items()}


def _text(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return str(value) if isinstance(value, uuid.UUID) else value


def _seconds(value: str | None) -> float:
    try:
        return max(0.0, float(value or 0))
    except ValueError:
        return 0.0
