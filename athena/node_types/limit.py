"""Keeps the begin or the end of a list."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from athena.node_types.base import Call, Result
from athena.node_types.lists import WRITTEN, ListConfig, ListNode, items_of


class LimitConfig(ListConfig):
    """How much is kept."""

    count: Annotated[int, Field(ge=0, le=1_000_000, description="How many items at most.", examples=[10])]
    keep: Annotated[
        Literal["first", "last"],
        Field(description="Which end of the list is kept; its order stays.", json_schema_extra=WRITTEN),
    ] = "first"


class Limit(ListNode[LimitConfig]):
    """The first or the last items."""

    type = "limit"
    name = "Limit"
    description = "Gives at most so many items of a list, from its begin or from its end."
    category = "flow"
    config = LimitConfig
    output_schema: ClassVar = {"type": "array"}

    def compute(self, config: LimitConfig, call: Call) -> Result:
        """The shorter list."""
        items = items_of(config, call)
        return Result.of(
            items[: config.count] if config.keep == "first" else items[max(0, len(items) - config.count) :]
        )
