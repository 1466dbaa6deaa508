"""Makes few rows of many items: counts, sums, and the like, by groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import Field

from athena.node_types.base import Call, Config, JsonObject, NodeFailed, Result
from athena.node_types.lists import PER_ITEM, ListConfig, ListNode, OfItem, each, items_of
from athena.node_types.values import LARGEST, Key, described, key_of

Operation = Literal["count", "sum", "avg", "min", "max", "list", "first", "last", "unique"]
FieldName = Annotated[str, Field(min_length=1, max_length=64, description="The field of the row.", examples=["total"])]


class GroupKey(Config):
    """What the items of a group have in common."""

    name: FieldName
    by: OfItem


class Aggregation(Config):
    """What is made of a group's items."""

    name: FieldName
    operation: Annotated[
        Operation,
        Field(
            description="`count`, `sum`, `avg`, `min` and `max` pass null over; `list`, `first`, `last` and `unique` "
            "(each value once) do not, nor does `count` without `of`. `sum` of nothing is 0; `avg`, `min`, `max`, "
            "`first` and `last` of nothing are null."
        ),
    ]
    of: Annotated[OfItem | None, Field(description="A path or an expression. Left out: the item itself.")] = None


class AggregateConfig(ListConfig):
    """The groups, and what each row holds."""

    group_by: Annotated[
        list[GroupKey],
        Field(
            max_length=10,
            description="One row for each combination of these values. Left out: one row for all items.",
            examples=[[{"name": "country", "by": "address.country"}]],
            json_schema_extra=PER_ITEM,
        ),
    ] = Field(default_factory=list[GroupKey])
    operations: Annotated[
        list[Aggregation],
        Field(
            min_length=1,
            max_length=50,
            description="The other fields of each row.",
            examples=[[{"name": "total", "operation": "sum", "of": "{{ item.price * item.quantity }}"}]],
            json_schema_extra=PER_ITEM,
        ),
    ]


class Aggregate(ListNode[AggregateConfig]):
    """A list of rows, in the order in which their groups first appear. A sum of whole numbers is a whole number."""

    type = "aggregate"
    name = "Aggregate"
    description = "Groups the items of a list, and gives a row for each group with counts, sums, averages and the like."
    category = "data"
    config = AggregateConfig
    output_schema: ClassVar = {"type": "array", "items": {"type": "object"}}

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:
        """Fields that a row would have twice."""
        problems = list(super().check(data))
        seen: set[str] = set()
        for part in ("group_by", "operations"):
            for place, entry in enumerate(cast("list[Mapping[str, Any]]", data.get(part, []))):
                if entry["name"] in seen:
                    problems.append((f"{part}.{place}.name", f"Each row has another field {entry['name']}."))
                seen.add(entry["name"])
        return problems

    def compute(self, config: AggregateConfig, call: Call) -> Result:
        """The rows."""
        items = items_of(config, call)
        keys = {key.name: each(call, key.by, items) for key in config.group_by}
        groups: dict[tuple[Key, ...], list[int]] = {}
        for index in range(len(items)):
            group = tuple(key_of(values[index]) for values in keys.values())
            groups.setdefault(group, []).append(index)
        if not keys:
            groups = {(): list(range(len(items)))}
        rows: list[dict[str, Any]] = [
            {name: values[indices[0]] for name, values in keys.items()} for indices in groups.values()
        ]
        for operation in config.operations:
            values = items if operation.of is None else each(call, operation.of, items)
            for row, indices in zip(rows, groups.values(), strict=True):
                row[operation.name] = _computed(operation, values, indices)
        return Result.of(rows)


def _computed(operation: Aggregation, values: Sequence[Any], indices: Sequence[int]) -> Any:
    if operation.operation == "count" and operation.of is None:
        return len(indices)
    if operation.operation in {"sum", "avg"}:
        for index in indices:
            value = values[index]
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                text = f"{operation.name}: of item {index} there is {described(value)}, not a number."
                raise NodeFailed("wrong_input", text)
    return OPERATIONS[operation.operation]([values[index] for index in indices])


def _known(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _sum(values: list[Any]) -> int | float:
    numbers = _known(values)
    try:
        total = sum(numbers) if all(isinstance(number, int) for number in numbers) else math.fsum(numbers)
    except OverflowError:
        total = math.inf
    if (isinstance(total, int) and not -LARGEST <= total <= LARGEST) or not math.isfinite(total):
        raise NodeFailed("number_too_large", "The sum is too large: it has more than 64 bits.")
    return total


def _average(values: list[Any]) -> float | None:
    numbers = _known(values)
    return _sum(numbers) / len(numbers) if numbers else None


def _first(values: list[Any]) -> Any:
    return values[0] if values else None


def _last(values: list[Any]) -> Any:
    return values[-1] if values else None


def _unique(values: list[Any]) -> list[Any]:
    found: dict[Key, Any] = {}
    for value in values:
        found.setdefault(key_of(value), value)
    return list(found.values())


OPERATIONS: Mapping[str, Callable[[list[Any]], Any]] = {
    "count": lambda values: len(_known(values)),
    "sum": _sum,
    "avg": _average,
    "min": lambda values: min(_known(values), key=key_of, default=None),
    "max": lambda values: max(_known(values), key=key_of, default=None),
    "list": lambda values: values,
    "first": _first,
    "last": _last,
    "unique": _unique,
}
