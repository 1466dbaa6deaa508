"""Puts a list in order."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from athena.node_types.base import Call, Config, Result
from athena.node_types.lists import PER_ITEM, ListConfig, ListNode, OfItem, each, items_of
from athena.node_types.values import key_of


class SortKey(Config):
    """What the items are ordered by."""

    by: Annotated[OfItem | None, Field(description="A path or an expression. Left out: the item itself.")] = None
    descending: Annotated[bool, Field(description="The largest first; null comes last all the same.")] = False
    ignore_case: Annotated[bool, Field(description="Whether `B` comes after `a`.")] = False


class SortConfig(ListConfig):
    """The order."""

    keys: Annotated[
        list[SortKey],
        Field(
            min_length=1,
            max_length=10,
            description="What the items are ordered by: the second key decides where the first ones are equal.",
            examples=[[{"by": "total", "descending": True}, {"by": "{{ item.customer.name }}"}]],
            json_schema_extra=PER_ITEM,
        ),
    ] = Field(default_factory=lambda: [SortKey()])


class Sort(ListNode[SortConfig]):
    """Orders by keys of any kind: numbers, then texts by their characters' numbers, false, true, lists, objects.

    Null and what is missing comes last, also in descending order. Items with equal keys keep their order.
    """

    type = "sort"
    name = "Sort"
    description = "Orders a list by one or several keys. Numbers come before texts, and null comes last."
    category = "data"
    config = SortConfig
    output_schema: ClassVar = {"type": "array"}

    def compute(self, config: SortConfig, call: Call) -> Result:
        """The list in order."""
        items = items_of(config, call)
        order = list(range(len(items)))
        for key in reversed(config.keys):
            values = items if key.by is None else each(call, key.by, items)
            order = _ordered(order, values, key)
        return Result.of([items[index] for index in order])


def _ordered(order: list[int], values: list[Any], key: SortKey) -> list[int]:
    known = [index for index in order if values[index] is not None]
    known.sort(key=lambda index: key_of(values[index], ignore_case=key.ignore_case), reverse=key.descending)
    return known + [index for index in order if values[index] is None]
