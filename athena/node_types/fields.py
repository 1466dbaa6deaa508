"""Fields that the configurations of several types have in common."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, Field

from athena.kit.schemas import Uuid

MAXIMUM_TEXT = 1_000_000


def as_text(value: object) -> object:
    """Text as it is, and other JSON values as JSON text, so that an expression may give any value."""
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise ValueError("This is no JSON value.") from error


Text = Annotated[str, Field(max_length=MAXIMUM_TEXT), BeforeValidator(as_text)]
SaidText = Annotated[str, Field(min_length=1, max_length=MAXIMUM_TEXT, pattern=r"\S"), BeforeValidator(as_text)]
Model = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=255,
        description="A model's name or uuid. Left out: the only one that the account offers, or the packaged model.",
        examples=["gpt-4o-mini", "anthropic/claude-sonnet-4-5"],
    ),
]
AccountUuid = Annotated[
    Uuid | None,
    Field(description="The account that pays. Left out: the newest account of the workspace that offers the model."),
]
Temperature = Annotated[
    float | None,
    Field(ge=0, le=2, allow_inf_nan=False, strict=False, description="Left out: as the provider has it."),
]
MaxTokens = Annotated[
    int | None,
    Field(ge=1, le=10_000_000, description="The most tokens of an answer. Left out: as the provider has it."),
]
JsonSchema = Annotated[
    dict[str, Any],
    Field(
        description="JSON Schema. References lead to places within it; what lies elsewhere is not fetched.",
        json_schema_extra={"x-expression": "none"},
        examples=[
            {
                "type": "object",
                "properties": {"total": {"type": "number"}, "currency": {"type": "string"}},
                "required": ["total", "currency"],
                "additionalProperties": False,
            }
        ],
    ),
]
MaxRepairs = Annotated[
    int,
    Field(ge=0, le=5, description="How often the model is shown what is wrong with its answer, and is to correct it."),
]
