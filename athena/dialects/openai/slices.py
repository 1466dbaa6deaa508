"""Lists as this dialect asks for them: so many, by time, after one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from athena.kit.pagination import Cursor, ListOptions, ListQuery, RowPage, SortKey


def slice_of(
    options: ListOptions,
    *,
    after: UUID | None,
    limit: int,
    ascending: bool,
    filters: Mapping[str, Any] | None = None,
) -> ListQuery:
    """The rows that follow ``after``, or the first ones; the order of ids is that of time."""
    return ListQuery(
        options=options,
        path="",
        raw={},
        page=1,
        per_page=limit,
        cursor="" if after is None else Cursor(backwards=False, values=[str(after)]).encode(),
        sort=[SortKey("uuid", descending=not ascending)],
        search=None,
        filters=filters or {},
        created_after=None,
        created_before=None,
        relations=frozenset(),
    )


def has_more(found: RowPage) -> bool:
    """Whether rows follow."""
    return found.meta["next_cursor"] is not None
