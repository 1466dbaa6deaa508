"""Finds the functions that a tool offers, as they are stored with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import orjson

from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Database, Session
from athena.kit.errors import UpstreamFailed, UpstreamTimeout
from athena.llm.structured import InvalidSchema, Schema
from athena.tools.base import Discovery, ToolConfig, ToolFailed, ToolFunction, ToolKind
from athena.tools.naming import NAME, ToolRow

SECONDS: Final = 30.0
MOST_FUNCTIONS: Final = 500
MOST_BYTES: Final = 2_000_000
"""Of the functions of one tool, as JSON."""


async def found(
    database: Database, access: Access, kind: ToolKind[Any], config: ToolConfig, values: ToolRow, *, again: bool
) -> dict[str, Any]:
    """The columns of what the tool of ``values`` offers; :class:`UpstreamFailed` when its server does not tell.

    ``again``: what was chosen and is gone since is left out, in place of being refused.
    """

    def opened() -> Session:
        session = database.session(access.scope)
        session.actor = access.actor
        return session

    # A change of which the server tells meanwhile is newer than this list.
    begun = clock.now()
    discovery = Discovery(
        values["name"], values["description"], access, database, opened, values["account_uuid"], again
    )
    try:
        async with asyncio.timeout(SECONDS):
            functions = await kind.functions(config, values["parameters"], discovery)
    except TimeoutError as error:
        raise UpstreamTimeout("The tool's server did not tell its functions in time.") from error
    except ToolFailed as error:
        raise UpstreamFailed(error.message, code=error.code) from error
    return {"functions": _stored(functions), "refreshed_at": begun}


def _stored(functions: Sequence[ToolFunction]) -> list[dict[str, Any]]:
    """What is kept of them; :class:`UpstreamFailed` where no model could be offered one."""
    names: set[str] = set()
    if len(functions) > MOST_FUNCTIONS:
        raise UpstreamFailed(f"A tool has at most {MOST_FUNCTIONS} functions.", code="too_many_functions")
    for function in functions:
        if not NAME.fullmatch(function.name) or function.name in names:
            raise UpstreamFailed(f"{function.name[:100]!r} is no name for a function.", code="invalid_function")
        names.add(function.name)
        try:
            Schema(function.parameters)
        except InvalidSchema as error:
            text = f"The parameters of {function.name} are no JSON Schema: {error}"
            raise UpstreamFailed(text, code="invalid_function") from error
    kept = [{**asdict(function), "parameters": dict(function.parameters)} for function in functions]
    if len(orjson.dumps(kept)) > MOST_BYTES:
        raise UpstreamFailed("The functions of this tool are too long to be kept.", code="too_many_functions")
    return kept
