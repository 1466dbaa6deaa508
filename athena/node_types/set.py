"""Makes an object of fields, beside what came in or in its place."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, cast

from pydantic import Field

from athena.node_types.base import Call, Config, NodeFailed, PureNode, Result


class SetConfig(Config):
    """The fields, and whether they are added to the input."""

    fields: Annotated[
        dict[str, Any],
        Field(max_length=200, description="Names and values.", examples=[{"total": "{{ input.price * 2 }}"}]),
    ] = Field(default_factory=dict[str, Any])
    keep_input: Annotated[bool, Field(description="Add the fields to the input, which is then an object.")] = False


class Set(PureNode[SetConfig]):
    """Sets fields."""

    type = "set"
    name = "Set fields"
    description = "Gives an object with the fields that are named here, by themselves or added to the input."
    category = "data"
    config = SetConfig
    output_schema: ClassVar = {"type": "object"}

    def compute(self, config: SetConfig, call: Call) -> Result:
        """The object."""
        if not config.keep_input:
            return Result.of(config.fields)
        given = call.input
        if not isinstance(given, dict):
            raise NodeFailed("wrong_input", "Fields can be added to an object only, and the input is none.")
        return Result.of({**cast("dict[str, Any]", given), **config.fields})
