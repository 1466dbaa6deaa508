"""One file for each type of tool."""

from __future__ import annotations

from athena.tools.base import ToolKinds
from athena.tools.kinds.code import CodeTool


def tool_kinds() -> ToolKinds:
    """The types of tools that stand on no upper layer."""
    return ToolKinds([CodeTool()])
