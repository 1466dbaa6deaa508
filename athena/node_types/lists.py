"""What the types that work on lists share: where the list comes from, and what is asked of each of its items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar, cast

from pydantic import AfterValidator, Field, WithJsonSchema

from athena.node_types.base import Call, Config, JsonObject, NodeFailed, PureNode
from athena.node_types.values import described

MARK: Final = "{{"
MAXIMUM_ITEMS: Final = 100_000
"""Of a list that a node works on or makes."""
PER_ITEM: Final[dict[str, Any]] = {"x-expression": "item"}
WRITTEN: Final[dict[str, Any]] = {"x-expression": "none"}


def _expression(text: str) -> str:
    if MARK not in text:
        raise ValueError("Give an expression, such as `{{ item.total > 100 }}`.")
    return text


def _of_item(text: str) -> str:
    if MARK not in text and text.startswith("item."):
        raise ValueError(f"Write `{{{{ {text} }}}}` for an expression, or `{text.removeprefix('item.')}` for a path.")
    return text


Condition = Annotated[
    str,
    AfterValidator(_expression),
    Field(max_length=10_000, description="An `{{ expression }}` that gives true or false."),
]
OfItem = Annotated[
    str,
    AfterValidator(_of_item),
    Field(
        min_length=1,
        max_length=10_000,
        description="A path into the item, such as `address.city`, or an `{{ expression }}` over `item` and `index`. "
        "What the path does not lead to is null.",
        examples=["address.city", "{{ item.price * item.quantity }}"],
    ),
]


class ListConfig(Config):
    """The list."""

    items: Annotated[
        Any,
        WithJsonSchema({"type": "array", "items": {}}),
        Field(description="The list. Left out: the node's input.", examples=["{{ nodes.orders.output.body.orders }}"]),
    ] = None


L = TypeVar("L", bound=ListConfig)


class ListNode(PureNode[L]):
    """Works on a list. What is no list fails with ``wrong_input``."""

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:
        """Whether ``items`` is written as something that can become a list."""
        return list(list_problems("items", data))


def list_problems(name: str, data: JsonObject) -> Sequence[tuple[str, str]]:
    """What is wrong with a field that is to give a list."""
    value = data.get(name)
    if name not in data or isinstance(value, list) or (isinstance(value, str) and MARK in value):
        return ()
    return ((name, f"Give a list or an `{{{{ expression }}}}`, or leave it out; this is {described(value)}."),)


def items_of(config: ListConfig, call: Call) -> list[Any]:
    """The list; :class:`NodeFailed` with ``wrong_input`` when it is none, or ``too_many_items``."""
    given = "items" in config.model_fields_set
    value = config.items if given else call.input
    if not isinstance(value, list):
        raise NodeFailed("wrong_input", f"{'items' if given else 'The input'} is {described(value)}, not a list.")
    items = cast("list[Any]", value)
    check_size(len(items))
    return items


def check_size(count: int) -> None:
    """:class:`NodeFailed` with ``too_many_items`` when a list would be so long."""
    if count > MAXIMUM_ITEMS:
        raise NodeFailed("too_many_items", f"The list has {count} items; {MAXIMUM_ITEMS} are the most.")


def each(call: Call, text: str, items: Sequence[Any]) -> list[Any]:
    """What ``text``, a path or an expression, gives for each item; :class:`NodeFailed` names the one where it fails."""
    if MARK not in text:
        steps = text.split(".")
        return [_found(item, steps) for item in items]
    found: list[Any] = []
    for index, item in enumerate(items):
        try:
            found.append(call.evaluate(text, item=item, index=index))
        except NodeFailed as error:
            error.message = f"Item {index}: {error.message}"
            raise
    return found


def _found(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        match value:
            case dict():
                value = cast("dict[str, Any]", value).get(step)
            case list() if step.isdecimal() and step.isascii():
                items = cast("list[Any]", value)
                # More digits than that are no place in any list, and too many for `int`.
                value = items[int(step)] if len(step) < 10 and int(step) < len(items) else None  # noqa: PLR2004
            case _:
                return None
    return value


def holds(value: Any, what: str) -> bool:
    """``value``, which the condition of ``what`` gave, if it is a truth value; else :class:`NodeFailed`."""
    if not isinstance(value, bool):
        raise NodeFailed("wrong_condition", f"The condition of {what} gives {described(value)}, not true or false.")
    return value
