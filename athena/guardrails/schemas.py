"""What a guardrail looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from athena.guardrails.configs import Action, GuardrailType
from athena.guardrails.stages import Outcome, StageName
from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Text, With
from athena.users.schemas import Person


def _each_once(stages: list[StageName]) -> list[StageName]:
    return list(dict.fromkeys(stages))


Stages = Annotated[
    list[StageName],
    Field(min_length=1, max_length=4, description="What it checks."),
    AfterValidator(_each_once),
]
GivenConfig = Annotated[
    dict[str, JsonValue],
    Field(max_length=16, description="As its type has it; the guide to guardrails describes each."),
]
GivenAction = Annotated[
    Action, Field(description="What happens when it finds something. Types `length` and `model` cannot `mask`.")
]
Shadow = Annotated[bool, Field(description="Whether it only tells what it would have done.")]
Told = Annotated[ShortText, Field(min_length=1, pattern=r"\S", description="What the user is told when it refuses.")]


class GuardrailCreate(Input):
    """A new guardrail."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "No card numbers",
                    "stages": ["input", "output"],
                    "type": "pii",
                    "config": {"kinds": ["credit_card", "iban"]},
                    "action": "mask",
                }
            ]
        }
    )

    name: Name
    description: ShortText = ""
    enabled: bool = True
    stages: Stages
    type: Annotated[GuardrailType, Field(description="It stays.")]
    config: GivenConfig = Field(default_factory=dict[str, JsonValue])
    action: GivenAction = "refuse"
    shadow: Shadow = False
    message: Told | None = None
    with_: With = Field(default=None, alias="with")


class GuardrailUpdate(Input):
    """Changes; what is not named stays. A ``config`` replaces the one before it as a whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"action": "refuse", "shadow": True}]})

    name: Name = ""
    description: ShortText = ""
    enabled: bool = True
    stages: Stages = Field(default_factory=list[StageName])
    config: GivenConfig = Field(default_factory=dict[str, JsonValue])
    action: GivenAction = "refuse"
    shadow: Shadow = False
    message: Told | None = None
    with_: With = Field(default=None, alias="with")


class Guardrail(Resource):
    """A check of what agents read, write and do. ``creator`` is null unless ``with`` names it."""

    name: Annotated[str, Field(examples=["No card numbers"])]
    description: str
    enabled: bool
    stages: list[StageName]
    type: GuardrailType
    config: Annotated[dict[str, Any], Field(examples=[{"kinds": ["credit_card", "iban"]}])]
    action: Action
    shadow: bool
    message: str | None
    creator: Person | None = None


class GuardrailTest(Input):
    """A text to try a guardrail on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"stage": "input", "text": "My card is 4111 1111 1111 1111."}]}
    )

    text: Text
    stage: Annotated[StageName | None, Field(description="Left out: the first of its stages.")] = None


class GuardrailDecision(Output):
    """What a guardrail decided."""

    guardrail_uuid: UUID
    name: str
    stage: StageName
    outcome: Annotated[Outcome, Field(description="`shadow`: it found something, and only tells so.")]
    reason: Annotated[str, Field(description="Never holds what was found.", examples=["It holds an IBAN (1)."])]
    duration_ms: float


class GuardrailVerdict(Output):
    """What would have gone on."""

    text: Annotated[str, Field(description="Masked where need be, empty where it is refused.")]
    refused: bool
    message: Annotated[str | None, Field(description="What the user would be told, when it is refused.")]
    decisions: list[GuardrailDecision]
