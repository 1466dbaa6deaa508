"""The workspace's prompts, with their variables as arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from athena.dialects.mcp.names import PAGE, called, name_of, next_page, place
from athena.dialects.mcp.schemas import ListParams, PromptParams
from athena.dialects.mcp.talk import Talk
from athena.dialects.repository import NamedRepository
from athena.kit.db import Row
from athena.kit.errors import NotFound
from athena.prompts import template
from athena.prompts.service import PromptService


async def listed(talk: Talk, given: ListParams) -> dict[str, Any]:
    """The newest first."""
    rows = await _named(talk).prompts(place(given.cursor), PAGE + 1)
    return {"prompts": [_told(row) for row in rows[:PAGE]], **next_page(rows)}


async def got(talk: Talk, given: PromptParams) -> dict[str, Any]:
    """A prompt's text, with the arguments in it, as what the user says."""
    found = await _named(talk).prompts_called(str(called(given.name)))
    if len(found) != 1:
        raise NotFound(f"There is no prompt {given.name[:100]}, or several are called so.")
    row = await PromptService(talk.session, talk.access).get(found[0]["uuid"])
    variables = {each["name"]: each for each in row["variables"]}
    values = {name: _value(variables.get(name), text) for name, text in (given.arguments or {}).items()}
    text = template.render(row["content"], template.texts(row["variables"], values))
    return {
        "description": row["description"] or row["name"],
        "messages": [{"role": "user", "content": {"type": "text", "text": text}}],
    }


def _told(row: Row) -> dict[str, Any]:
    arguments = [
        {"name": each["name"], "description": _about(each), "required": each["required"]} for each in row["variables"]
    ]
    return {
        "name": name_of(row),
        "title": row["name"],
        "description": row["description"] or row["name"],
        "arguments": arguments,
    }


def _about(variable: Mapping[str, Any]) -> str:
    options = f": {', '.join(variable['options'])}" if variable["options"] else ""
    kind = "" if variable["type"] == "string" else f" ({variable['type']}{options})"
    return f"{variable['description']}{kind}".strip()


def _value(variable: Mapping[str, Any] | None, text: str) -> Any:
    """Arguments are text here; a variable of another type takes the JSON in it."""
    if variable is None or variable["type"] in {"string", "enum"}:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _named(talk: Talk) -> NamedRepository:
    return NamedRepository(talk.session, talk.access.workspace_uuid, talk.access.reach)
