"""What a command room task looks like, coming in and going out, and what is suggested from many of them."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic.config import JsonDict

from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Time, Timestamp, With
from athena.users.schemas import Person

MAXIMUM_BATCH = 100

Status = Literal["open", "done", "dismissed"]
Word = Annotated[str, Field(min_length=1, max_length=255, pattern=r"\S")]
Url = Annotated[str, Field(max_length=2_000, pattern=r"^https?://\S+$", examples=["https://mail.example.com/inbox"])]
Facts = Annotated[dict[str, JsonValue], Field(max_length=64)]


class CommandRoomTaskFields(Input):
    """One thing that somebody did, or is to do."""

    title: Name
    description: ShortText = ""
    app: Annotated[Word | None, Field(description="The application in which it was done.", examples=["Mail"])] = None
    action: Annotated[Word | None, Field(description="What was done there.", examples=["Open message"])] = None
    url: Url | None = None
    metadata: Facts = Field(default_factory=dict[str, JsonValue])
    occurred_at: Annotated[Time | None, Field(description="Left out: now.")] = None
    session_id: Annotated[
        Word | None, Field(description="Tells the tasks apart that belong together. Left out: those of a user's day.")
    ] = None
    status: Status = "open"


# The rule of :meth:`CommandRoomTaskCreate._one_or_many`, for who reads the schema.
ONE_OR_MANY: JsonDict = {
    "oneOf": [
        {"properties": {"title": {"type": "string"}, "tasks": {"type": "null"}}, "required": ["title"]},
        {"properties": {"tasks": {"type": "array"}}, "required": ["tasks"], "not": {"required": ["title"]}},
    ]
}


class CommandRoomTaskCreate(CommandRoomTaskFields):
    """A new task; or up to a hundred at once, in `tasks`."""

    model_config = ConfigDict(
        json_schema_extra={
            **ONE_OR_MANY,
            "examples": [
                {
                    "title": "Opened the order",
                    "app": "Mail",
                    "action": "Open message",
                    "url": "https://mail.example.com/inbox/7",
                    "occurred_at": "2026-01-31T08:00:00Z",
                    "session_id": "morning",
                }
            ],
        }
    )

    title: Name = ""
    tasks: Annotated[
        list[CommandRoomTaskFields] | None,
        Field(min_length=1, max_length=MAXIMUM_BATCH, description="Many tasks, instead of the fields of one."),
    ] = None
    with_: With = Field(default=None, alias="with")

    @model_validator(mode="after")
    def _one_or_many(self) -> CommandRoomTaskCreate:
        if self.tasks is None and "title" not in self.model_fields_set:
            raise ValueError("Give title, or tasks.")
        if self.tasks is not None and self.model_fields_set - {"tasks", "with_"}:
            raise ValueError("With tasks, the fields of one are not taken.")
        return self

    @property
    def all(self) -> list[CommandRoomTaskFields]:
        """The tasks, however they were given."""
        return [self] if self.tasks is None else list(self.tasks)


class CommandRoomTaskUpdate(Input):
    """Changes of a task; what is not named stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "done"}]})

    title: Name = ""
    description: ShortText = ""
    metadata: Facts = Field(default_factory=dict[str, JsonValue])
    status: Status = "open"
    with_: With = Field(default=None, alias="with")


class SuggestionName(Output):
    """The suggestion that a task falls into."""

    key: Annotated[str, Field(examples=["9f86d081884c7d65"])]
    name: str


class CommandRoomTask(Resource):
    """A thing that was done or is to do. Relations are null unless ``with`` names them."""

    title: str
    description: str
    app: str | None
    action: str | None
    url: str | None
    metadata: dict[str, JsonValue]
    occurred_at: Timestamp
    session_id: str | None
    status: Status
    creator_uuid: UUID | None
    suggestion: Annotated[SuggestionName | None, Field(description="A relation: null unless it is asked for.")] = None
    creator: Person | None = None


class StoredCommandRoomTask(Output):
    """The task; or those that were stored at once, in their order."""

    data: CommandRoomTask | list[CommandRoomTask]


class SuggestedStep(Output):
    """One step of what recurs."""

    app: str
    action: str


class SuggestedNode(Output):
    """One node of the workflow that it could become."""

    id: Annotated[str, Field(examples=["step_1"])]
    name: str
    app: str
    action: str


class SuggestedWorkflow(Output):
    """The workflow that it could become: its nodes, one after the other."""

    name: str
    description: str
    nodes: list[SuggestedNode]


class Suggestion(Output):
    """What is done again and again."""

    key: Annotated[str, Field(description="Stays the same for the same steps.", examples=["9f86d081884c7d65"])]
    name: str
    steps: list[SuggestedStep]
    count: Annotated[int, Field(description="How many times it was done.", examples=[7])]
    sessions: Annotated[int, Field(description="In how many sessions.", examples=[4])]
    first_seen: Timestamp
    last_seen: Timestamp
    task_uuids: Annotated[list[UUID], Field(description="The tasks of the last times, the newest time first.")]
    seconds_per_run: Annotated[int, Field(description="What one time takes, about.", examples=[95])]
    estimated_seconds_saved: Annotated[int, Field(description="What all the times took together.", examples=[665])]
    workflow: SuggestedWorkflow
