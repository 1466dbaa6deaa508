"""The statements that every resource needs, written from its table: get, list, insert, update, delete."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, PreconditionFailed, ValidationFailed
from athena.kit.ids import uuid_at
from athena.kit.pagination import Cursor, ListQuery, RowPage, SortKey, by_cursor, by_page

MAXIMUM_COUNT = 10_000
"""Up to here rows are counted that filters or a search leave; of more than these a list says so."""
MAXIMUM_FOUND = 1_000
"""Up to here rows that a search finds are put in order and counted exactly."""
LENGTH_OF_TRIGRAMS = 3
DEEP = 1_000
CLOCKS_APART_SECONDS = 86_400
"""How far a row's time may be from that of its id."""

_DIALECT = postgresql.dialect()


class Where:
    """A condition that grows; values become numbered parameters."""

    __slots__ = ("_parts", "args")

    def __init__(self) -> None:
        self.args: list[Any] = []
        self._parts: list[str] = []

    def add(self, sql: str, *values: Any) -> None:
        """Adds a condition; each ``{}`` in it stands for one of ``values``."""
        self._parts.append(sql.format(*(self.parameter(value) for value in values)))

    def parameter(self, value: Any) -> str:
        """Takes ``value`` as a parameter, and says how it is called."""
        self.args.append(value)
        return f"${len(self.args)}"

    def copy(self) -> Where:
        """One that grows by itself."""
        other = Where()
        other.args.extend(self.args)
        other._parts.extend(self._parts)
        return other

    @property
    def sql(self) -> str:
        """The conditions, joined."""
        return " AND ".join(self._parts) or "true"


class Count(NamedTuple):
    """How a list's total is found: counted up to ``limit``, unless it is ``known``; kept, where there is no limit."""

    limit: int | None
    known: int | None = None


class Rows(ABC):
    """All SQL of one resource; a subclass names its ``table``, says in :meth:`within` which of its rows exist for the
    caller, and adds its own statements.
    """

    table: ClassVar[sa.Table]
    source: ClassVar[str] = ""
    """What lists and single rows are read from, when it is more than the table: a query, named as the table is."""
    counted: ClassVar[bool] = False
    """Whether the table has ``kit.tables.row_counter``, so that a total without filters need not be counted."""
    recorded: ClassVar[str] = ""
    """What a row is called where changes are recorded, such as ``agent``; empty where nobody needs to know of them."""
    found_by: ClassVar[str] = ""
    """The function of the database that finds the rows of a text, where looking at each of them would take long."""
    hidden: ClassVar[frozenset[str]] = frozenset()
    """Columns that are not selected (secrets, search vectors)."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @abstractmethod
    def within(self, where: Where) -> None:
        """Narrows ``where`` to the rows that exist for the caller."""

    @property
    def placed(self) -> Mapping[str, Any]:
        """The columns that every new row gets from its place."""
        return {}

    @property
    def _from(self) -> str:
        return self.source or self.table.name

    @property
    def columns(self) -> str:
        """The selected columns, for SQL."""
        return _columns(self.table, self.hidden)

    async def find(self, uuid: UUID) -> Row | None:
        """One row, or ``None``."""
        return await self._row(uuid)

    async def get(self, uuid: UUID) -> Row:
        """One row; :class:`NotFound` when this workspace has none such."""
        row = await self.find(uuid)
        if row is None:
            raise self.not_found()
        return row

    async def locked(self, uuid: UUID) -> Row:
        """As :meth:`get`; nobody else changes the row before this transaction ends."""
        row = await self._row(uuid, "FOR NO KEY UPDATE")
        if row is None:
            raise self.not_found()
        return row

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, Row]:
        """The rows that exist among ``uuids``, in one statement."""
        if not uuids:
            return {}
        where = Where()
        self.within(where)
        where.add("uuid = ANY({})", list(set(uuids)))
        rows = await self.session.fetch(f"SELECT {self.columns} FROM {self._from} WHERE {where.sql}", *where.args)
        return {row["uuid"]: row for row in rows}

    def note(self, verb: str, uuid: UUID, fields: Iterable[str] = ()) -> None:
        """Has the log of changes tell that the row was ``verb``; with the names of ``fields``, never their values."""
        if verb and self.recorded:
            changed = sorted(set(fields) - self.hidden)
            details = {"changed": changed} if changed else None
            workspace_uuid: UUID | None = self.placed.get("workspace_uuid")
            self.session.record(f"{self.recorded}.{verb}", self.recorded, uuid, details, workspace_uuid=workspace_uuid)

    async def insert(self, values: Mapping[str, Any], *, verb: str = "created") -> Row:
        """Stores a row; ``values`` holds its uuid. The times are set here.

        ``verb`` is what the log of changes says of it, if the resource is recorded; empty where it should say nothing.
        """
        now = clock.now()
        full = {**self.placed, "created_at": now, "updated_at": now, **values}
        names = ", ".join(full)
        places = ", ".join(f"${n}" for n in range(1, len(full) + 1))
        row = await self.session.fetch_one(
            f"INSERT INTO {self.table.name} ({names}) VALUES ({places}) RETURNING {self.columns}", *full.values()
        )
        assert row is not None  # noqa: S101 - INSERT … RETURNING without a conflict clause gives its row
        self.note(verb, row["uuid"])
        return row

    async def update(
        self, uuid: UUID, values: Mapping[str, Any], revision: int | None = None, *, verb: str = "updated"
    ) -> Row:
        """Changes the named columns; :class:`PreconditionFailed` when ``revision`` is not the present one.

        ``verb`` as for :meth:`insert`.
        """
        where = Where()
        full = {"updated_at": clock.now(), **values}
        changes = ", ".join(f"{name} = {where.parameter(value)}" for name, value in full.items())
        self._identify(where, uuid, revision)
        row = await self.session.fetch_one(
            f"UPDATE {self.table.name} SET {changes}, revision = revision + 1 WHERE {where.sql} "
            f"RETURNING {self.columns}",
            *where.args,
        )
        if row is None:
            await self._explain_absence(uuid, revision)
            raise self.not_found()
        self.note(verb, uuid, values)
        return row

    async def delete(self, uuid: UUID, revision: int | None = None, *, verb: str = "deleted") -> None:
        """Deletes a row; errors as :meth:`update`, ``verb`` as for :meth:`insert`."""
        where = Where()
        self._identify(where, uuid, revision)
        if not await self.session.execute(f"DELETE FROM {self.table.name} WHERE {where.sql}", *where.args):
            await self._explain_absence(uuid, revision)
            raise self.not_found()
        self.note(verb, uuid)

    async def page(self, query: ListQuery, where: Where | None = None) -> RowPage:
        """A page of the rows that ``query`` asks for, narrowed by ``where``."""
        narrowed = where is not None or bool(query.filters or query.created_after or query.created_before)
        where = where or Where()
        self.within(where)
        count = Count(None if self.counted else MAXIMUM_COUNT)
        if narrowed or query.search:
            count = Count(MAXIMUM_FOUND if query.search else MAXIMUM_COUNT)
        if self.found_by and query.search is not None and len(query.search) >= LENGTH_OF_TRIGRAMS:
            found = await self._found(query.search)
            if not narrowed:
                count = Count(MAXIMUM_FOUND, MAXIMUM_FOUND + 1 if found is None else len(found))
            # Where there are more they are looked for once more, along the order itself, in which they must lie close.
            if found is not None:
                where.add("uuid = ANY({})", found)
                query = replace(query, search=None)
        self.narrow(where, query)
        if query.cursor is not None:
            return await self._page_by_cursor(query, where)
        if query.offset >= DEEP:
            return await self._deep_page(query, where, count)
        rows = await self.session.fetch(
            f"SELECT {self.columns} FROM {self._from} WHERE {where.sql} ORDER BY {_order(query.sort)} "
            f"LIMIT {query.per_page} OFFSET {query.offset}",
            *where.args,
        )
        if rows and len(rows) < query.per_page:
            return by_page(query, rows, query.offset + len(rows))
        total, more = await self._total(where, count)
        return by_page(query, rows, total, more=more)

    async def _deep_page(self, query: ListQuery, where: Where, count: Count) -> RowPage:
        """A page far behind the first one: what is skipped is passed over in an index alone, from the nearer end."""
        total, more = await self._total(where, count)
        if count.limit is None and [key.column for key in query.sort] == ["uuid"]:
            rows = await self._rows_by_time(query, where)
            return by_page(query, rows, max(total, query.offset + len(rows) if rows else 0))
        keys, size, skipped = query.sort, query.per_page, query.offset
        backwards = not more and skipped > total // 2
        if backwards:
            size = max(0, min(size, total - skipped))
            keys, skipped = [key.turned for key in keys], max(0, total - skipped - size)
        rows = await self.session.fetch(
            f"SELECT {self.columns} FROM {self._from} WHERE {where.sql} AND uuid IN (SELECT uuid FROM {self._from} "
            f"WHERE {where.sql} ORDER BY {_order(keys)} LIMIT {size} OFFSET {skipped}) ORDER BY {_order(query.sort)}",
            *where.args,
        )
        return by_page(query, rows, max(total, query.offset + len(rows) if rows else 0), more=more)

    async def _rows_by_time(self, query: ListQuery, where: Where) -> list[Row]:
        """A page of all rows in the order of their ids: how many there are of each time says where it begins."""
        keys, newest = query.sort, query.sort[0].descending
        start = f"athena_page_start('{self.table.name}', {query.offset}, {str(newest).lower()})"
        # All in one statement, and so of one moment.
        return await self.session.fetch(
            f"WITH begin AS MATERIALIZED (SELECT * FROM {start}) "
            f"SELECT {self.columns} FROM {self._from} WHERE {where.sql} AND uuid IN (SELECT uuid FROM {self._from} "
            f"WHERE {where.sql} AND uuid {'<=' if newest else '>='} (SELECT start FROM begin) ORDER BY {_order(keys)} "
            f"LIMIT {query.per_page} OFFSET (SELECT remaining FROM begin)) ORDER BY {_order(keys)}",
            *where.args,
        )

    async def _found(self, text: str) -> Sequence[UUID] | None:
        """The rows that hold ``text``; ``None`` where they are more than :data:`MAXIMUM_FOUND`."""
        return await self.session.value(f"SELECT {self.found_by}($1, {MAXIMUM_FOUND})", containing(text))

    def narrow(self, where: Where, query: ListQuery) -> None:
        """Narrows ``where`` to what the filters, the times and the search of ``query`` leave."""
        _apply_filters(self.table, where, query)

    async def _total(self, where: Where, count: Count) -> tuple[int, bool]:
        """How many rows there are, up to the limit where they must be counted, and whether there are more."""
        if count.limit is None:
            return await self.session.value("SELECT athena_row_count($1)", self.table.name), False
        found = count.known
        if found is None:
            found = await self.session.value(
                f"SELECT count(*) FROM (SELECT FROM {self._from} WHERE {where.sql} LIMIT {count.limit + 1}) AS found",
                *where.args,
            )
        return min(found, count.limit), found > count.limit

    async def _page_by_cursor(self, query: ListQuery, where: Where) -> RowPage:
        cursor = Cursor.decode(query.cursor, len(query.sort)) if query.cursor else None
        keys = query.sort
        backwards = cursor is not None and cursor.backwards
        if backwards:
            keys = [key.turned for key in keys]
        if cursor is not None:
            where.add(_beyond(self.table, where, keys, cursor.values))
        try:
            rows = await self.session.fetch(
                f"SELECT {self.columns} FROM {self._from} WHERE {where.sql} ORDER BY {_order(keys)} "
                f"LIMIT {query.per_page + 1}",
                *where.args,
            )
        except ValidationFailed:
            raise ValidationFailed.of("cursor", "This cursor does not belong to this list.") from None
        more = len(rows) > query.per_page
        rows = rows[: query.per_page]
        if backwards:
            rows.reverse()
        has_before = more if backwards else cursor is not None
        has_after = cursor is not None if backwards else more
        return by_cursor(
            query,
            rows,
            before=Cursor.at(rows[0], query.sort, backwards=True) if rows and has_before else None,
            after=Cursor.at(rows[-1], query.sort, backwards=False) if rows and has_after else None,
        )

    def not_found(self) -> NotFound:
        """The error for a row that this workspace does not have; the same for all, so that it tells nothing."""
        return NotFound("It does not exist.")

    @staticmethod
    def check_revision(row: Row, revision: int | None) -> None:
        """:class:`PreconditionFailed` when ``revision`` is named and not the row's."""
        if revision is not None and row["revision"] != revision:
            raise PreconditionFailed("It was changed since; get it again and repeat.")

    async def _row(self, uuid: UUID, lock: str = "") -> Row | None:
        where = Where()
        self._identify(where, uuid, None)
        sql = f"SELECT {self.columns} FROM {self._from} WHERE {where.sql} {lock}"
        return await self.session.fetch_one(sql, *where.args)

    def _identify(self, where: Where, uuid: UUID, revision: int | None) -> None:
        self.within(where)
        where.add("uuid = {}", uuid)
        if revision is not None:
            where.add("revision = {}", revision)

    async def _explain_absence(self, uuid: UUID, revision: int | None) -> None:
        if revision is not None and await self.find(uuid) is not None:
            raise PreconditionFailed("It was changed since; get it again and repeat.")


class Repository(Rows):
    """All SQL of one resource within one workspace."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId) -> None:
        super().__init__(session)
        self.workspace_uuid = workspace_uuid

    def within(self, where: Where) -> None:
        """The workspace's rows."""
        where.add("workspace_uuid = {}", self.workspace_uuid)

    @property
    def placed(self) -> Mapping[str, Any]:
        """The workspace."""
        return {"workspace_uuid": self.workspace_uuid}

    def not_found(self) -> NotFound:
        """Says what, since a request may name several things; the same for rows of others, so that it tells nothing."""
        what = f"The {self.recorded.replace('_', ' ')}" if self.recorded else "It"
        return NotFound(f"{what} does not exist in this workspace.")


@cache
def _columns(table: sa.Table, hidden: frozenset[str]) -> str:
    return ", ".join(f"{table.name}.{column.name}" for column in table.columns if column.name not in hidden)


def _apply_filters(table: sa.Table, where: Where, query: ListQuery) -> None:
    for name, value in query.filters.items():
        where.add(query.options.columns.get(name, f"{table.name}.{name} = {{}}"), value)
    # Ids grow with time: where they stand for it in the order, they lead to the place in the index, too.
    by_id = query.options.sortable.get("created_at") == "uuid"
    if query.created_after:
        where.add("created_at > {}", query.created_after)
        if by_id:
            where.add("uuid > {}", uuid_at(query.created_after, -CLOCKS_APART_SECONDS))
    if query.created_before:
        where.add("created_at < {}", query.created_before)
        if by_id:
            where.add("uuid < {}", uuid_at(query.created_before, CLOCKS_APART_SECONDS))
    if query.search and query.options.searchable:
        place = where.parameter(containing(query.search))
        where.add("(" + " OR ".join(f"{column} ILIKE {place}" for column in query.options.searchable) + ")")


def containing(text: str) -> str:
    """The pattern of what contains ``text``."""
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _order(keys: Sequence[SortKey]) -> str:
    return ", ".join(f"{key.column} {'DESC' if key.descending else 'ASC'}" for key in keys)


def _beyond(table: sa.Table, where: Where, keys: Sequence[SortKey], values: Sequence[str]) -> str:
    """The condition of rows that come after ``values`` in the order of ``keys``."""
    places = [
        f"CAST({where.parameter(value)}::text AS {table.c[key.column].type.compile(dialect=_DIALECT)})"
        for key, value in zip(keys, values, strict=True)
    ]
    if len({key.descending for key in keys}) == 1:
        sign = "<" if keys[0].descending else ">"
        return f"({', '.join(key.column for key in keys)}) {sign} ({', '.join(places)})"
    alternatives: list[str] = []
    for index, key in enumerate(keys):
        equal = [f"{keys[n].column} = {places[n]}" for n in range(index)]
        alternatives.append(" AND ".join([*equal, f"{key.column} {'<' if key.descending else '>'} {places[index]}"]))
    return "(" + " OR ".join(f"({part})" for part in alternatives) + ")"
