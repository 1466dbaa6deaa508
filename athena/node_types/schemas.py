"""What ``GET /api/v1/node-types`` answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from athena.kit.schemas import Output
from athena.node_types.base import Category


class NodePort(Output):
    """Where edges begin or end."""

    name: Annotated[str, Field(description="An edge's handle.", examples=["output"])]
    title: Annotated[str, Field(examples=["Output"])]
    description: str


class NodeTypeDescription(Output):
    """A type of node: what its `data` holds, its ports, and what it gives."""

    type: Annotated[str, Field(examples=["switch"])]
    name: Annotated[str, Field(examples=["Switch"])]
    description: str
    category: Category
    kind: Annotated[
        Literal["trigger", "pure", "effect", "wait", "loop"],
        Field(
            description="`trigger`: executions begin there. `pure`: the same for the same input, at once. `effect`: "
            "does something outside, and is done once. `wait`: may take days. `loop`: repeats what follows its port "
            "`item`."
        ),
    ]
    inputs: list[NodePort]
    outputs: Annotated[list[NodePort], Field(description="The first one is where edges begin that name none.")]
    dynamic_outputs: Annotated[bool, Field(description="Whether the node's `data` adds ports, as a switch's cases do.")]
    config_schema: Annotated[
        dict[str, Any],
        Field(
            description="JSON Schema of `data`. In the place of any value there may be a text with "
            '`{{ expressions }}`. A field with `"x-expression": "none"` is taken as it is written; with `"item"` its '
            'expressions are evaluated for each item; with `"x-secrets": true` they may name secrets.',
            examples=[
                {
                    "type": "object",
                    "properties": {"count": {"type": "integer", "minimum": 0, "maximum": 1_000_000}},
                    "required": ["count"],
                    "additionalProperties": False,
                }
            ],
        ),
    ]
    output_schema: Annotated[
        dict[str, Any],
        Field(description="JSON Schema of what the first port gives; empty: anything.", examples=[{"type": "array"}]),
    ]
    seconds: Annotated[
        float | None,
        Field(description="How long an `effect` may take, unless the node says otherwise.", examples=[10.0]),
    ]
