"""Parameters of the protocol's methods. What a later version adds is left aside."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Cursor = Annotated[str | None, Field(max_length=4_096)]


class Params(BaseModel):
    """Parameters of any method."""

    model_config = ConfigDict(extra="ignore", strict=True)


class ListParams(Params):
    """Which page of a list."""

    cursor: Cursor = None


class InitializeParams(Params):
    """How a client introduces itself."""

    protocolVersion: str  # noqa: N815 - the protocol's name
    capabilities: dict[str, Any]


class Meta(Params):
    """What goes along with a request."""

    progressToken: str | int | None = None  # noqa: N815 - the protocol's name


class CallParams(Params):
    """A tool's name and arguments; ``inputResponses`` to what an earlier answer asked, whose ``requestState`` it is."""

    name: Annotated[str, Field(max_length=255)]
    arguments: dict[str, Any] | None = None
    inputResponses: Annotated[dict[str, Any] | None, Field(max_length=32)] = None  # noqa: N815 - the protocol's name
    requestState: Annotated[str | None, Field(max_length=1_024)] = None  # noqa: N815 - as above
    meta: Annotated[Meta | None, Field(alias="_meta")] = None


class PromptParams(Params):
    """A prompt's name, and values of its variables as text."""

    name: Annotated[str, Field(max_length=255)]
    arguments: dict[str, str] | None = None


class ResourceParams(Params):
    """Which resource."""

    uri: Annotated[str, Field(max_length=2_048)]


class CancelledParams(Params):
    """Which request is not waited for any more."""

    requestId: str | int  # noqa: N815 - the protocol's name


class AgentArguments(BaseModel):
    """What an agent is called with."""

    model_config = ConfigDict(extra="forbid")

    input: Annotated[str, Field(min_length=1, max_length=200_000, description="What the agent is asked.")]
    thread_uuid: Annotated[
        UUID | None, Field(description="A thread of the workspace, in which the conversation is kept and goes on.")
    ] = None
    variables: Annotated[
        dict[str, str] | None, Field(max_length=64, description="Fill `{{name}}` in the agent's instructions.")
    ] = None
