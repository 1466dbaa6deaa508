"""Parameters of the protocol's methods, in version 1.0. What a later version adds is left aside."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from athena.dialects.checking import AnyJson, Nested

MAXIMUM_TEXT = 200_000
PAGE = 50
MOST = 100

State = Literal[
    "TASK_STATE_UNSPECIFIED",
    "TASK_STATE_SUBMITTED",
    "TASK_STATE_WORKING",
    "TASK_STATE_COMPLETED",
    "TASK_STATE_FAILED",
    "TASK_STATE_CANCELED",
    "TASK_STATE_INPUT_REQUIRED",
    "TASK_STATE_REJECTED",
    "TASK_STATE_AUTH_REQUIRED",
]


Id = Annotated[str, Field(max_length=256)]
HistoryLength = Annotated[int | None, Field(ge=0, le=2**31 - 1)]
PageSize = Annotated[int, Field(ge=1, le=MOST)]


class Params(BaseModel):
    """Parameters of any method."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Part(Params):
    """A piece of a message: one of text, bytes in base64, the address of a file, and JSON."""

    text: Annotated[str | None, Field(max_length=MAXIMUM_TEXT)] = None
    raw: str | None = None
    url: Annotated[str | None, Field(max_length=2_048)] = None
    data: AnyJson = None
    filename: Annotated[str | None, Field(max_length=255)] = None
    media_type: Annotated[str | None, Field(max_length=255)] = None

    @model_validator(mode="after")
    def _one(self) -> Part:
        given = [self.text is not None, self.raw is not None, self.url is not None, "data" in self.model_fields_set]
        if sum(given) != 1:
            raise ValueError("Give one of text, raw, url and data.")
        return self


class Message(Params):
    """What another agent says."""

    message_id: Annotated[str, Field(min_length=1, max_length=256)]
    context_id: Id = ""
    task_id: Id = ""
    role: Literal["ROLE_USER", "ROLE_UNSPECIFIED"] = "ROLE_USER"
    parts: Annotated[list[Part], Field(min_length=1, max_length=64)]
    metadata: Nested | None = None


class Authentication(Params):
    """What a receiver of notifications wants in the header ``Authorization``."""

    scheme: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~+-]{1,64}$")]
    credentials: Annotated[str, Field(max_length=4_096, pattern=r"^[\x20-\x7e]*$")] = ""


class PushConfig(Params):
    """Where to notify of a task."""

    id: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._~-]*$")] = ""
    task_id: Id = ""
    url: Annotated[str, Field(min_length=1, max_length=2_048)]
    token: Annotated[str, Field(max_length=4_096, pattern=r"^[\x21-\x7e]*$")] = ""
    authentication: Authentication | None = None


class Configuration(Params):
    """How a message is to be answered."""

    accepted_output_modes: Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=64)] = Field(
        default_factory=list[str]
    )
    task_push_notification_config: PushConfig | None = None
    history_length: HistoryLength = None
    return_immediately: bool = False


class SendParams(Params):
    """A message."""

    message: Message
    configuration: Configuration = Field(default_factory=Configuration)
    metadata: Nested | None = None


class TaskParams(Params):
    """Which task."""

    id: Id


class GetParams(TaskParams):
    """Which task, and how much of what was said."""

    history_length: HistoryLength = None


class ListParams(Params):
    """Which tasks; all of the agent's, where nothing is named."""

    context_id: Id = ""
    status: State = "TASK_STATE_UNSPECIFIED"
    page_size: PageSize = PAGE
    page_token: Annotated[str, Field(max_length=64)] = ""
    history_length: HistoryLength = 0
    status_timestamp_after: AwareDatetime | None = None
    include_artifacts: bool = False


class ConfigsParams(Params):
    """Which task's configurations."""

    task_id: Id


class ConfigParams(Params):
    """Which configuration."""

    task_id: Id
    id: Annotated[str, Field(max_length=64)]


class NoParams(Params):
    """Nothing."""
