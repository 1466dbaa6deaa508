"""What a variable looks like, coming in and going out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import orjson
from pydantic import BeforeValidator, ConfigDict, Field, JsonValue

from athena.kit.schemas import Input, Resource, ShortText, With
from athena.users.schemas import Person

MAXIMUM_BYTES = 65_536
MAXIMUM_DEPTH = 32
MAXIMUM_SECRET = 10_000

Kind = Literal["variable", "secret"]


def _parts(value: JsonValue) -> Iterable[JsonValue]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _bounded(value: JsonValue) -> JsonValue:
    level: list[JsonValue] = [value]
    for _ in range(MAXIMUM_DEPTH + 1):
        level = [part for each in level for part in _parts(each)]
    if level:
        raise ValueError(f"Values can be nested {MAXIMUM_DEPTH} deep.")
    if (size := len(orjson.dumps(value))) > MAXIMUM_BYTES:
        raise ValueError(f"As JSON it may have {MAXIMUM_BYTES} bytes, and has {size}.")
    return value


VariableName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$",
        description="No other variable or secret of the workspace has it.",
        examples=["SHOP_URL"],
    ),
]
Value = Annotated[
    JsonValue,
    BeforeValidator(_bounded),
    Field(
        repr=False,
        description=f"Of a variable any JSON, at most {MAXIMUM_BYTES} bytes and {MAXIMUM_DEPTH} deep. "
        f"Of a secret text of 1 to {MAXIMUM_SECRET:,} characters, which no answer holds.",
    ),
]


class VariableCreate(Input):
    """A new variable or secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "SHOP_URL", "value": "https://shop.example.com", "description": "Where orders are."}]
        }
    )

    name: VariableName
    description: ShortText = ""
    kind: Annotated[Kind, Field(description="It stays; a `secret` is kept encrypted.")] = "variable"
    value: Value
    with_: With = Field(default=None, alias="with")


class VariableUpdate(Input):
    """Changes; what is not named stays. What is a variable does not become a secret, nor the other way round."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": "https://shop.example.org"}]})

    name: VariableName = ""
    description: ShortText = ""
    value: Value = None
    with_: With = Field(default=None, alias="with")


class Variable(Resource):
    """A value that workflows read by its name: `workspace.variables.NAME`, or `secrets.NAME` of a secret."""

    name: Annotated[str, Field(examples=["SHOP_URL"])]
    description: str
    kind: Kind
    value: Annotated[JsonValue, Field(description="Null of a secret.", examples=["https://shop.example.com"])]
    hint: Annotated[
        str | None,
        Field(description="Of a secret: the ends of a long one, nothing of a short one.", examples=[None, "sk-…3f9a"]),
    ]
    creator: Person | None = None
