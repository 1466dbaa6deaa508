"""Repeats a part of the workflow for each item of a list."""

from __future__ import annotations

from typing import ClassVar

from athena.node_types.base import INPUT, LoopNode, Port


class Loop(LoopNode):
    """For each item."""

    type = "loop"
    name = "Loop over items"
    description = (
        "Leads each item of a list through what follows `item`, as `item` and `index`. What leads back into `next` is "
        "the item's result; when all are done, it goes on by `done`."
    )
    category = "flow"
    inputs = (Port(INPUT, "Input"), Port("next", "Next", "The end of the body; its value is the item's result."))
    outputs = (Port("done", "Done", "When all items are done."), Port("item", "Item", "Once for each item."))
    output_schema: ClassVar = {
        "type": "object",
        "properties": {
            "results": {"type": "array", "description": "Of each item that has one, in the items' order."},
            "failed": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"index": {"type": "integer"}, "error": {"type": "object"}},
                },
            },
            "count": {"type": "integer", "description": "How many items there were."},
        },
    }
