"""Answers that come in pages: how the way to the next one is configured, and found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias, cast
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, Field

from athena.node_types.base import Call, NodeFailed
from athena.node_types.http_body import Scalar
from athena.node_types.outgoing import origin

Expression = Annotated[str, Field(min_length=1, max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Items = Annotated[
    Expression | None,
    Field(
        description="The page's items, where `item` is the response (`status`, `headers`, `body`) and `index` the "
        "page's number from 0. Left out: the body, which must then be a list.",
        examples=["{{ item.body.results }}"],
    ),
]
MaxPages = Annotated[int, Field(ge=1, le=1_000, description="How many pages are fetched at most.")]
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[^;,"]+(?:"[^"]*")?)*)')
_IS_NEXT = re.compile(r';\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?\s*(?:;|$)', re.IGNORECASE)


class _Pages(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    items: Items = None
    max_pages: MaxPages = 10


class NextUrlPages(_Pages):
    """Each page tells the address of the next one."""

    type: Literal["next_url"]
    next_url: Annotated[
        Expression,
        Field(description="The next page's address; null or empty: none.", examples=["{{ item.body.next }}"]),
    ]


class LinkPages(_Pages):
    """Each page has a header `Link` with the address of the next one (RFC 8288)."""

    type: Literal["link"]


class CursorPages(_Pages):
    """Each page tells what the query parameter `parameter` is to be for the next one."""

    type: Literal["cursor"]
    parameter: Name = "cursor"
    cursor: Annotated[
        Expression,
        Field(description="The next page's cursor; null or empty: none.", examples=["{{ item.body.next_cursor }}"]),
    ]


class NumberedPages(_Pages):
    """The query parameter `parameter` counts up, until a page has no items."""

    type: Literal["page"]
    parameter: Name = "page"
    start: Annotated[int, Field(ge=0, le=1_000_000_000)] = 1
    step: Annotated[int, Field(ge=1, le=1_000_000, description="1, or the items of a page where it is an offset.")] = 1
    more: Annotated[
        Expression | None,
        Field(description="Whether there is another page.", examples=["{{ item.body.has_more }}"]),
    ] = None


Pages: TypeAlias = Annotated[NextUrlPages | LinkPages | CursorPages | NumberedPages, Field(discriminator="type")]


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page is: its address, and query parameters beside those that are configured."""

    url: str
    query: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])


def first_page(pages: Pages, url: str) -> Page:
    """The page to begin with."""
    return Page(url, {pages.parameter: pages.start}) if isinstance(pages, NumberedPages) else Page(url)


def items_of(pages: Pages, call: Call, response: Mapping[str, Any], index: int) -> list[Any]:
    """A page's items; :class:`NodeFailed` when they are no list."""
    found = response["body"]
    if pages.items is not None:
        found = call.evaluate(pages.items, item=response, index=index)
    if not isinstance(found, list):
        name = "The body" if pages.items is None else "What data.pagination.items names"
        raise NodeFailed("wrong_items", f"{name} is no list on page {index + 1}.", page=index + 1)
    return cast("list[Any]", found)


def next_page(
    pages: Pages, call: Call, page: Page, response: Mapping[str, Any], items: list[Any], index: int
) -> Page | None:
    """Where it goes on after a page; ``None`` when that was the last.

    :class:`NodeFailed` when a server leads to another one: headers that were meant for the first are not sent there.
    """
    match pages:
        case NumberedPages():
            more = bool(items)
            if more and pages.more is not None:
                more = bool(call.evaluate(pages.more, item=response, index=index))
            return Page(page.url, {pages.parameter: pages.start + (index + 1) * pages.step}) if more else None
        case CursorPages():
            cursor = call.evaluate(pages.cursor, item=response, index=index)
            if cursor in (None, "", False):
                return None
            if not isinstance(cursor, str | int | float):
                raise NodeFailed("wrong_cursor", f"The cursor on page {index + 1} is neither text nor a number.")
            return Page(page.url, {pages.parameter: cursor})
        case NextUrlPages():
            return _led_to(page, call.evaluate(pages.next_url, item=response, index=index), index)
        case LinkPages():
            return _led_to(page, _linked(response["headers"].get("link", "")), index)


def _led_to(page: Page, address: object, index: int) -> Page | None:
    if not address:
        return None
    if not isinstance(address, str):
        raise NodeFailed("wrong_next_url", f"The next page's address on page {index + 1} is no text.")
    target = urljoin(page.url, address)
    if origin(target) != origin(page.url):
        raise NodeFailed("pages_lead_away", f"Page {index + 1} leads to another server; pages must stay on theirs.")
    return Page(target)


def _linked(header: str) -> str | None:
    """The target of the first link with the relation ``next``."""
    return next((link[1] for link in _LINK.finditer(header) if _IS_NEXT.search(link[2])), None)
