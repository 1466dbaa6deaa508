"""What MCP servers list and answer, as functions and results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from mcp_types import (
    AudioContent,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    PaginatedRequestParams,
    ResourceLink,
    TextContent,
    TextResourceContents,
    Tool,
)
from pydantic import TypeAdapter

from athena.kit.masking import Mask
from athena.tools.base import ToolFailed, ToolFunction, ToolResult
from athena.tools.function_schema import arguments, description, fitting_name, plain_text
from athena.tools.mcp_sessions import McpSession

PAGES: Final = 50
TOOLS: Final = 1_000
_ANSWER: Final[TypeAdapter[CallToolResult | InputRequiredResult]] = TypeAdapter(CallToolResult | InputRequiredResult)


async def listed(session: McpSession) -> list[Tool]:
    """All tools of the server; :class:`ToolFailed` when its list has no end."""
    found: list[Tool] = []
    cursor: str | None = None
    for _ in range(PAGES):
        page = await session.client.session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        found += page.tools
        if len(found) > TOOLS:
            break
        if not page.next_cursor:
            session.tools = found
            return found
        cursor = page.next_cursor
    raise ToolFailed("too_many_functions", f"The MCP server's list has more than {TOOLS:,} tools or {PAGES} pages.")


def function(tool: Tool) -> ToolFunction:
    """A tool as a function. All that it says of itself is somebody else's text."""
    hints = tool.annotations
    title = tool.title or (hints.title if hints else None)
    return ToolFunction(
        name=fitting_name(tool.name),
        description=description(tool.description or title),
        parameters=arguments(tool.input_schema),
        repeatable=hints is not None and (hints.read_only_hint is True or hints.idempotent_hint is True),
    )


async def called(session: McpSession, name: str, given: dict[str, Any]) -> CallToolResult:
    """Calls a tool; :class:`ToolFailed` when it wants to ask somebody something first.

    Not by the SDK's ``call_tool``, which compares the result with the schema of it that the server gave, whose
    patterns may take hours.
    """
    request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=given))
    answer = await session.client.session.send_request(request, _ANSWER)
    if isinstance(answer, InputRequiredResult):
        raise ToolFailed("input_required", "The tool asks for something that a person would have to enter.")
    return answer


def result(answer: CallToolResult, mask: Mask) -> ToolResult:
    """What the model reads of a tool's answer."""
    data = mask.of(answer.structured_content)
    texts = [text for block in answer.content if (text := _text(block))]
    content = mask.text("\n".join(texts)).replace("\0", "\ufffd")
    if not content and data is not None:
        content = orjson.dumps(data).decode()
    return ToolResult(content, data, is_error=answer.is_error, details={"content": _kinds(answer.content)})


def _text(block: ContentBlock) -> str:
    match block:
        case TextContent():
            return block.text
        case ImageContent() | AudioContent():
            return f"[{block.type}: {_size(block.data)} of {plain_text(block.mime_type, 100)}, which are not shown]"
        case ResourceLink():
            about = ", ".join(filter(None, (plain_text(block.name, 200), plain_text(block.mime_type, 100))))
            return f"[resource: {plain_text(block.uri, 2_000)} ({about})]"
        case EmbeddedResource():
            held = block.resource
            if isinstance(held, TextResourceContents):
                return held.text
            return f"[resource: {plain_text(held.uri, 2_000)}, {_size(held.blob)}, which are not shown]"


def _size(encoded: str) -> str:
    return f"{len(encoded) * 3 // 4:,} bytes"


def _kinds(content: Sequence[ContentBlock]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for block in content:
        counts[block.type] = counts.get(block.type, 0) + 1
    return counts
