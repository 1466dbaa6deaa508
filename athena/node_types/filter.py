"""Parts a list in two."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from athena.node_types.base import OUTPUT, Call, Port, Result
from athena.node_types.lists import PER_ITEM, Condition, ListConfig, ListNode, each, holds, items_of


class FilterConfig(ListConfig):
    """What is kept."""

    condition: Annotated[
        Condition,
        Field(
            description="An `{{ expression }}` over `item` and `index` that gives true for the items to keep.",
            examples=["{{ item.total > 100 }}"],
            json_schema_extra=PER_ITEM,
        ),
    ]


class Filter(ListNode[FilterConfig]):
    """Those for which the condition holds, and the rest. Each item goes one way, in the list's order."""

    type = "filter"
    name = "Filter"
    description = "Gives the items for which the condition holds by `output`, and the others by `rest`."
    category = "flow"
    config = FilterConfig
    outputs = (Port(OUTPUT, "Kept"), Port("rest", "Rest", "The items for which the condition does not hold."))
    output_schema: ClassVar = {"type": "array"}

    def compute(self, config: FilterConfig, call: Call) -> Result:
        """Both lists; each goes on also when it is empty."""
        items = items_of(config, call)
        verdicts = [holds(value, f"item {n}") for n, value in enumerate(each(call, config.condition, items))]
        pairs = list(zip(items, verdicts, strict=True))
        return Result(
            {OUTPUT: [item for item, kept in pairs if kept], "rest": [item for item, kept in pairs if not kept]}
        )
