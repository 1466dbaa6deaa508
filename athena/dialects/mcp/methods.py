"""The methods of the protocol: what each takes, what the caller needs for it, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from athena.dialects.mcp import prompts, resources, tools
from athena.dialects.mcp.protocol import discovered
from athena.dialects.mcp.schemas import ListParams, Params, PromptParams, ResourceParams
from athena.dialects.mcp.talk import Talk
from athena.permissions import Permission

INITIALIZE: Final = "initialize"
CALL: Final = "tools/call"
CANCELLED: Final = "notifications/cancelled"


@dataclass(frozen=True, slots=True)
class Method:
    """A method that is answered at once. Without a permission, what it tells depends on what the caller may."""

    params: type[Params]
    answer: Callable[[Talk, Any], Awaitable[Mapping[str, Any]]]
    permission: Permission | None = None
    cacheable: bool = False
    in_sessions: bool = True
    alone: bool = True
    """Whether the version without sessions has it."""


async def _nothing(_talk: Talk, _given: Params) -> Mapping[str, Any]:
    return {}


async def _discovered(_talk: Talk, _given: Params) -> Mapping[str, Any]:
    return discovered()


METHODS: Final[Mapping[str, Method]] = {
    "ping": Method(Params, _nothing, alone=False),
    "server/discover": Method(Params, _discovered, cacheable=True, in_sessions=False),
    "tools/list": Method(ListParams, tools.listed, cacheable=True),
    "prompts/list": Method(ListParams, prompts.listed, Permission.PROMPTS_VIEW, cacheable=True),
    "prompts/get": Method(PromptParams, prompts.got, Permission.PROMPTS_VIEW),
    "resources/list": Method(ListParams, resources.listed, cacheable=True),
    "resources/templates/list": Method(ListParams, resources.templates, cacheable=True),
    "resources/read": Method(ResourceParams, resources.read, cacheable=True),
}
"""Beside :data:`INITIALIZE`, which begins a session, and :data:`CALL`, which is answered by a stream."""
