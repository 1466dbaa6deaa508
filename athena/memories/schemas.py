"""What a memory looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from athena.kit.schemas import Input, Output, Resource, Time, Timestamp, Uuid, With
from athena.users.schemas import Person

Kind = Literal["fact", "preference", "episode", "knowledge"]
MemoryScope = Literal["workspace", "user", "agent", "thread"]
SourceType = Literal["message", "thread", "media", "url", "text"]

MAXIMUM_CONTENT = 100_000
Content = Annotated[str, Field(min_length=1, max_length=MAXIMUM_CONTENT, pattern=r"\S")]
Confidence = Annotated[float, Field(ge=0, le=1)]
SearchText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2_000,
        pattern=r"\S",
        description="Finds by meaning and by words, and gives each memory a `score`; the best come first.",
    ),
]


class SourceInput(Input):
    """Where a memory came from. When that message, thread or file is deleted, so is the memory."""

    type: SourceType
    uuid: Uuid | None = None
    url: Annotated[str | None, Field(max_length=2_048, pattern=r"^https?://\S+$")] = None
    position: Annotated[int | None, Field(ge=0, le=2_147_483_647, description="Which part of it, from 0.")] = None

    @model_validator(mode="after")
    def _named_by_its_kind(self) -> Self:
        if (self.type in {"message", "thread", "media"}) != (self.uuid is not None):
            raise ValueError("A message, a thread or a file is named by its uuid, and nothing else is.")
        if (self.type == "url") != (self.url is not None):
            raise ValueError("A source of type url has a url, and no other has.")
        return self


class MemoryCreate(Input):
    """A new memory. ``scope`` says where it counts, and which of the three ids it needs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"content": "Prefers answers in Spanish.", "kind": "preference", "scope": "user"}]
        }
    )

    content: Content
    kind: Kind = "fact"
    scope: MemoryScope = "workspace"
    agent_uuid: Annotated[Uuid | None, Field(description="Whose memory it is; for the scope `agent` alone.")] = None
    user_uuid: Annotated[
        Uuid | None,
        Field(description="Of whom it tells; for the scope `user` alone. Left out there: the caller."),
    ] = None
    thread_uuid: Annotated[Uuid | None, Field(description="Where it counts; for the scope `thread` alone.")] = None
    source: SourceInput | None = None
    confidence: Confidence = 1.0
    expires_at: Annotated[Time | None, Field(description="From then on it is gone, and soon after deleted.")] = None
    supersedes_uuid: Annotated[
        Uuid | None, Field(description="The memory of the same scope that it replaces; that one is found no more.")
    ] = None
    with_: With = Field(default=None, alias="with")


class MemoryUpdate(Input):
    """Changes of a memory; what is not named stays. Another ``scope`` comes with the id that it needs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"content": "Prefers answers in French."}]})

    content: Content = "-"
    kind: Kind = "fact"
    scope: MemoryScope = "workspace"
    agent_uuid: Uuid | None = None
    user_uuid: Uuid | None = None
    thread_uuid: Uuid | None = None
    source: SourceInput | None = None
    confidence: Confidence = 1.0
    expires_at: Time | None = None
    supersedes_uuid: Uuid | None = None
    with_: With = Field(default=None, alias="with")


class EmbeddingSettingsUpdate(Input):
    """The model that tells what memories mean. Without an account, the packaged one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"account_uuid": "0198c0de-0000-7000-8000-000000000001", "model": "text-embedding-3-small"},
            ]
        }
    )

    account_uuid: Annotated[
        Uuid | None, Field(description="The account that pays; its provider is sent what memories and searches say.")
    ]
    model: Annotated[
        str | None, Field(min_length=1, max_length=200, pattern=r"\S", description="As the provider calls it.")
    ] = None

    @model_validator(mode="after")
    def _a_model_of_an_account(self) -> Self:
        if (self.account_uuid is None) != (self.model is None):
            raise ValueError("An account comes with the name of its model, and the packaged model with neither.")
        return self


class EmbeddingSettings(Output):
    """The model that tells what memories mean, and whether all are embedded with it."""

    account_uuid: UUID | None
    model: str
    dimensions: Annotated[
        int | None, Field(description="How many numbers it is asked for; null where it has no choice.")
    ]
    status: Annotated[
        Literal["ready", "embedding"],
        Field(description="`embedding`: searches still use the former model, until all memories are embedded."),
    ]
    remaining: Annotated[int, Field(description="How many memories are not embedded with it; counted up to 10,000.")]


class Source(Output):
    """Where a memory came from."""

    type: SourceType
    uuid: UUID | None
    url: str | None
    position: int | None
    title: Annotated[str | None, Field(description="What the source is called; of what agents were trained with.")]
    location: Annotated[
        str | None, Field(description="Where in it that stands, such as `page 3`.", examples=["page 3"])
    ]
    agent_source_uuid: Annotated[UUID | None, Field(description="The agent's source that taught it.")]


class Memory(Resource):
    """Something known from earlier. Relations are null unless ``with`` names them."""

    content: str
    kind: Kind
    scope: MemoryScope
    agent_uuid: UUID | None
    user_uuid: UUID | None
    thread_uuid: UUID | None
    source: Source | None
    confidence: float
    expires_at: Timestamp | None
    supersedes_uuid: UUID | None
    used_count: int
    last_used_at: Timestamp | None
    embedding_model: Annotated[
        str | None, Field(description="What its meaning was read with; null until that is done in the background.")
    ]
    score: Annotated[
        float | None, Field(description="With `query`: how well it fits, at most 1. Otherwise null.", ge=0, le=1)
    ]
    creator: Person | None = None
    user: Person | None = None


def show_source(row: Any) -> dict[str, Any] | None:
    """A row's source, if it has one."""
    if row["source_type"] is None:
        return None
    shown = {key: row[f"source_{key}"] for key in ("type", "uuid", "url", "position", "title", "location")}
    return {**shown, "agent_source_uuid": row["agent_source_uuid"]}
