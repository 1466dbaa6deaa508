"""``Idempotency-Key``: a POST that is repeated with its key is answered as the first time, and done once.

The answer is stored in the transaction of the request itself, so that what was changed and what was answered are there
together or not at all. A request that commits before its end leaves a mark with its first commit, and one that starts a
run leaves the run's id there, from which a repetition is answered.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Protocol
from uuid import UUID

from fastapi import Request, Response
from starlette.datastructures import FormData, UploadFile

from athena.kit import clock
from athena.kit.crypto import Keyring, SecretUnreadable, place
from athena.kit.db import Database, Row, Session
from athena.kit.errors import AthenaError, Conflict, ValidationFailed

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
STORED_HEADERS: Final = ("Content-Type", "ETag", "Location")
KEPT: Final = timedelta(hours=24)
ABANDONED: Final = timedelta(minutes=5)
"""After so long nobody works any more on a request that has no answer."""
KEY: Final = re.compile(r"[!-~]{1,255}")
CHUNK: Final = 64 * 1024
BATCH: Final = 1_000

PARAMETER: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "A name of your choice for this request, such as a UUID. A repetition with the same key and body is answered "
        "as the first one was, with `Idempotency-Replayed: true`, and changes nothing; kept for 24 hours."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}

FIND: Final = """
SELECT l.locked, k.created_at, k.fingerprint, k.status, k.headers, k.sealed_body, k.run_uuid, k.streamed
FROM (SELECT pg_try_advisory_xact_lock($1) AS locked) AS l LEFT JOIN idempotency_keys AS k ON l.locked AND k.uuid = $2
"""
# Only over the row that this request has seen or written itself.
STORE: Final = """
INSERT INTO idempotency_keys AS k (uuid, workspace_uuid, user_uuid, created_at, fingerprint, status, headers,
    sealed_body, run_uuid, streamed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (uuid) DO UPDATE SET created_at = excluded.created_at, fingerprint = excluded.fingerprint,
    status = excluded.status, headers = excluded.headers, sealed_body = excluded.sealed_body,
    run_uuid = excluded.run_uuid, streamed = excluded.streamed
WHERE k.created_at = $11
"""
SWEEP: Final = """
DELETE FROM idempotency_keys WHERE uuid IN
    (SELECT uuid FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


class Hash(Protocol):
    """What :mod:`hashlib` makes."""

    def update(self, data: bytes, /) -> None:
        """Adds to what is hashed."""
        ...


class Keyed(Protocol):
    """A caller who may have sent a key: what a dependency of ``kit.access`` gives a handler."""

    @property
    def session(self) -> Session:
        """The request's transaction."""
        ...

    @property
    def key(self) -> IdempotencyKey | None:
        """The key; ``None`` where there is none."""
        ...


class RepeatRun(Protocol):
    """Answers a repetition from the run that the first request started."""

    async def __call__(self, caller: Any, run_uuid: UUID, *, streamed: bool) -> Response:
        """The run's events from the start, or its result or failure; :func:`in_flight` while it has none."""
        ...


def in_flight() -> Conflict:
    """The error of a repetition that comes too early."""
    return Conflict(
        f"The first request with this {HEADER} is still being worked on; ask again.",
        code="idempotency_in_flight",
        headers={"Retry-After": "1"},
    )


def idempotency_key(request: Request) -> IdempotencyKey | None:
    """The key of a POST, if it has one."""
    text = request.headers.get(HEADER)
    if text is None or request.method != "POST":
        return None
    if KEY.fullmatch(text) is None:
        raise ValidationFailed(
            f"{HEADER}: It must be 1 to 255 visible ASCII characters.",
            errors={HEADER: ["It must be 1 to 255 visible ASCII characters."]},
        )
    return IdempotencyKey(request, text)


def answered_once(
    function: Callable[..., Awaitable[Response]], repeat: Callable[..., Awaitable[Response]] | None = None
) -> Callable[..., Awaitable[Response]]:
    """The handler of a POST, which does nothing a second time for a caller with a key.

    ``repeat`` answers from a run in a way of its own; it gets what the handler gets, ``run_uuid`` and ``streamed``.
    """

    @functools.wraps(function)
    async def answer(**values: Any) -> Response:
        for value in values.values():
            if isinstance(key := getattr(value, "key", None), IdempotencyKey):
                again = functools.partial(repeat, **values) if repeat else None
                return await key.answer(value, lambda: function(**values), again)
        return await function(**values)

    return answer


class IdempotencyKey:
    """The key of one request, and how far its answer has come."""

    __slots__ = ("_fingerprint", "_moment", "_request", "_run", "_seen", "_session", "_settled", "_text", "_written")

    _session: Session
    _fingerprint: bytes
    _moment: datetime

    def __init__(self, request: Request, text: str) -> None:
        self._request = request
        self._text = text
        self._run: tuple[UUID, bool] | None = None
        self._seen: datetime | None = None
        """Of when the row is that may be written over."""
        self._written = False
        self._settled = False

    def note_run(self, run_uuid: UUID, *, streamed: bool) -> None:
        """Has repetitions answered from this run, which the transaction that is open accepts."""
        self._run = (run_uuid, streamed)

    async def answer(
        self,
        caller: Keyed,
        handle: Callable[[], Awaitable[Response]],
        repeat: Callable[..., Awaitable[Response]] | None = None,
    ) -> Response:
        """What ``handle`` answers, or what it answered the first time."""
        self._session = session = caller.session
        self._fingerprint = await fingerprint(self._request)
        self._moment = clock.now()
        place_of = _Place.of(session, self._text)
        found = await self._find(place_of)
        if found is not None:
            repeat = repeat or functools.partial(self._request.app.state.repeat_run, caller)
            return await self._again(place_of, found, repeat)
        session.before_commit(lambda: self._mark(place_of))
        try:
            response = await handle()
        except BaseException:
            await self._give_up(place_of)
            raise
        await self._settle(place_of, response)
        return response

    async def _find(self, place_of: _Place) -> Row | None:
        """What the first request left; ``None`` when this is the first."""
        row = await self._session.fetch_one(FIND, place_of.lock, place_of.uuid)
        if row is None or not row["locked"]:
            raise in_flight()
        if row["created_at"] is None:
            return None
        self._seen = row["created_at"]
        if row["created_at"] <= self._moment - KEPT:
            return None
        if row["fingerprint"] != self._fingerprint:
            raise ValidationFailed(
                f"{HEADER}: Another request was made with this key.",
                code="idempotency_key_reused",
                errors={HEADER: ["Another request was made with this key."]},
            )
        abandoned = row["status"] is None and row["run_uuid"] is None and row["created_at"] <= self._moment - ABANDONED
        return None if abandoned else row

    async def _again(self, place_of: _Place, found: Row, repeat: Callable[..., Awaitable[Response]]) -> Response:
        if found["status"] is not None:
            response = Response(self._open(place_of, found["sealed_body"]), found["status"], found["headers"])
        elif found["run_uuid"] is None:
            raise in_flight()
        else:
            try:
                response = await repeat(run_uuid=found["run_uuid"], streamed=found["streamed"])
            except AthenaError as error:
                if error.error_code != "idempotency_in_flight":
                    error.headers = {**error.headers, REPLAYED: "true"}
                raise
        response.headers[REPLAYED] = "true"
        return response

    def _open(self, place_of: _Place, sealed: bytes) -> bytes:
        try:
            return self._session.provided(Keyring).open(sealed, place_of.sealed)
        except SecretUnreadable as error:
            raise Conflict(
                f"The first request was done, but its answer cannot be read: {error}", code="secret_unreadable"
            ) from error

    async def _mark(self, place_of: _Place) -> None:
        """With a commit that comes before the answer: others are to know of the request."""
        if not self._settled and not self._written:
            await self._store(place_of, None)

    async def _settle(self, place_of: _Place, response: Response) -> None:
        if "content-length" in response.headers or response.status_code == HTTPStatus.NO_CONTENT:
            await self._store(place_of, response)
        elif self._run is None:
            await self._give_up(place_of)
        self._settled = True

    async def _store(self, place_of: _Place, response: Response | None) -> None:
        sealed = headers = status = None
        if response is not None:
            sealed = self._session.provided(Keyring).seal(bytes(response.body), place_of.sealed)
            headers = {name: value for name in STORED_HEADERS if (value := response.headers.get(name)) is not None}
            status = response.status_code
        run_uuid, streamed = self._run or (None, False)
        owner = (place_of.uuid, place_of.workspace_uuid, place_of.user_uuid, self._moment, self._fingerprint)
        seen = self._moment if self._written else self._seen
        if not await self._session.execute(STORE, *owner, status, headers, sealed, run_uuid, streamed, seen):
            raise in_flight()
        self._written = True

    async def _give_up(self, place_of: _Place) -> None:
        """Takes the mark away again: the request has failed, and may be made anew."""
        self._settled = True
        if not self._written or self._run is not None:
            return
        with contextlib.suppress(AthenaError):
            await self._session.rollback()
            await self._session.execute(
                "DELETE FROM idempotency_keys WHERE uuid = $1 AND created_at = $2", place_of.uuid, self._moment
            )
            await self._session.commit()


class _Place:
    """Whose key it is: the same text of another user, or in another workspace, is another key."""

    __slots__ = ("lock", "sealed", "user_uuid", "uuid", "workspace_uuid")

    def __init__(self, user_uuid: UUID, workspace_uuid: UUID | None, text: str) -> None:
        digest = hashlib.sha256(f"{user_uuid}/{workspace_uuid}/{text}".encode()).digest()
        self.user_uuid = user_uuid
        self.workspace_uuid = workspace_uuid
        self.uuid = UUID(bytes=digest[:16])
        self.lock = int.from_bytes(digest[16:24], signed=True)
        self.sealed = place("idempotency_keys", workspace_uuid, self.uuid, "body")

    @classmethod
    def of(cls, session: Session, text: str) -> _Place:
        scope = session.scope
        assert scope.user_uuid is not None  # noqa: S101 - whoever has a key has been told apart
        return cls(scope.user_uuid, scope.workspace_uuid, text)


async def fingerprint(request: Request) -> bytes:
    """What tells two requests with the same key apart: method, path, query and body."""
    scope = request.scope
    digest = hashlib.sha256(f"{scope['method']} {scope['path']}\n".encode())
    digest.update(b"%d " % len(scope["query_string"]) + scope["query_string"])
    # A form has been read by now. Its bytes differ each time it is sent, but not its fields.
    form: FormData | None = getattr(request, "_form", None)
    if form is None:
        digest.update(await request.body())
        return digest.digest()
    for name, value in form.multi_items():
        if isinstance(value, str):
            _add(digest, name, "text", value.encode())
            continue
        _add(digest, name, "file", f"{value.filename}\n{value.content_type}".encode())
        await _add_file(digest, value)
    return digest.digest()


def _add(digest: Hash, *parts: str | bytes) -> None:
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(b"%d " % len(content) + content)


async def _add_file(digest: Hash, file: UploadFile) -> None:
    content = hashlib.sha256()
    while chunk := await file.read(CHUNK):
        content.update(chunk)
    await file.seek(0)
    digest.update(content.digest())


async def sweep(database: Database) -> None:
    """Forgets keys that are older than a day."""
    before = clock.now() - KEPT
    while True:
        async with database.system() as session:
            if await session.execute(SWEEP, before, BATCH) < BATCH:
                return
