"""Sending: what is due is taken under a lease, sent once, and noted; what fails comes again later and later."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import orjson

from athena.kit import clock, logging
from athena.kit.crypto import Keyring, SecretUnreadable
from athena.kit.db import Database, Row
from athena.kit.egress import Egress, EgressError
from athena.kit.errors import AthenaError
from athena.webhooks import metrics, notices
from athena.webhooks.event_types import completed
from athena.webhooks.repository import QueueRepository
from athena.webhooks.signatures import headers, unseal

POLL_SECONDS: Final = 0.5
DEADLINE_SECONDS: Final = 15.0
LEASE: Final = timedelta(seconds=60)
STOP_SECONDS: Final = 1.0
MOST: Final = 256
MOST_OF_ONE: Final = 4
"""Attempts under way at a time: of a process, and of one webhook, so that a slow receiver is nobody else's matter."""
DELAYS: Final = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
"""Seconds after each failure; after the last one a delivery is given up."""
JITTER: Final = 0.2
FAILING_MOST: Final = timedelta(days=5)
EXHAUSTED_MOST: Final = 20
"""A webhook is disabled when nothing reached it for so long, or so many deliveries were given up in a row."""
EXCERPT: Final = 1_000
GONE: Final = 410
KEPT: Final = timedelta(days=30)
SWEPT_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: an answer, or why there was none."""

    duration_ms: int
    status: int | None = None
    body: str | None = None
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows for the delivery and its webhook, as columns; ``disabled`` says why no more is sent, if so."""

    delivery: Mapping[str, Any]
    webhook: Mapping[str, Any]
    disabled: str | None = None


class Deliverer:
    """Sends what is due, of all workspaces. One for each process that works."""

    def __init__(self, database: Database, egress: Egress, keyring: Keyring, base_url: str) -> None:
        self._database = database
        self._egress = egress
        self._keyring = keyring
        self._base_url = base_url
        self._tasks: set[asyncio.Task[None]] = set()
        self._done = asyncio.Event()

    async def run(self) -> None:
        """Works until it is cancelled; what is under way then gets a moment."""
        try:
            while True:
                self._done.clear()
                try:
                    await self._take()
                except (AthenaError, asyncpg.PostgresError) as error:
                    logging.logger().warning("webhooks", error=type(error).__name__)
                except Exception:  # noqa: BLE001 - whatever it was, the others are to be sent
                    # Without this loop nothing would be sent any more.
                    logging.logger().exception("webhooks")
                # Room is made, or something is new.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._done.wait()
        finally:
            await self._end()

    async def _end(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self) -> None:
        room = MOST - len(self._tasks)
        if room <= 0:
            return
        async with self._database.system() as session:
            claims = await QueueRepository(session).claim(LEASE, each=MOST_OF_ONE, most=room)
        for claim in claims:
            task = asyncio.create_task(self._deliver(claim))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._done.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logging.logger().warning("webhooks", error=type(error).__name__)

    async def _deliver(self, claim: Row) -> None:
        outcome = await self._attempt(claim)
        async with self._database.system() as session:
            queue = QueueRepository(session)
            webhook = await queue.lock(claim)
            if webhook is None:
                return
            verdict = judge(claim, webhook, outcome, clock.now())
            if verdict.webhook:
                await queue.judge(claim, verdict.webhook)
            await queue.note(claim, verdict.delivery)
            metrics.deliveries(verdict.delivery.get("status", "retried")).inc()
            metrics.seconds.observe(outcome.duration_ms / 1000)
            if verdict.disabled:
                metrics.disabled.inc()
                place, uuid = claim["workspace_uuid"], claim["webhook_uuid"]
                session.record("webhook.disabled", "webhook", uuid, {"reason": verdict.disabled}, workspace_uuid=place)

    async def _attempt(self, claim: Row) -> Outcome:
        begun = time.perf_counter()
        status = body = error = None
        try:
            status, body = await self._send(claim)
        except (EgressError, SecretUnreadable) as failure:
            error = str(failure)
        return Outcome(int((time.perf_counter() - begun) * 1000), status, body, error)

    async def _send(self, claim: Row) -> tuple[int, str]:
        content, shown = self._of_run(claim) if claim["run_uuid"] else self._signed(claim)
        async with self._egress.stream(
            "POST", claim["url"], headers=shown, body=content, timeout=DEADLINE_SECONDS
        ) as answer:
            excerpt = b""
            async for chunk in answer:
                excerpt += chunk
                if len(excerpt) >= EXCERPT:
                    break
        return answer.status, excerpt[:EXCERPT].decode("utf-8", "replace").replace("\0", "\ufffd")

    def _signed(self, claim: Row) -> tuple[bytes, Mapping[str, str]]:
        moment = clock.now()
        content = orjson.dumps(completed(claim["payload"], self._base_url))
        return content, headers(claim["uuid"], moment, content.decode(), self._secrets(claim, moment))

    def _of_run(self, claim: Row) -> tuple[bytes, Mapping[str, str]]:
        content = orjson.dumps(notices.update(claim["payload"], claim["run_uuid"], claim["thread_uuid"]))
        place = (claim["workspace_uuid"], claim["webhook_uuid"])
        own = orjson.loads(unseal(self._keyring, *place, claim["sealed_headers"], "headers"))
        return content, {"Content-Type": "application/json", **own}

    def _secrets(self, claim: Row, moment: datetime) -> list[str]:
        place = (claim["workspace_uuid"], claim["webhook_uuid"])
        found = [unseal(self._keyring, *place, claim["sealed_secret"])]
        until = claim["previous_secret_until"]
        if until is not None and until > moment:
            found.append(unseal(self._keyring, *place, claim["sealed_previous_secret"], "previous_secret"))
        return found


def judge(claim: Mapping[str, Any] | Row, webhook: Mapping[str, Any] | Row, outcome: Outcome, now: datetime) -> Verdict:
    """What an attempt's outcome means. Pure, but for the jitter."""
    answer = {
        "response_status": outcome.status,
        "response_body": outcome.body,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms,
        "leased_until": None,
    }
    ended = {"finished_at": now, "next_attempt_at": None}
    if outcome.succeeded:
        well = {"consecutive_failures": 0, "consecutive_exhausted": 0, "failing_since": None}
        return Verdict({**answer, **ended, "status": "delivered"}, well if webhook["failing_since"] else {})
    failures: int = claim["failures"] + 1
    since: datetime = webhook["failing_since"] or now
    ill = {"consecutive_failures": webhook["consecutive_failures"] + 1, "failing_since": since}
    if outcome.status == GONE:
        return Verdict({**answer, **ended, "status": "failed", "failures": failures}, *_disabled(ill, "gone", now))
    if failures <= len(DELAYS):
        later = now + timedelta(seconds=delay_after(failures))
        return Verdict({**answer, "failures": failures, "next_attempt_at": later}, ill)
    exhausted = webhook["consecutive_exhausted"] + 1
    ill["consecutive_exhausted"] = exhausted
    verdict = {**answer, **ended, "status": "failed", "failures": failures}
    if webhook["enabled"] and (exhausted >= EXHAUSTED_MOST or now - since >= FAILING_MOST):
        return Verdict(verdict, *_disabled(ill, "failing", now))
    return Verdict(verdict, ill)


def _disabled(columns: Mapping[str, Any], reason: str, now: datetime) -> tuple[Mapping[str, Any], str]:
    return {**columns, "enabled": False, "disabled_at": now, "disabled_reason": reason}, reason


def delay_after(failures: int) -> float:
    """Seconds until the next attempt; a little more than the schedule says, so that not all come at once."""
    return DELAYS[failures - 1] * (1 + JITTER * secrets.randbelow(1000) / 1000)


@contextlib.asynccontextmanager
async def delivering(deliverer: Deliverer) -> AsyncGenerator[None]:
    """Has ``deliverer`` work for as long as the context lasts."""
    task = asyncio.create_task(deliverer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sweep(database: Database) -> None:
    """Forgets deliveries that ended long ago."""
    async with database.system() as session:
        await QueueRepository(session).sweep(clock.now() - KEPT, SWEPT_AT_ONCE)
