"""Memories and threads as resources, and runs, whose results can be read later."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from athena.dialects import cursors
from athena.dialects.mcp.names import PAGE
from athena.dialects.mcp.schemas import ListParams, ResourceParams
from athena.dialects.mcp.talk import Talk
from athena.kit.db import Row
from athena.kit.errors import NotFound
from athena.kit.pagination import ListOptions, ListQuery, RowPage, SortKey
from athena.kit.routing import dumps
from athena.memories import service as memories
from athena.memories.service import MemoryService
from athena.messages.service import MessageService
from athena.permissions import Permission
from athena.runs.service import RunService, present
from athena.threads import service as threads
from athena.threads.service import ThreadService

URI: Final = re.compile(r"athena://([a-z]+)/([0-9a-fA-F-]{36})")
JSON: Final = "application/json"
TITLE: Final = 80


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource: what the caller needs to read it, and how; ``listed`` where there is a list of all."""

    permission: Permission
    description: str
    mime_type: str
    read: Callable[[Talk, UUID], Awaitable[str]]
    page: Callable[[Talk, str], Awaitable[RowPage]] | None = None
    title: Callable[[Row], str] | None = None


async def listed(talk: Talk, given: ListParams) -> dict[str, Any]:
    """Memories and then threads, each the newest first; a page holds one kind."""
    mine = [name for name, kind in KINDS.items() if kind.page and kind.permission in talk.access.permissions]
    if not mine:
        return {"resources": []}
    name, _, inner = (given.cursor or f"{mine[0]}.").partition(".")
    if name not in mine:
        raise cursors.wrong()
    kind = KINDS[name]
    assert kind.page is not None  # noqa: S101 - of those that have one
    assert kind.title is not None  # noqa: S101 - as above
    page = await kind.page(talk, inner)
    found = [
        {
            "uri": f"athena://{name}/{row['uuid']}",
            "name": kind.title(row)[:TITLE],
            "mimeType": kind.mime_type,
            "annotations": {"lastModified": row["updated_at"].isoformat()},
        }
        for row in page.rows
    ]
    follows: str | None = page.meta["next_cursor"]
    if follows is not None:
        return {"resources": found, "nextCursor": f"{name}.{follows}"}
    rest = mine[mine.index(name) + 1 :]
    return {"resources": found, **({"nextCursor": f"{rest[0]}."} if rest else {})}


async def templates(talk: Talk, _given: ListParams) -> dict[str, Any]:
    """What can be read by its uuid."""
    found = [
        {
            "uriTemplate": f"athena://{name}/{{uuid}}",
            "name": name,
            "description": kind.description,
            "mimeType": kind.mime_type,
        }
        for name, kind in KINDS.items()
        if kind.permission in talk.access.permissions
    ]
    return {"resourceTemplates": found}


async def read(talk: Talk, given: ResourceParams) -> dict[str, Any]:
    """One resource; :class:`NotFound` for what the caller does not have."""
    match = URI.fullmatch(given.uri)
    kind = KINDS.get(match[1]) if match else None
    if match is None or kind is None:
        raise NotFound("There is no such resource.")
    talk.access.require(kind.permission)
    try:
        uuid = UUID(match[2])
    except ValueError:
        raise NotFound("There is no such resource.") from None
    return {"contents": [{"uri": given.uri, "mimeType": kind.mime_type, "text": await kind.read(talk, uuid)}]}


def _query(options: ListOptions, cursor: str) -> ListQuery:
    return ListQuery(
        options=options,
        path="",
        raw={},
        page=1,
        per_page=PAGE,
        cursor=cursor,
        sort=[SortKey("uuid", descending=True)],
        search=None,
        filters={},
        created_after=None,
        created_before=None,
        relations=frozenset(),
    )


async def _memory_page(talk: Talk, cursor: str) -> RowPage:
    page, _ = await MemoryService(talk.session, talk.access).page(_query(memories.LIST, cursor))
    return page


async def _thread_page(talk: Talk, cursor: str) -> RowPage:
    return await ThreadService(talk.session, talk.access).page(_query(threads.LIST, cursor))


async def _memory(talk: Talk, uuid: UUID) -> str:
    return (await MemoryService(talk.session, talk.access).get(uuid))["content"]


async def _thread(talk: Talk, uuid: UUID) -> str:
    talk.access.require(Permission.MESSAGES_VIEW)
    row = await ThreadService(talk.session, talk.access).get(uuid)
    said = await MessageService(talk.session, talk.access).of_threads([uuid])
    return _json({**threads.present(row), "messages": said[uuid]})


async def _run(talk: Talk, uuid: UUID) -> str:
    return _json(present(await RunService(talk.session, talk.access).get(uuid)))


def _json(value: Mapping[str, Any]) -> str:
    return dumps(value).decode()


KINDS: Final[Mapping[str, Kind]] = {
    "memories": Kind(
        Permission.MEMORIES_VIEW,
        "What is remembered.",
        "text/plain",
        _memory,
        _memory_page,
        lambda row: row["content"],
    ),
    "threads": Kind(
        Permission.THREADS_VIEW,
        "A conversation, with its last messages.",
        JSON,
        _thread,
        _thread_page,
        lambda row: row["name"],
    ),
    "runs": Kind(Permission.RUNS_VIEW, "A call's status and result.", JSON, _run),
}
