"""What a language model looks like from outside."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from athena.kit.schemas import Resource, Timestamp
from athena.providers.schemas import Provider


class ModelStatus(StrEnum):
    """Whether the provider still wants the model to be used."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"


class Capability(StrEnum):
    """What a model is able to do."""

    TOOLS = "tools"
    VISION = "vision"
    JSON = "json"
    REASONING = "reasoning"
    EMBEDDINGS = "embeddings"


Price = Annotated[float | None, Field(description="US dollars per million tokens; null where nobody told.")]


class LargeLanguageModel(Resource):
    """A model of the catalogue, or one that an account was found to offer. What nobody told is null."""

    name: str = Field(description="What an agent names as its `model`.", examples=["gpt-4o-mini"])
    display_name: str
    provider_uuid: UUID
    account_uuid: UUID | None = Field(description="The account that offers it; null in the catalogue.")
    context_window: int | None
    max_output_tokens: int | None
    input_price: Price
    output_price: Price
    capabilities: list[str] = Field(description="What it is known to do; empty where nobody told.")
    status: ModelStatus
    deprecated_at: Timestamp | None
    provider: Provider | None = None
