"""A model's parameters, as agents, prompts, threads and runs carry them in their metadata. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from athena.kit.errors import ValidationFailed
from athena.kit.schemas import ShortText, Text

MAXIMUM_KEYS = 64
MAXIMUM_KEY = 255

ModelName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"\S", description="A model's name or uuid.")]
FreeValue = Annotated[str, Field(max_length=8_000)]


class ModelMetadata(BaseModel):
    """Parameters of the model, and free text properties beside them. Null unsets a key."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        json_schema_extra={"maxProperties": MAXIMUM_KEYS, "propertyNames": {"maxLength": MAXIMUM_KEY}},
    )

    __pydantic_extra__: dict[str, FreeValue | None] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    model: ModelName | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2, allow_inf_nan=False)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    system_prompt: Annotated[Text | None, Field()] = None
    conversation_style: Annotated[ShortText | None, Field()] = None

    @model_validator(mode="after")
    def _bounded(self) -> ModelMetadata:
        if len(self.model_fields_set) > MAXIMUM_KEYS or any(len(key) > MAXIMUM_KEY for key in self.model_fields_set):
            raise ValueError(f"At most {MAXIMUM_KEYS} keys, of at most {MAXIMUM_KEY} characters each.")
        return self


class ShownMetadata(BaseModel):
    """Parameters of the model, and free text properties. The named keys are always there, null when unset."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, str] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    model: str | None
    temperature: float | None
    max_tokens: int | None
    system_prompt: str | None
    conversation_style: str | None


NAMED_METADATA = tuple(ModelMetadata.model_fields)


def merge_metadata(present: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``present`` with the keys of ``changes``; null takes a key away."""
    merged = {key: value for key, value in {**present, **changes}.items() if value is not None}
    if len(merged) > MAXIMUM_KEYS:
        raise ValidationFailed.of("metadata", f"At most {MAXIMUM_KEYS} keys can be kept.")
    return merged


def show_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata with the named keys always there, null when unset."""
    return {**dict.fromkeys(NAMED_METADATA), **metadata}
