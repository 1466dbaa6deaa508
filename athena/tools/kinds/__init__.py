"""One file for each type of tool."""

from __future__ import annotations

from athena.tools.base import ToolKinds
from athena.tools.kinds.builtin import BuiltinTool
from athena.tools.kinds.code import CodeTool
from athena.tools.kinds.http import HttpTool
from athena.tools.kinds.mcp import McpTool
from athena.tools.kinds.openapi import OpenapiTool


def tool_kinds() -> ToolKinds:
    """The types of tools that stand on no upper layer."""
    return ToolKinds([BuiltinTool(), CodeTool(), HttpTool(), McpTool(), OpenapiTool()])
