"""Changing the secret key: everything that is stored sealed is sealed anew, in small portions, while it is in use.

What is sealed is told by the tables (``kit.tables.sealed_column``). A row is written only if it still holds what was
read, so that nothing that is stored meanwhile is lost; and since each secret names its key, the work can be broken off
at any time, and goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import sqlalchemy as sa

from athena.config import Settings
from athena.kit.crypto import KeyFile, Keyring, SecretUnreadable, place
from athena.kit.db import Database, Row
from athena.kit.errors import Conflict, StartupError
from athena.kit.tables import SEALED

BATCH: Final = 100
TAKEN_OVER_SECONDS: Final = 5.0
"""By then every process seals with the key that was added to the file."""
REFRESH_SECONDS: Final = 2.0
ROTATION_LOCK: Final = 0x726F74617465

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of secrets, and the key of its table."""

    table: str
    column: str
    place: str
    key: Sequence[str]
    has_workspace: bool

    def place_of(self, row: Row) -> str:
        """Where the secret of ``row`` was sealed."""
        return place(self.table, row["workspace_uuid"] if self.has_workspace else None, row["uuid"], self.place)


def sealed_columns(metadata: sa.MetaData) -> Iterator[SealedColumn]:
    """All columns of secrets."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if SEALED in column.info:
                key = [each.name for each in table.primary_key.columns]
                yield SealedColumn(table.name, column.name, column.info[SEALED], key, "workspace_uuid" in table.columns)


@dataclass(slots=True)
class Renewed:
    """How many secrets of a column were sealed anew, and how many no key opens."""

    column: SealedColumn
    sealed: int = 0
    unreadable: int = 0


async def rotate(url: str, settings: Settings, metadata: sa.MetaData, report: Report, *, forget: bool = False) -> None:
    """Changes the key in the data folder, or follows a change of ``ATHENA_SECRET_KEY``; tells what it did.

    :class:`StartupError` when some secrets could not be opened, or another rotation is under way.
    """
    database = await Database.open(url, size=2, name="athena-rotation")
    guard = await asyncpg.connect(url)
    try:
        if not await guard.fetchval("SELECT pg_try_advisory_lock($1)", ROTATION_LOCK):
            raise StartupError("another `athena secrets rotate` is under way")
        keyring = Keyring.load(settings)
        columns = list(sealed_columns(metadata))
        file = None if settings.secret_key else KeyFile.in_folder(settings.data_dir)
        if file is not None:
            await _change_key(database, file, keyring, columns, report)
        done = [await renew(database, keyring, column) for column in columns]
        if file is not None:
            await asyncio.sleep(TAKEN_OVER_SECONDS)
            done += [await renew(database, keyring, column) for column in columns]
        _tell(done, keyring, report, kept=file is not None)
        if forget and file is not None:
            file.forget()
            report("The former keys are forgotten.")
    finally:
        await guard.close()
        await database.close()


async def _change_key(
    database: Database, file: KeyFile, keyring: Keyring, columns: Sequence[SealedColumn], report: Report
) -> None:
    """Adds a key, unless the work for the last one that was added is not done yet."""
    former = list(keyring.stamps[1:])
    for column in columns if former else ():
        async with database.system() as session:
            if await session.value(
                f"SELECT EXISTS (SELECT FROM {column.table} WHERE substring({column.column} FROM 1 FOR 9) = ANY($1))",
                former,
            ):
                report("A rotation was interrupted; it goes on.")
                return
    file.add()
    keyring.refresh()
    report(f"A new secret key is in {file.path}.")


def _tell(done: Sequence[Renewed], keyring: Keyring, report: Report, *, kept: bool) -> None:
    for name in sorted({f"{each.column.table}.{each.column.column}" for each in done}):
        count = sum(each.sealed for each in done if f"{each.column.table}.{each.column.column}" == name)
        report(f"  {name}: {count} encrypted anew")
    if not kept and len(keyring.stamps) == 1:
        report("To change the key, set ATHENA_SECRET_KEY to a new one and ATHENA_SECRET_KEY_PREVIOUS to this one.")
    # The second round sees those of the first again.
    columns = {each.column.table + each.column.column: each.unreadable for each in done}
    if unreadable := sum(columns.values()):
        raise StartupError(f"{unreadable} stored secrets cannot be opened with any key; enter them again")


async def renew(database: Database, keyring: Keyring, column: SealedColumn) -> Renewed:
    """Seals what ``column`` holds with the present key, as far as another one opens it."""
    result = Renewed(column)
    async for rows in _batches(database, column, keyring.stamps[0]):
        fresh: list[tuple[Row, bytes]] = []
        for row in rows:
            try:
                secret = keyring.open(row[column.column], column.place_of(row))
            except SecretUnreadable:
                result.unreadable += 1
            else:
                fresh.append((row, keyring.seal(secret, column.place_of(row))))
        result.sealed += await _store(database, column, fresh)
    return result


async def _batches(database: Database, column: SealedColumn, stamp: bytes) -> AsyncIterator[list[Row]]:
    """The rows that are sealed with another key, in the order of the table's key."""
    key = ", ".join(column.key)
    also = ", workspace_uuid" if column.has_workspace and "workspace_uuid" not in column.key else ""
    sql = f"SELECT {key}{also}, {column.column} FROM {column.table} WHERE substring({column.column} FROM 1 FOR 9) <> $1"
    places = ", ".join(f"${n}" for n in range(2, 2 + len(column.key)))
    after: Sequence[Any] = ()
    while True:
        beyond = f" AND ({key}) > ({places})" if after else ""
        async with database.system() as session:
            rows = await session.fetch(f"{sql}{beyond} ORDER BY {key} LIMIT {BATCH}", stamp, *after)
        if not rows:
            return
        yield rows
        after = [rows[-1][name] for name in column.key]


async def _store(database: Database, column: SealedColumn, fresh: Sequence[tuple[Row, bytes]]) -> int:
    """Writes the new in place of the old, where that is still there; the number of rows."""
    names = ", ".join(column.key)
    arrays = ", ".join(f"${n}::uuid[]" for n in range(3, 3 + len(column.key)))
    same = " AND ".join(f"t.{name} = v.{name}" for name in column.key)
    sql = (
        f"UPDATE {column.table} AS t SET {column.column} = v.fresh "
        f"FROM unnest($1::bytea[], $2::bytea[], {arrays}) AS v (old, fresh, {names}) "
        f"WHERE {same} AND t.{column.column} = v.old"
    )
    old = [row[column.column] for row, _ in fresh]
    keys = [[row[name] for row, _ in fresh] for name in column.key]
    while fresh:
        try:
            async with database.system() as session:
                return await session.execute(sql, old, [sealed for _, sealed in fresh], *keys)
        except Conflict:
            # Somebody changed the same rows in another order.
            await asyncio.sleep(0.1)
    return 0
