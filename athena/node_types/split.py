"""Makes a list of a text, and lists of a list."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, cast

from pydantic import Field, WithJsonSchema

from athena.node_types.base import Call, Config, NodeFailed, PureNode, Result
from athena.node_types.lists import check_size
from athena.node_types.values import described


class SplitConfig(Config):
    """What is split, and where."""

    value: Annotated[
        Any,
        WithJsonSchema({"type": ["array", "string"], "items": {}}),
        Field(
            description="A list or a text. Left out: the node's input.", examples=["{{ nodes.fetch.output.body.rows }}"]
        ),
    ] = None
    separator: Annotated[
        str, Field(min_length=1, max_length=1_000, description="What stands between the parts of a text.")
    ] = "\n"
    trim: Annotated[bool, Field(description="Take the space off both ends of each part.")] = False
    drop_empty: Annotated[bool, Field(description="Leave out parts in which nothing stands.")] = False
    chunk_size: Annotated[
        int | None,
        Field(ge=1, le=1_000_000, description="Give lists of so many items each, the last one of what is left."),
    ] = None


class Split(PureNode[SplitConfig]):
    """The parts of a text, or the items of a list, if need be in chunks. What is neither fails with ``wrong_input``."""

    type = "split"
    name = "Split"
    description = "Makes a list of a text by its separator, and parts a list into chunks."
    category = "data"
    config = SplitConfig
    output_schema: ClassVar = {"type": "array"}

    def compute(self, config: SplitConfig, call: Call) -> Result:
        """The list."""
        value = config.value if "value" in config.model_fields_set else call.input
        match value:
            case str():
                items: list[Any] = _parts(value, config)
            case list():
                items = cast("list[Any]", value)
            case _:
                raise NodeFailed("wrong_input", f"Lists and texts can be split, and this is {described(value)}.")
        size = config.chunk_size
        if size is None:
            return Result.of(items)
        return Result.of([items[start : start + size] for start in range(0, len(items), size)])


def _parts(text: str, config: SplitConfig) -> list[Any]:
    check_size(text.count(config.separator) + 1)
    parts = text.split(config.separator)
    if config.trim:
        parts = [part.strip() for part in parts]
    return [part for part in parts if part] if config.drop_empty else parts
