"""Finds what is in the workspace, by its name and its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, cast

from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.pagination import ListOptions, ListQuery, RowPage, SortKey
from athena.tools.base import JsonObject, ToolCall, ToolFailed, ToolResult
from athena.tools.builtins.base import Builtin
from athena.tools.results import json_result
from athena.tools.transactions import in_transaction

EXCERPT: Final = 300
MOST: Final = 20
USUAL: Final = 5


class Listed(Protocol):
    """A service with a list."""

    async def page(self, query: ListQuery) -> Any:
        """One page."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of thing that can be found: as its list finds it, for who may see that list."""

    type: str
    permission: str
    service: Callable[[Session, Access], Listed]
    options: ListOptions
    title: str = "name"
    text: str = "description"
    """The columns that are shown."""


@dataclass(frozen=True, slots=True)
class SearchSources:
    """What this process can search in. Made at its start, since much of it stands on upper layers."""

    sources: Sequence[Source]


class WorkspaceSearch(Builtin):
    """What there is in the workspace."""

    name = "workspace_search"
    title = "Search the workspace"
    description = (
        "Finds what there is in the workspace, such as agents, workflows, prompts, conversations and messages, whose "
        "name or text holds some words as they are written; the newest of each kind come first."
    )
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 2, "maxLength": 200, "pattern": r"\S"},
            "types": {
                "type": "array",
                "items": {"type": "string"},
                "maxItems": 20,
                "description": "Such as agent, workflow, prompt, thread, message. Left out: all.",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": f"Of each type; {USUAL}."},
        },
        "required": ["query"],
        "additionalProperties": False,
    }

    async def call(self, call: ToolCall, hosts: Sequence[str] | None) -> ToolResult:  # noqa: ARG002 - it asks nobody
        """What was found, of the kinds that the caller may see."""
        known = {each.type: each for each in call.database.provided(SearchSources).sources}
        wanted = call.arguments.get("types") or list(known)
        if unknown := sorted(set(wanted) - known.keys()):
            told = f"There is no type {unknown[0][:40]!r}; there are: {', '.join(known)}."
            raise ToolFailed("invalid_arguments", told)
        seen = [each for name, each in known.items() if name in wanted and each.permission in call.access.permissions]

        async def search(session: Session) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            for source in seen:
                found += await _search(source, session, call)
            return found

        return json_result(await in_transaction(call, search))


async def _search(source: Source, session: Session, call: ToolCall) -> list[dict[str, Any]]:
    query = ListQuery(
        options=source.options,
        path="",
        raw={},
        page=1,
        per_page=call.arguments.get("limit", USUAL),
        cursor="",
        sort=[SortKey("uuid", descending=True)],
        search=call.arguments["query"].strip(),
        filters={},
        created_after=None,
        created_before=None,
        relations=frozenset(),
    )
    page = await source.service(session, call.access).page(query)
    rows: Sequence[Row] = (page if isinstance(page, RowPage) else page[0]).rows
    return [
        {
            "type": source.type,
            "uuid": str(row["uuid"]),
            "title": _text(row[source.title]),
            "text": _text(row[source.text]),
            "created_at": row["created_at"].isoformat(timespec="seconds"),
        }
        for row in rows
    ]


def _text(value: Any) -> str:
    """A column as text: of a message's parts, those that are text."""
    if isinstance(value, list):
        parts = cast("list[dict[str, Any]]", value)
        value = " ".join(part["text"] for part in parts if part.get("type") == "text")
    text = str(value or "")
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"
