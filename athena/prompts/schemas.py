"""What a prompt looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Text, Timestamp, With
from athena.large_language_models.parameters import ModelMetadata, ModelName, ShownMetadata
from athena.prompts.template import MAXIMUM_NAME, MAXIMUM_VARIABLES, NAME
from athena.users.schemas import Person

Content = Annotated[
    Text,
    Field(min_length=1, pattern=r"\S", description=r"The text. `{{name}}` is a variable's place, `\{{` plain braces."),
]
Tag = Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]
Tags = Annotated[list[Tag], Field(max_length=32)]
Option = Annotated[str, Field(min_length=1, max_length=2_000)]
VariableType = Literal["string", "number", "integer", "boolean", "array", "object", "enum"]


class PromptVariable(Input):
    """A value that a run gives to the prompt."""

    name: Annotated[str, Field(min_length=1, max_length=MAXIMUM_NAME, pattern=f"^{NAME}$", examples=["sentences"])]
    type: VariableType = "string"
    description: ShortText = ""
    required: Annotated[
        bool | None, Field(description="Left out: whether it has no default. A default fills in all the same.")
    ] = None
    default: JsonValue = None
    options: Annotated[
        list[Option] | None, Field(min_length=1, max_length=100, description="What an `enum` may be.")
    ] = None


Variables = Annotated[
    list[PromptVariable],
    Field(
        max_length=MAXIMUM_VARIABLES,
        description="Those that the content names and this list does not are added as required text.",
    ),
]


class PromptCreate(Input):
    """A new prompt."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Summary",
                    "content": "Summarise in {{sentences}} sentences:\n\n{{text}}",
                    "variables": [{"name": "sentences", "type": "integer", "default": 3}],
                    "model": "gpt-4o-mini",
                    "metadata": {"temperature": 0.2},
                }
            ]
        }
    )

    name: Name
    description: ShortText = ""
    content: Content
    variables: Variables = Field(default_factory=list[PromptVariable])
    model: ModelName | None = None
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)
    tags: Tags = Field(default_factory=list[str])
    with_: With = Field(default=None, alias="with")


class PromptUpdate(Input):
    """Changes of a prompt; what is not named stays. Keys of ``metadata`` that are not named stay too, null unsets."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"content": "Summarise in one sentence:\n\n{{text}}", "tags": ["short"]}]}
    )

    name: Name = ""
    description: ShortText = ""
    content: Content = ""
    variables: Variables = Field(default_factory=list[PromptVariable])
    model: ModelName | None = None
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)
    tags: Tags = Field(default_factory=list[str])
    with_: With = Field(default=None, alias="with")


class PromptVersionNumber(Output):
    """That there is a version, and since when."""

    number: int
    created_at: Timestamp


class Prompt(Resource):
    """A text with variables. Relations are null unless ``with`` names them."""

    name: str
    description: str
    content: str
    variables: list[PromptVariable]
    model: str | None
    metadata: ShownMetadata
    tags: list[str]
    version: Annotated[int, Field(description="Grows with each change of content, variables, model or metadata.")]
    creator: Person | None = None
    versions: list[PromptVersionNumber] | None = None


class PromptVersion(Resource):
    """What a prompt said at one time. It never changes."""

    prompt_uuid: UUID
    number: int
    content: str
    variables: list[PromptVariable]
    model: str | None
    metadata: ShownMetadata
    creator: Person | None = None
