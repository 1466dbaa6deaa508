"""The database: a pool of asyncpg connections, and sessions that are one transaction of one workspace each.

Every transaction runs as a role without ``BYPASSRLS``. ``athena_tenant``, the pool's default, sees the rows of the
workspace that the transaction names, and the user's own; ``athena_system`` is for work across workspaces, and is asked
for by name.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import orjson

from athena.kit import changes, metrics
from athena.kit.changes import SYSTEM_ACTOR, Actor, Change
from athena.kit.db_errors import DRIVER_ERRORS, first_line, translate
from athena.kit.errors import StartupError
from athena.kit.statements import measured

TENANT_ROLE = "athena_tenant"
SYSTEM_ROLE = "athena_system"
STATEMENT_TIMEOUT_SECONDS = 30
ACQUIRE_TIMEOUT_SECONDS = 20

T = TypeVar("T")
Row = asyncpg.Record
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
AfterCommit = Callable[[], None]
BeforeCommit = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows a transaction may touch. Neither id set and not ``system``: nobody's."""

    workspace_uuid: UUID | None = None
    user_uuid: UUID | None = None
    system: bool = False

    @property
    def begin(self) -> str:
        """The statements that open the transaction; both values are UUIDs, so they can stand in the text."""
        if self.system:
            return f"BEGIN; SET LOCAL ROLE {SYSTEM_ROLE}"
        workspace = f"; SET LOCAL athena.workspace_uuid = '{self.workspace_uuid}'" if self.workspace_uuid else ""
        user = f"; SET LOCAL athena.user_uuid = '{self.user_uuid}'" if self.user_uuid else ""
        return f"BEGIN{workspace}{user}"

    @property
    def change(self) -> str:
        """The statements that give an open transaction this scope, whatever it had."""
        return (
            f"SET LOCAL ROLE {SYSTEM_ROLE if self.system else TENANT_ROLE}; "
            f"SET LOCAL athena.workspace_uuid = '{self.workspace_uuid or ''}'; "
            f"SET LOCAL athena.user_uuid = '{self.user_uuid or ''}'"
        )


SYSTEM = Scope(system=True)


def _encode_json(value: object) -> str:
    return orjson.dumps(value).decode()


async def _prepare(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Runs once per connection: JSON as Python values, and no more rights than a tenant's."""
    await connection.set_type_codec("jsonb", encoder=_encode_json, decoder=orjson.loads, schema="pg_catalog")
    await connection.execute(f"SET ROLE {TENANT_ROLE}")


async def _keep(_connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Nothing to reset: all state is set with ``SET LOCAL``. Spares a round trip for each use."""


class Session:
    """One transaction, begun by the first statement and ended by :meth:`commit`; the next statement begins another.

    As a context manager it commits at the end, or rolls back when an error leaves it.
    """

    __slots__ = ("_after_commit", "_before_commit", "_changes", "_connection", "_moved", "_scope", "actor", "database")

    def __init__(self, database: Database, scope: Scope) -> None:
        self._scope = scope
        self.actor: Actor = SYSTEM_ACTOR
        """Who is noted for what this session changes."""
        self._changes: list[Change] = []
        self.database = database
        """Where it takes its connections from, for transactions beside this one."""
        self._connection: Connection | None = None
        self._moved: Connection | None = None
        """The open transaction's, while it still has the scope before the present one."""
        self._after_commit: list[AfterCommit] = []
        self._before_commit: list[BeforeCommit] = []

    @property
    def scope(self) -> Scope:
        """Whose rows the statements touch; when it is set, those from then on."""
        return self._scope

    @scope.setter
    def scope(self, scope: Scope) -> None:
        self._scope = scope
        if self._connection is not None:
            self._moved, self._connection = self._connection, None

    async def fetch(self, sql: str, *args: Any) -> list[Row]:
        """All rows."""
        connection = self._connection or await self._begin()
        begun = time.perf_counter()
        try:
            return await connection.fetch(sql, *args)
        except DRIVER_ERRORS as error:
            translate(error)
        finally:
            measured(sql, begun, self.database.slow_seconds)

    async def fetch_one(self, sql: str, *args: Any) -> Row | None:
        """The first row, if there is one."""
        connection = self._connection or await self._begin()
        begun = time.perf_counter()
        try:
            return await connection.fetchrow(sql, *args)
        except DRIVER_ERRORS as error:
            translate(error)
        finally:
            measured(sql, begun, self.database.slow_seconds)

    async def value(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or ``None``."""
        row = await self.fetch_one(sql, *args)
        return None if row is None else row[0]

    async def execute(self, sql: str, *args: Any) -> int:
        """Runs a statement; the number of rows that it touched."""
        connection = self._connection or await self._begin()
        begun = time.perf_counter()
        try:
            status = await connection.execute(sql, *args)
        except DRIVER_ERRORS as error:
            translate(error)
        finally:
            measured(sql, begun, self.database.slow_seconds)
        tail = status.rpartition(" ")[2]
        return int(tail) if tail.isdigit() else 0

    async def execute_many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """Runs a statement once per row, in one round trip."""
        connection = self._connection or await self._begin()
        begun = time.perf_counter()
        try:
            await connection.executemany(sql, rows)
        except DRIVER_ERRORS as error:
            translate(error)
        finally:
            measured(sql, begun, self.database.slow_seconds)

    def provided(self, kind: type[T]) -> T:
        """What the process provides of this kind, such as the storage of files; see :meth:`Database.provide`."""
        return self.database.provided(kind)

    def after_commit(self, call: AfterCommit) -> None:
        """Calls ``call`` once what was done so far is committed; never when it is rolled back."""
        self._after_commit.append(call)

    def before_commit(self, call: BeforeCommit) -> None:
        """Awaits ``call`` at the end of each transaction that is committed from now on, as its last part."""
        self._before_commit.append(call)

    def record(
        self,
        action: str,
        resource_type: str,
        resource_uuid: UUID | None,
        details: Mapping[str, Any] | None = None,
        *,
        workspace_uuid: UUID | None = None,
        user_uuid: UUID | None = None,
    ) -> None:
        """Has the log of changes tell of ``action``, such as ``member.role_changed``, if and when it is committed.

        ``details`` are facts that everybody who reads the log may know: names of fields, states, ids; never what
        somebody wrote. The event is of the session's workspace, or of ``workspace_uuid``; with ``user_uuid`` alone
        it is that user's own affair, outside of any workspace.
        """
        if workspace_uuid is None and user_uuid is None:
            workspace_uuid = self.scope.workspace_uuid
        if workspace_uuid is None or workspace_uuid != self.scope.workspace_uuid:
            user_uuid = user_uuid or self.scope.user_uuid
        change = Change.of(
            action, resource_type, resource_uuid, details or {}, workspace_uuid=workspace_uuid, user_uuid=user_uuid
        )
        self._changes.append(change)

    async def _write_changes(self) -> None:
        """One statement for all that was recorded since the last commit, the last before the next one."""
        noted, self._changes = self._changes, []
        try:
            await self.execute(changes.INSERT, *changes.arguments(self.actor, noted))
        except BaseException:
            await self.rollback()
            raise

    async def commit(self) -> None:
        """Makes everything so far durable and gives the connection back."""
        if self._changes:
            await self._write_changes()
        if self._before_commit and (self._connection or self._moved):
            try:
                for before in self._before_commit:
                    await before()
            except BaseException:
                await self.rollback()
                raise
        connection = self._take()
        if connection is not None:
            try:
                await connection.execute("COMMIT")
            except DRIVER_ERRORS as error:
                await self.database.discard(connection)
                translate(error)
            except BaseException:
                await self.database.discard(connection)
                raise
            await self.database.release(connection)
        calls, self._after_commit = self._after_commit, []
        for call in calls:
            call()

    async def rollback(self) -> None:
        """Undoes everything since the last commit and gives the connection back."""
        self._after_commit = []
        self._changes = []
        connection = self._take()
        if connection is None:
            return
        try:
            await connection.execute("ROLLBACK")
        except DRIVER_ERRORS:
            await self.database.discard(connection)
        except BaseException:
            await self.database.discard(connection)
            raise
        else:
            await self.database.release(connection)

    def _take(self) -> Connection | None:
        """The connection of the open transaction, which is no longer the session's."""
        connection = self._connection or self._moved
        self._connection = self._moved = None
        return connection

    async def _begin(self) -> Connection:
        connection, self._moved = self._moved, None
        start = self._scope.begin if connection is None else self._scope.change
        connection = connection or await self.database.acquire()
        try:
            await connection.execute(start)
        except DRIVER_ERRORS as error:
            await self.database.discard(connection)
            translate(error)
        except BaseException:
            await self.database.discard(connection)
            raise
        self._connection = connection
        return connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.commit()
        else:
            await self.rollback()


class Database:
    """The pool of one process. :meth:`open` it once, :meth:`close` it at the end."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], url: str, slow_ms: int) -> None:
        self._pool = pool
        self._provided: dict[type, object] = {}
        self._awaited = 0
        self.url = url
        self.slow_seconds = slow_ms / 1000 or math.inf
        """Statements that take longer are logged."""

    @classmethod
    async def open(cls, url: str, *, size: int = 16, name: str = "athena", slow_ms: int = 0) -> Self:
        """Opens a pool of at most ``size`` connections; :class:`StartupError` says in one line why it cannot."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                command_timeout=STATEMENT_TIMEOUT_SECONDS,
                timeout=ACQUIRE_TIMEOUT_SECONDS,
                max_inactive_connection_lifetime=300,
                init=_prepare,
                reset=_keep,
                server_settings={
                    "application_name": name,
                    "TimeZone": "UTC",
                    "jit": "off",
                    "statement_timeout": str(STATEMENT_TIMEOUT_SECONDS * 1000),
                    "idle_in_transaction_session_timeout": "60000",
                },
            )
        except (*DRIVER_ERRORS, ValueError) as error:
            raise StartupError(f"cannot connect to the database: {first_line(error)}") from error
        return cls(pool, url, slow_ms)

    async def close(self) -> None:
        """Closes every connection; those in use get five seconds to finish."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    def provide(self, instance: object) -> None:
        """Makes something of which a process has one reachable for every service, by its class."""
        self._provided[type(instance)] = instance

    def provided(self, kind: type[T]) -> T:
        """What was provided of this class."""
        instance = self._provided[kind]
        assert isinstance(instance, kind)  # noqa: S101 - kept by its own class
        return instance

    def session(self, scope: Scope) -> Session:
        """A session for ``scope``; it takes no connection before its first statement."""
        return Session(self, scope)

    def system(self) -> Session:
        """A session for work across workspaces."""
        return Session(self, SYSTEM)

    async def statement(self, sql: str, *args: Any) -> Row | None:
        """One statement of its own, outside any transaction and workspace; for functions that check by themselves."""
        connection = await self.acquire()
        begun = time.perf_counter()
        try:
            row = await connection.fetchrow(sql, *args)
        except DRIVER_ERRORS as error:
            await self.discard(connection)
            translate(error)
        except BaseException:
            await self.discard(connection)
            raise
        finally:
            measured(sql, begun, self.slow_seconds)
        await self.release(connection)
        return row

    async def acquire(self) -> Connection:
        """A connection of the pool, to be given back with :meth:`release` or :meth:`discard`."""
        self._awaited += 1
        try:
            return await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS)
        except DRIVER_ERRORS as error:
            translate(error)
        finally:
            self._awaited -= 1

    async def release(self, connection: Connection) -> None:
        """Gives a healthy connection back."""
        await self._pool.release(connection)

    async def discard(self, connection: Connection) -> None:
        """Gives a connection back whose state is not known, by closing it."""
        # The pool may have dropped it already.
        with contextlib.suppress(asyncpg.InterfaceError):
            connection.terminate()
            await self._pool.release(connection)

    def measure_pool(self) -> None:
        """Brings the metrics of the pool up to this moment."""
        idle = self._pool.get_idle_size()
        metrics.connections("idle").set(idle)
        metrics.connections("in_use").set(self._pool.get_size() - idle)
        metrics.connections_most.set(self._pool.get_max_size())
        metrics.connections_awaited.set(self._awaited)
