"""What a built-in tool is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from athena.tools.base import JsonObject, ToolCall, ToolResult


class Builtin(ABC):
    """One function. There is one instance of each, so it keeps nothing."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    """For the model, and for who chooses tools."""
    parameters: ClassVar[JsonObject]
    repeatable: ClassVar[bool] = True

    @abstractmethod
    async def call(self, call: ToolCall, hosts: Sequence[str] | None) -> ToolResult:
        """Does it; :class:`athena.tools.base.ToolFailed` when it did not work.

        ``hosts``: the only servers that it may reach; ``None``: any.
        """
