"""What one process of Athena holds, whether it answers requests, works on runs, or both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from athena import tables
from athena.accounts.service import Connections
from athena.auth.authorization import Authorizer
from athena.budgets import tasks as budgets
from athena.budgets.known import KnownBudgets
from athena.bundles import tasks as bundles
from athena.config import Settings
from athena.embeddings import Embedder
from athena.engine import DEFAULT, Engine, Queue
from athena.evaluations import tasks as evaluations
from athena.exports import tasks as exports
from athena.kit import idempotency
from athena.kit.crypto import Keyring
from athena.kit.db import Database
from athena.kit.egress import Egress
from athena.kit.housekeeping import Chore, keeping
from athena.kit.ids import new_uuid
from athena.kit.rate_limits import SHARE_SECONDS
from athena.kit.rotation import REFRESH_SECONDS
from athena.llm.client import ModelClient
from athena.local_model.endpoint import LocalModelEndpoint
from athena.media.storage import MediaStorage
from athena.memories import tasks as memories
from athena.memories.spaces import Meanings
from athena.memories.uses import Uses
from athena.memory_extraction import tasks as memory_extraction
from athena.retention import tasks as retention
from athena.runs import tasks
from athena.sandbox import PythonSandbox
from athena.searching import search_sources
from athena.telemetry.service import observed
from athena.tools.kinds import tool_kinds
from athena.tools.mcp_pool import McpPool
from athena.tools.refreshing import Refresher
from athena.training import tasks as training
from athena.webhooks import delivery as webhooks
from athena.webhooks.delivery import Deliverer, delivering
from athena.workflow_executions import tasks as workflow_executions
from athena.workflow_triggers import tasks as workflow_triggers


async def fold_counts(database: Database) -> None:
    """Folds the changes of row counts."""
    async with database.system() as session:
        await session.value("SELECT athena_fold_counts()")


async def fold_executions(database: Database) -> None:
    """Folds the changes of the numbers of executions."""
    async with database.system() as session:
        await session.value("SELECT athena_fold_executions()")


async def fold_metrics(database: Database) -> None:
    """Folds what was counted into the rollups of metrics."""
    async with database.system() as session:
        await session.value("SELECT athena_fold_metrics()")


QUEUES = (Queue(DEFAULT), workflow_executions.QUEUE, memory_extraction.QUEUE, evaluations.QUEUE, training.QUEUE)
"""Where runs wait, the most urgent first: what people wait for comes before what nobody watches."""

CHORES = (
    Chore("row counts", 5.0, fold_counts),
    Chore("metrics", 5.0, fold_metrics),
    Chore("numbers of executions", 5.0, fold_executions),
    Chore("memories", 10.0, memories.keep),
    Chore("reservations of budgets", 5.0, budgets.release_abandoned),
    Chore("cells of memories", 60.0, memories.arrange),
    Chore("quiet threads", 15.0, memory_extraction.start_quiet),
    Chore("leftovers", 5.0, retention.reach_leftovers),
    Chore("exports", 2.0, exports.write_exports),
    Chore("expired exports", 600.0, exports.delete_expired),
    Chore("expired bundles", 600.0, bundles.delete_expired),
    Chore("retention", 300.0, retention.delete_old),
    Chore("idempotency keys", 60.0, idempotency.sweep),
    Chore("deliveries of webhooks", 600.0, webhooks.sweep),
    Chore("schedules of workflows", 1.0, workflow_triggers.start_scheduled),
    Chore("events for workflows", 1.0, workflow_triggers.start_awaited),
    Chore("deliveries to workflows", 600.0, workflow_triggers.sweep),
)


@dataclass(frozen=True, slots=True)
class Process:
    """The parts of one process. Made by :func:`opened`."""

    settings: Settings
    database: Database
    egress: Egress
    connections: Connections
    engine: Engine
    authorizer: Authorizer


def parts_without_state() -> tuple[object, ...]:
    """What a process provides that needs nothing and is closed by nobody."""
    return (
        tool_kinds(),
        search_sources(),
        Uses(),
        Meanings(),
        KnownBudgets(),
    )


def _engine(database: Database, settings: Settings, queues: Sequence[Queue]) -> Engine:
    return Engine(
        database,
        lease_seconds=settings.lease_seconds,
        max_concurrent_runs=settings.max_concurrent_runs,
        grace_seconds=settings.shutdown_grace_seconds,
        queues=queues,
    )


def _register(engine: Engine, database: Database, settings: Settings) -> None:
    tasks.register(engine, database, settings)
    workflow_executions.register(engine, database)
    training.register(engine, database)
    evaluations.register(engine, database)
    memory_extraction.register(engine, database)


@contextlib.asynccontextmanager
async def opened(
    settings: Settings, database_url: str, *, worker: bool = True, queues: Sequence[Queue] = QUEUES
) -> AsyncGenerator[Process]:
    """A running process: connected, and with ``worker`` also taking runs that others accepted, of these ``queues``."""
    async with (
        observed(settings, str(new_uuid())),
        _opened(settings, database_url, worker=worker, queues=queues) as process,
    ):
        yield process


@contextlib.asynccontextmanager
async def _opened(
    settings: Settings, database_url: str, *, worker: bool, queues: Sequence[Queue]
) -> AsyncGenerator[Process]:
    # Some chores go through every table, of rooms that this process may have no other use for.
    tables.load()
    database = await Database.open(database_url, size=settings.database_pool_size, slow_ms=settings.slow_query_ms)
    egress = Egress(settings.egress_allow)
    keyring = Keyring.load(settings)
    connections = Connections(
        keyring, ModelClient(egress), LocalModelEndpoint.from_env(), timeout=settings.model_timeout_seconds
    )
    engine = _engine(database, settings, queues)
    authorizer = Authorizer(database, settings, egress)
    media = MediaStorage(settings.data_dir / "media", keyring, settings.base_url)
    embedder = Embedder()
    sandbox = PythonSandbox()
    mcp, refresher = McpPool(egress, settings.mcp_servers), Refresher(database)
    own = (keyring, egress, connections, engine, media, embedder, sandbox, mcp, refresher, settings)
    for part in (*parts_without_state(), *own):
        database.provide(part)
    _register(engine, database, settings)
    await engine.start(worker=worker)
    chores = (
        *CHORES,
        Chore("rate limits", SHARE_SECONDS, authorizer.limits.share, everywhere=True),
        Chore("old counts of requests", 60.0, authorizer.limits.sweep),
        Chore("secret keys", REFRESH_SECONDS, lambda _: asyncio.to_thread(keyring.refresh), everywhere=True),
    )
    deliverer = Deliverer(database, egress, keyring, settings.base_url)
    try:
        async with (
            keeping(database, (chore for chore in chores if worker or chore.everywhere)),
            delivering(deliverer) if worker else contextlib.nullcontext(),
        ):
            yield Process(settings, database, egress, connections, engine, authorizer)
    finally:
        await engine.stop()
        engine.hub.close()
        await refresher.close()
        await mcp.close()
        await sandbox.close()
        await asyncio.to_thread(embedder.close)
        await egress.close()
        await database.close()
