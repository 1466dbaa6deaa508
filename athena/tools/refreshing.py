"""Has the functions of tools found anew in the background, where their servers may have others now."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from athena.kit import clock, logging
from athena.kit.access import Access
from athena.kit.changes import SYSTEM_ACTOR
from athena.kit.db import Database, Row, Session
from athena.kit.errors import AthenaError
from athena.permissions import Permission
from athena.tools.base import ToolKinds
from athena.tools.discovery import found
from athena.tools.naming import ToolRow
from athena.tools.repository import ToolRepository

OLD: Final = timedelta(days=1)
PAUSE_SECONDS: Final = 60.0
FAILED_SECONDS: Final = 600.0
CLOSE_SECONDS: Final = 3.0
FOUND_BY: Final = ("type", "config", "parameters", "account_uuid")


@dataclass(slots=True)
class _Wish:
    """That the functions of a tool are found which they are now, unless that was done after ``since``."""

    access: Access
    since: datetime


class Refresher:
    """Of one process. Of all processes one at a time refreshes a tool.

    Args:
        database: where the tools are.
        pause_seconds: from one refresh of a tool to the next; what comes in between waits, and is done at once.
        failed_seconds: how long a server is left alone that did not tell.
    """

    def __init__(
        self, database: Database, *, pause_seconds: float = PAUSE_SECONDS, failed_seconds: float = FAILED_SECONDS
    ) -> None:
        self._database = database
        self._pause = timedelta(seconds=pause_seconds)
        self._failed = timedelta(seconds=failed_seconds)
        self._wishes: dict[UUID, _Wish] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    def use(self, tools: Iterable[ToolRow], access: Access) -> None:
        """Starts to refresh those of ``tools``, which are about to be used, whose functions were found long ago."""
        since = clock.now() - OLD
        kinds = self._database.provided(ToolKinds)
        for tool in tools:
            kind = kinds.get(tool["type"])
            if kind is not None and kind.refreshes and tool["refreshed_at"] <= since:
                self.start(tool["uuid"], access, since)

    def start(self, tool_uuid: UUID, access: Access, since: datetime) -> None:
        """Has the functions of a tool found anew, unless that was done after ``since``. Returns at once.

        ``access`` says where; who it is does not matter, as the refresh is Athena's own.
        """
        access = replace(access, permissions=frozenset({Permission.ACCOUNTS_VIEW}), actor=SYSTEM_ACTOR)
        self._wishes[tool_uuid] = _Wish(access, since)
        if tool_uuid not in self._tasks:
            # Nothing of the call goes along: neither its limits nor its log's context.
            task = asyncio.create_task(self._work(tool_uuid), context=contextvars.Context())
            self._tasks[tool_uuid] = task

    async def close(self) -> None:
        """Ends what is under way; the next process finds out by itself."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, uuid: UUID) -> None:
        try:
            while (wish := self._wishes.pop(uuid, None)) is not None:
                row = await self._claimed(uuid, wish)
                if row is not None:
                    await self._refreshed(row, wish.access)
        except (AthenaError, asyncpg.PostgresError, OSError) as error:
            self._wishes.pop(uuid, None)
            logging.logger().warning("tools.refresh_failed", error=type(error).__name__)
        finally:
            del self._tasks[uuid]

    async def _claimed(self, uuid: UUID, wish: _Wish) -> Row | None:
        """The tool's row, when it is this process's turn; ``None`` where nothing is to be done, or not yet."""
        while True:
            async with self._session(wish.access) as session:
                tools, now = ToolRepository(session, wish.access.workspace_uuid), clock.now()
                row = await tools.claim_refresh(uuid, wish.since, now, now + self._pause)
                after = None if row is not None else await tools.refresh_after(uuid, wish.since)
            if after is None or after > now + self._pause:
                return row
            await asyncio.sleep((after - now).total_seconds())

    async def _refreshed(self, row: Row, access: Access) -> None:
        """Finds the functions and keeps them, if the tool is still configured as it was."""
        kind = self._database.provided(ToolKinds).get(row["type"])
        if kind is None:
            return
        try:
            config = kind.config.model_validate(row["config"])
            values = await found(self._database, access, kind, config, row, again=True)
        except AthenaError as error:
            async with self._session(access) as session:
                await ToolRepository(session, access.workspace_uuid).put_off(row["uuid"], clock.now() + self._failed)
            logging.logger().info("tools.not_refreshed", tool_uuid=str(row["uuid"]), code=error.error_code)
            return
        async with self._session(access) as session:
            tools = ToolRepository(session, access.workspace_uuid)
            present = await tools.locked(row["uuid"])
            if any(present[name] != row[name] for name in FOUND_BY):
                return
            if present["functions"] == values["functions"]:
                await tools.confirm(row["uuid"], values["refreshed_at"])
            else:
                await tools.update(row["uuid"], values, verb="refreshed")

    def _session(self, access: Access) -> Session:
        session = self._database.session(access.scope)
        session.actor = access.actor
        return session
