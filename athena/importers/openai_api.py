"""Reads assistants and threads from a server that speaks OpenAI's protocol."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from athena.importers import foreign
from athena.importers.source import MAXIMUM_BYTES, ImportRefused
from athena.kit.egress import Egress, EgressError

SECONDS: Final = 30.0
PAGES: Final = 20
MOST_THREADS: Final = 200


class AssistantsServer:
    """A server, and the key that it is asked with."""

    def __init__(self, egress: Egress, base_url: str, key: str) -> None:
        self._egress = egress
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "OpenAI-Beta": "assistants=v2"}

    async def document(self, thread_ids: list[str]) -> bytes:
        """All assistants, and these threads with their messages; :class:`ImportRefused` says what went wrong.

        The protocol has no list of threads.
        """
        if len(thread_ids) > MOST_THREADS:
            raise ImportRefused(f"{MOST_THREADS} threads are the most at a time.")
        found: dict[str, Any] = {"assistants": await self._all("/assistants"), "threads": []}
        for thread_id in thread_ids:
            path = f"/threads/{quote(thread_id, safe='')}"
            messages = await self._all(f"{path}/messages")
            found["threads"].append({**await self._get(path), "messages": messages})
        return orjson.dumps(found)

    async def _all(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = ""
        for _ in range(PAGES):
            query = {"limit": "100", "order": "asc", **({"after": after} if after else {})}
            page = await self._get(f"{path}?{urlencode(query)}")
            rows += foreign.mappings(page, "data")
            after = foreign.text(page, "last_id")
            if not foreign.flag(page, "has_more") or not after:
                return rows
        raise ImportRefused(f"{path.rpartition('/')[2]} come in more than {PAGES} pages.")

    async def _get(self, path: str) -> dict[str, Any]:
        url = f"{self._base_url}{path}"
        try:
            answer = await self._egress.request(
                "GET", url, headers=self._headers, timeout=SECONDS, max_bytes=MAXIMUM_BYTES
            )
        except EgressError as error:
            raise ImportRefused(f"The server could not be read: {error}") from error
        if answer.status != 200:  # noqa: PLR2004
            raise ImportRefused(f"The server answered {path.partition('?')[0]} with the status {answer.status}.")
        try:
            return foreign.mapping({"answer": orjson.loads(answer.body)}, "answer")
        except orjson.JSONDecodeError as error:
            raise ImportRefused("The server answered with something that is no JSON.") from error
