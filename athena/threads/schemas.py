"""What a thread looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from athena.kit.schemas import Input, Name, Resource, Timestamp, Uuid, With
from athena.large_language_models.parameters import ModelMetadata


class ThreadCreate(Input):
    """A new thread."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Bicycle advice", "metadata": {"conversation_style": "formal"}}]}
    )

    name: Name = "New thread"
    agent_uuid: Annotated[Uuid | None, Field(description="Who answers in it, unless a run says otherwise.")] = None
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)
    with_: With = Field(default=None, alias="with")


class ThreadUpdate(Input):
    """Changes of a thread; what is not named stays. Keys of ``metadata`` that are not named stay too, null unsets."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Bicycle advice",
                    "with": "creator,agent,attachments",
                    "metadata": {"model": "gpt-4o-mini", "department": "sales"},
                }
            ]
        }
    )

    name: Name = ""
    agent_uuid: Uuid | None = None
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)
    with_: With = Field(default=None, alias="with")


class ThreadMetadata(BaseModel):
    """The settings that override the agent's in this thread. The named keys are always there, null when unset."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, str] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    model: str | None
    temperature: float | None
    max_tokens: int | None
    system_prompt: str | None
    conversation_style: str | None


class Thread(Resource):
    """A conversation. Relations are null unless ``with`` names them."""

    name: str
    metadata: ThreadMetadata
    creator: dict[str, Any] | None = None
    agent: dict[str, Any] | None = None
    attachments: list[dict[str, Any]] | None = None
    messages: list[dict[str, Any]] | None = None
    workspace: dict[str, Any] | None = None
    agent_uuid: str | None
    last_message_at: Timestamp
