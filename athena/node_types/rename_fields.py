"""Gives fields other names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from pydantic import Field, WithJsonSchema

from athena.node_types.base import Call, Config, JsonObject, NodeFailed, PureNode, Result
from athena.node_types.lists import WRITTEN
from athena.node_types.values import described


class RenameFieldsConfig(Config):
    """The names."""

    value: Annotated[
        Any,
        WithJsonSchema({"type": ["object", "array"], "items": {"type": "object"}}),
        Field(description="An object, or a list of objects. Left out: the node's input."),
    ] = None
    names: Annotated[
        dict[str, Annotated[str, Field(min_length=1, max_length=255)]],
        Field(
            min_length=1,
            max_length=200,
            description="The new name of each field, by its present one. All other fields stay as they are.",
            examples=[{"mail": "email", "fname": "first_name"}],
            json_schema_extra=WRITTEN,
        ),
    ]


class RenameFields(PureNode[RenameFieldsConfig]):
    """The same object or objects, the fields in their order. A field that is not there has no new name, either.

    ``duplicate_field`` when a new name is another field's: nothing is overwritten.
    """

    type = "rename_fields"
    name = "Rename fields"
    description = "Gives fields of an object, or of each object of a list, other names."
    category = "data"
    config = RenameFieldsConfig

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:
        """New names that two fields would have."""
        names = cast("Mapping[str, str]", data.get("names", {}))
        new = list(names.values())
        return [
            (f"names.{old}", f"Two fields would be called {name}.")
            for old, name in names.items()
            if new.count(name) > 1
        ]

    def compute(self, config: RenameFieldsConfig, call: Call) -> Result:
        """The value with the new names."""
        value = config.value if "value" in config.model_fields_set else call.input
        if isinstance(value, list):
            items = cast("list[Any]", value)
            return Result.of([_renamed(item, config.names, f"Item {n}") for n, item in enumerate(items)])
        return Result.of(_renamed(value, config.names, "The value"))


def _renamed(value: Any, names: Mapping[str, str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NodeFailed("wrong_input", f"{what} is {described(value)}, not an object.")
    fields = cast("dict[str, Any]", value)
    renamed: dict[str, Any] = {}
    for name, item in fields.items():
        new = names.get(name, name)
        if new in renamed:
            raise NodeFailed("duplicate_field", f"{what} would have two fields {new}.")
        renamed[new] = item
    return renamed
