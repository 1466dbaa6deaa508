"""What an agent looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from athena.accounts.schemas import Account
from athena.kit.schemas import Input, Name, Resource, ShortText, Text, Uuid, With
from athena.large_language_models.parameters import ModelMetadata, ModelName, ShownMetadata
from athena.media.schemas import Media
from athena.users.schemas import Person

Tag = Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]


class AgentCreate(Input):
    """A new agent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Support",
                    "model": "gpt-4o-mini",
                    "system_prompt": "You help customers of a bicycle shop. Be brief and kind.",
                    "metadata": {"temperature": 0.3},
                }
            ]
        }
    )

    name: Name
    description: ShortText = ""
    model: ModelName | None = None
    account_uuid: Annotated[
        Uuid | None, Field(description="The account that pays. Left out: the newest one that offers the model.")
    ] = None
    system_prompt: Text | None = None
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)
    tags: Annotated[list[Tag], Field(max_length=32)] = Field(default_factory=list[str])
    avatar_uuid: Annotated[Uuid | None, Field(description="An uploaded image.")] = None
    with_: With = Field(default=None, alias="with")


class AgentUpdate(Input):
    """Changes of an agent; what is not named stays. Keys of ``metadata`` that are not named stay too."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"system_prompt": "Answer in one sentence.", "metadata": {"temperature": 0.1}}]}
    )

    name: Name = ""
    description: ShortText = ""
    model: ModelName | None = None
    account_uuid: Uuid | None = None
    system_prompt: Text | None = None
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)
    tags: Annotated[list[Tag], Field(max_length=32)] = Field(default_factory=list[str])
    avatar_uuid: Uuid | None = None
    with_: With = Field(default=None, alias="with")


class Agent(Resource):
    """An agent. Relations are null unless ``with`` names them."""

    name: str
    description: str
    model: str | None
    account_uuid: UUID | None
    system_prompt: str | None
    metadata: ShownMetadata
    tags: list[str]
    version: Annotated[int, Field(description="Grows with each change.")]
    avatar: Media | None = None
    account: Account | None = None
    creator: Person | None = None
