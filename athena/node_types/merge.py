"""Brings several branches together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from athena.node_types.base import INPUT, Call, Config, JsonObject, NodeFailed, PureNode, Result


class MergeConfig(Config):
    """What the branches' values become."""

    mode: Annotated[
        Literal["list", "concat", "object", "first"],
        Field(
            description="`list`: the values as a list, in the order of the edges. `concat`: the lists one after the "
            "other. `object`: the objects' fields together, the later ones over the earlier. `first`: the value that "
            "comes first; the node waits for no other.",
            json_schema_extra={"x-expression": "none"},
        ),
    ] = "list"


class Merge(PureNode[MergeConfig]):
    """Waits for all branches that bring something, or for the first."""

    type = "merge"
    name = "Merge"
    description = "Waits for each branch that leads to it, until it brings a value or turns out to bring none."
    category = "flow"
    config = MergeConfig

    def is_hasty(self, data: JsonObject) -> bool:
        """Whether it goes on with the first value."""
        return data.get("mode") == "first"

    def compute(self, config: MergeConfig, call: Call) -> Result:
        """The values as one."""
        values = list(call.arrivals[INPUT])
        match config.mode:
            case "list":
                return Result.of(values)
            case "first":
                return Result.of(call.input)
            case "concat":
                if not all(isinstance(value, list) for value in values):
                    raise NodeFailed("wrong_input", "Each branch must bring a list.")
                return Result.of([item for value in values for item in value])
            case "object":
                if not all(isinstance(value, dict) for value in values):
                    raise NodeFailed("wrong_input", "Each branch must bring an object.")
                objects = cast("list[Mapping[str, Any]]", values)
                return Result.of({key: item for value in objects for key, item in value.items()})
