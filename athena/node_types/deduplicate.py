"""Keeps one of each."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from athena.node_types.base import OUTPUT, Call, Port, Result
from athena.node_types.lists import PER_ITEM, WRITTEN, ListConfig, ListNode, OfItem, each, items_of
from athena.node_types.values import Key, key_of


class DeduplicateConfig(ListConfig):
    """What makes two items the same."""

    by: Annotated[
        OfItem | None,
        Field(
            description="A path or an expression; items with equal values are the same. Left out: the whole item.",
            examples=["email", "{{ item.email.lowerAscii() }}"],
            json_schema_extra=PER_ITEM,
        ),
    ] = None
    keep: Annotated[
        Literal["first", "last"], Field(description="Which of those that are the same.", json_schema_extra=WRITTEN)
    ] = "first"


class Deduplicate(ListNode[DeduplicateConfig]):
    """One of all that are equal as JSON, and the rest. Each item goes one way, in the list's order.

    Null, or what is missing, is a value as any other.
    """

    type = "deduplicate"
    name = "Remove duplicates"
    description = "Gives one of each kind of item by `output`, and the others by `duplicates`."
    category = "data"
    config = DeduplicateConfig
    outputs = (Port(OUTPUT, "Kept"), Port("duplicates", "Duplicates", "The items of which another one is kept."))
    output_schema: ClassVar = {"type": "array"}

    def compute(self, config: DeduplicateConfig, call: Call) -> Result:
        """Both lists; each goes on also when it is empty."""
        items = items_of(config, call)
        values = items if config.by is None else each(call, config.by, items)
        chosen: dict[Key, int] = {}
        for index, value in enumerate(values):
            key = key_of(value)
            if config.keep == "last" or key not in chosen:
                chosen[key] = index
        kept = set(chosen.values())
        return Result(
            {
                OUTPUT: [item for index, item in enumerate(items) if index in kept],
                "duplicates": [item for index, item in enumerate(items) if index not in kept],
            }
        )
