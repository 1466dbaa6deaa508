"""Bases and types of what comes in and goes out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from athena.kit.errors import ValidationFailed

T = TypeVar("T")

LAST_TIME = datetime.max.replace(tzinfo=UTC)
TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _as_time(value: object) -> object:
    if not isinstance(value, datetime) and not (isinstance(value, str) and TIME.fullmatch(value)):
        raise ValueError("Give a time as RFC 3339 has it, such as 2026-01-31T08:00:00Z.")
    return value


def _in_range(value: datetime) -> datetime:
    """The last moment of all means infinity to the database's driver, which is no time to compute with."""
    try:
        known = value.astimezone(UTC) < LAST_TIME
    except OverflowError:
        known = False
    if not known:
        raise ValueError("Give a time that lies in the years 1 to 9999 of UTC.")
    return value


Uuid = Annotated[UUID, Strict(strict=False)]
Time = Annotated[AwareDatetime, Strict(strict=False), BeforeValidator(_as_time), AfterValidator(_in_range)]
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"\S")]
Text = Annotated[str, Field(max_length=200_000)]
ShortText = Annotated[str, Field(max_length=2_000)]
With = Annotated[
    str | None,
    Field(description="Relations to load, separated by commas. Those that are not asked for are `null`."),
]


Timestamp = Annotated[
    datetime,
    Field(examples=["2026-01-31T08:00:00.000Z"], description="UTC, RFC 3339 with milliseconds."),
]


class Input(BaseModel):
    """A request's body: unknown fields are errors, and no value is bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)

    def changes(self) -> dict[str, Any]:
        """The fields that the caller named, ``with`` aside."""
        return {key: value for key, value in self.model_dump(exclude_unset=True).items() if key != "with_"}


class Output(BaseModel):
    """A response's shape, for the documentation; the bytes are made from rows directly.

    Every field is there, also one that is null: a default says what it usually is.
    """

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class Resource(Output):
    """What each resource has."""

    uuid: UUID
    created_at: Timestamp
    updated_at: Timestamp


class Data(Output, Generic[T]):
    """``{"data": …}``."""

    data: T


class PaginationLinks(Output):
    """Addresses of other pages; ``first`` and ``last`` are not there with cursors."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=False,
        json_schema_extra={
            "examples": [
                {"first": "/api/v1/threads?page=1", "last": "/api/v1/threads?page=1", "prev": None, "next": None}
            ]
        },
    )

    first: str | None = None
    last: str | None = None
    prev: str | None = None
    next: str | None = None


class PaginationMeta(Output):
    """Where this page stands. By page: the numbers. By cursor: the cursors, without a count."""

    model_config = ConfigDict(
        json_schema_serialization_defaults_required=False,
        json_schema_extra={
            "examples": [
                {
                    "current_page": 1,
                    "from": 1,
                    "last_page": 1,
                    "path": "/api/v1/threads",
                    "per_page": 15,
                    "to": 1,
                    "total": 1,
                }
            ]
        },
    )

    path: str
    per_page: int
    current_page: int | None = None
    from_: Annotated[int | None, Field(alias="from")] = None
    last_page: int | None = None
    to: int | None = None
    total: int | None = None
    total_at_least: Annotated[
        bool | None, Field(description="True where there are more rows than `total`: they are counted up to 10,000.")
    ] = None
    next_cursor: str | None = None
    prev_cursor: str | None = None


class Page(Output, Generic[T]):
    """A list's page."""

    data: list[T]
    links: PaginationLinks
    meta: PaginationMeta


class Problem(BaseModel):
    """An error (RFC 9457, ``application/problem+json``)."""

    type: str = Field(examples=["/docs/errors#not_found"])
    title: str
    status: int
    detail: str
    instance: str
    message: str = Field(description="The detail again, for clients that look for `message`.")
    code: str = Field(description="Stable, in snake_case.", examples=["not_found"])
    request_id: str
    errors: dict[str, list[str]] | None = Field(default=None, description="On 422: messages by dotted path.")


def relations(with_: str | None, known: Iterable[str]) -> frozenset[str]:
    """The relations that ``with`` names; :class:`ValidationFailed` on one that is not ``known``."""
    if not with_:
        return frozenset()
    named = frozenset(part.strip() for part in with_.split(",") if part.strip())
    known = sorted(known)
    unknown = sorted(named.difference(known))
    if unknown:
        allowed = ", ".join(known) or "none"
        raise ValidationFailed.of("with", f"Unknown relation {', '.join(unknown)}; known: {allowed}.")
    return named
