"""Lists: which page, in which order, of which rows; by page with a count, or by cursor without one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, TypeAdapter, ValidationError

from athena.kit.db import Row
from athena.kit.errors import ValidationFailed
from athena.kit.schemas import Time, relations

T = TypeVar("T")

DEFAULT_PER_PAGE = 15
MAXIMUM_PER_PAGE = 100
MAXIMUM_PAGE = 10_000_000


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column, and whether the greatest comes first."""

    column: str
    descending: bool

    @property
    def turned(self) -> SortKey:
        """The same column the other way round."""
        return SortKey(self.column, not self.descending)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a resource's list can be asked for.

    ``sortable`` maps a public name to a column that is never null; ``filters`` maps a query parameter to its type, and
    ``columns`` such a parameter to SQL where it is not simply the column of that name.
    """

    sortable: Mapping[str, str]
    searchable: Sequence[str] = ()
    filters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    relations: Sequence[str] = ()
    default_sort: str = "-created_at"
    without: Collection[str] = ()
    """Parameters of other lists that this one does not have."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the sort values of a row, and whether the rows before it are wanted."""

    backwards: bool
    values: Sequence[str]

    @classmethod
    def at(cls, row: Row, keys: Sequence[SortKey], *, backwards: bool) -> Cursor:
        """The place of ``row`` in the order of ``keys``."""
        return cls(backwards, [str(row[key.column]) for key in keys])

    def encode(self) -> str:
        """As text for a client."""
        return base64.urlsafe_b64encode(orjson.dumps([self.backwards, list(self.values)])).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, length: int) -> Cursor:
        """From a client's text, which must hold ``length`` values."""
        try:
            match orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))):
                case [bool() as backwards, [*values]] if len(values) == length and all(
                    isinstance(value, str) and "\0" not in value for value in values
                ):
                    return cls(backwards, values)
                case _:
                    pass
        except (orjson.JSONDecodeError, binascii.Error, ValueError):
            pass
        raise ValidationFailed.of("cursor", "This cursor does not belong to this list.")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One request for a list, checked."""

    options: ListOptions
    path: str
    raw: Mapping[str, str]
    page: int
    per_page: int
    cursor: str | None
    sort: Sequence[SortKey]
    search: str | None
    filters: Mapping[str, Any]
    created_after: datetime | None
    created_before: datetime | None
    relations: frozenset[str]

    @property
    def offset(self) -> int:
        """How many rows lie before the page."""
        return (self.page - 1) * self.per_page

    def link(self, **changes: str | int) -> str:
        """The list's address with some parameters changed."""
        return f"{self.path}?{urlencode({**self.raw, **{k: str(v) for k, v in changes.items()}})}"


@dataclass(frozen=True, slots=True)
class RowPage:
    """A page of rows, with what its envelope says."""

    rows: Sequence[Row]
    links: Mapping[str, str | None]
    meta: Mapping[str, Any]


def by_page(query: ListQuery, rows: Sequence[Row], total: int, *, more: bool = False) -> RowPage:
    """The envelope of a numbered page; with ``more`` there are more rows than ``total``."""
    page, last = query.page, max(1, -(-total // query.per_page))
    first_row = query.offset + 1
    follows = page < last or (more and len(rows) == query.per_page)
    links = {
        "first": query.link(page=1),
        "last": None if more else query.link(page=last),
        "prev": query.link(page=page - 1 if more else min(page - 1, last)) if page > 1 else None,
        "next": query.link(page=page + 1) if follows else None,
    }
    meta: dict[str, Any] = {
        "current_page": page,
        "from": first_row if rows else None,
        "last_page": last,
        "path": query.path,
        "per_page": query.per_page,
        "to": first_row + len(rows) - 1 if rows else None,
        "total": total,
    }
    if more:
        meta["total_at_least"] = True
    return RowPage(rows, links, meta)


def by_cursor(query: ListQuery, rows: Sequence[Row], *, before: Cursor | None, after: Cursor | None) -> RowPage:
    """The envelope of a page by cursor; a side without more rows has none."""
    next_cursor = after.encode() if after else None
    prev_cursor = before.encode() if before else None
    links = {
        "prev": query.link(cursor=prev_cursor) if prev_cursor else None,
        "next": query.link(cursor=next_cursor) if next_cursor else None,
    }
    meta = {"path": query.path, "per_page": query.per_page, "next_cursor": next_cursor, "prev_cursor": prev_cursor}
    return RowPage(rows, links, meta)


def cut(query: ListQuery, items: Sequence[T]) -> tuple[RowPage, Sequence[T]]:
    """The part of ``items``, which is all of a list, that is asked for; a cursor is a place in it."""
    first = query.offset
    if query.cursor:
        text = Cursor.decode(query.cursor, 1).values[0]
        if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - a place, not a number to break
            raise ValidationFailed.of("cursor", "This cursor does not belong to this list.")
        first = int(text)
    shown = items[first : first + query.per_page]
    rows = cast("Sequence[Row]", shown)
    if query.cursor is None:
        return by_page(query, rows, len(items)), shown
    before = Cursor(backwards=True, values=[str(max(0, first - query.per_page))]) if first else None
    after = Cursor(backwards=False, values=[str(first + query.per_page)]) if first + len(shown) < len(items) else None
    return by_cursor(query, rows, before=before, after=after), shown


def _sort_keys(text: str | None, options: ListOptions) -> Sequence[SortKey]:
    keys: list[SortKey] = []
    for part in (text or options.default_sort).split(","):
        name = part.strip()
        descending = name.startswith("-")
        column = options.sortable.get(name.removeprefix("-"))
        if column is None:
            raise ValidationFailed.of("sort", f"Cannot sort by {name!r}; known: {', '.join(options.sortable)}.")
        keys.append(SortKey(column, descending))
    if all(key.column != "uuid" for key in keys):
        keys.append(SortKey("uuid", keys[-1].descending))
    return keys


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: how its text is read, and what the documentation says of it."""

    name: str
    adapter: TypeAdapter[Any]
    description: str

    def read(self, text: str) -> Any:
        """The value of ``text``; FastAPI's own error when it is none."""
        try:
            return self.adapter.validate_python(text)
        except ValidationError as error:
            issues = [{**issue, "loc": ("query", self.name)} for issue in error.errors(include_url=False)]
            raise RequestValidationError(issues) from None

    def document(self, default: object) -> dict[str, Any]:
        """The parameter in OpenAPI."""
        schema = self.adapter.json_schema()
        if default is not None:
            schema["default"] = default
        described = {"description": self.description} if self.description else {}
        return {"name": self.name, "in": "query", "required": False, "schema": schema, **described}


DEFAULTS: Mapping[str, Any] = {"page": 1, "per_page": DEFAULT_PER_PAGE}


def _some_of(names: Collection[str], before: str = "") -> str:
    """The pattern of a text that lists names, for the documentation."""
    one = f"{before}({'|'.join(names)})"
    return f"^({one}(,{one})*)?$" if names else "^$"


PAGING = frozenset({"page", "per_page", "cursor", "sort", "with"})
"""Parameters that say which part of a list is wanted, and how it is shown."""


def _parameters(options: ListOptions) -> dict[str, Parameter]:
    own: Mapping[str, tuple[Any, str]] = {
        "page": (Annotated[int, Field(ge=1, le=MAXIMUM_PAGE)], "From 1."),
        "per_page": (Annotated[int, Field(ge=1, le=MAXIMUM_PER_PAGE)], ""),
        "cursor": (
            Annotated[str, Field(max_length=4096, json_schema_extra={"pattern": "^[A-Za-z0-9_=-]*$"})],
            "Empty for the first page; excludes `page`.",
        ),
        "sort": (
            Annotated[str, Field(max_length=255, json_schema_extra={"pattern": _some_of(options.sortable, "-?")})],
            f"Fields, separated by commas, `-` for descending. Known: {', '.join(options.sortable)}.",
        ),
        "search": (Annotated[str, Field(min_length=1, max_length=255)], "Text that must be contained."),
        "with": (
            Annotated[str, Field(max_length=255, json_schema_extra={"pattern": _some_of(options.relations)})],
            f"Relations: {', '.join(options.relations) or 'none'}.",
        ),
        "created_after": (Time, ""),
        "created_before": (Time, ""),
    }
    filters: Mapping[str, tuple[Any, str]] = {name: (kind, _only(name)) for name, kind in options.filters.items()}
    every: Mapping[str, tuple[Any, str]] = {**own, **filters}
    return {
        name: Parameter(name, TypeAdapter(cast("Any", kind)), text)
        for name, (kind, text) in every.items()
        if name not in options.without
    }


def _only(name: str) -> str:
    """What a filter does, by its name."""
    bound, _, field_name = name.partition("_")
    match bound:
        case "min":
            return f"Only those whose {field_name} is at least this."
        case "max":
            return f"Only those whose {field_name} is at most this."
        case _:
            return f"Only those with this {name}."


class ListReader:
    """The dependency behind :func:`list_query`. It reads only what a request names; lists are hot.

    ``documented`` is what ``kit.routing.Route`` adds to its documentation, and to the parameters that it knows.
    """

    def __init__(self, options: ListOptions) -> None:
        self._options = options
        self._parameters = _parameters(options)
        self.documented = [parameter.document(DEFAULTS.get(name)) for name, parameter in self._parameters.items()]

    async def __call__(self, request: Request) -> ListQuery:
        """The list that ``request`` asks for."""
        raw = dict(request.query_params)
        given = {name: self._parameters[name].read(text) for name, text in raw.items() if name in self._parameters}
        if "cursor" in given and "page" in given:
            raise ValidationFailed.of("cursor", "Give either `page` or `cursor`.")
        options = self._options
        return ListQuery(
            options=options,
            path=request.url.path,
            raw=raw,
            page=given.get("page", 1),
            per_page=given.get("per_page", DEFAULT_PER_PAGE),
            cursor=given.get("cursor"),
            sort=_sort_keys(given.get("sort"), options),
            search=given.get("search"),
            filters={name: given[name] for name in options.filters if name in given},
            created_after=given.get("created_after"),
            created_before=given.get("created_before"),
            relations=relations(given.get("with"), options.relations),
        )


def list_query(options: ListOptions) -> Any:
    """The dependency that reads a list's query parameters into a :class:`ListQuery`."""
    return Depends(ListReader(options))


def filters_query(options: ListOptions) -> Any:
    """As :func:`list_query`, for what is about all rows that a list's filters leave, and not about a page of them."""
    return Depends(ListReader(replace(options, without=PAGING)))
