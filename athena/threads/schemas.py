"""What a thread looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from athena.agents.schemas import Agent
from athena.kit.schemas import Input, Name, Resource, Timestamp, Uuid, With
from athena.large_language_models.parameters import ModelMetadata, ShownMetadata
from athena.messages.schemas import Attachment, Message
from athena.users.schemas import Person
from athena.workspaces.schemas import Workspace


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


class ThreadMetadata(ShownMetadata):
    """The settings that override the agent's in this thread. The named keys are always there, null when unset."""


class Thread(Resource):
    """A conversation. Relations are null unless ``with`` names them."""

    name: str
    metadata: ThreadMetadata
    creator: Person | None = None
    agent: Agent | None = None
    attachments: list[Attachment] | None = None
    messages: list[Message] | None = None
    workspace: Workspace | None = None
    agent_uuid: UUID | None
    last_message_at: Timestamp
