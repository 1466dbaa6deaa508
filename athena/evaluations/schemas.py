"""What datasets and evaluations look like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator

from athena.agents.schemas import Agent
from athena.expressions.cel import matches
from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Text, Timestamp, Uuid, With
from athena.kit.versions import ChannelName, VersionNumber
from athena.large_language_models.parameters import ModelName
from athena.llm.structured import InvalidSchema, Schema
from athena.users.schemas import Person

MAXIMUM_AT_ONCE = 500
EvaluationStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ResultStatus = Literal["pending", "passed", "failed", "error", "cancelled"]


def _pattern(pattern: str) -> str:
    if matches("", pattern) is None:
        raise ValueError("This is no regular expression that RE2 knows.")
    return pattern


def _json_schema(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        Schema(schema)
    except InvalidSchema as error:
        raise ValueError(f"This is no JSON Schema: {error}") from error
    return schema


class Expectation(Input):
    """Something that an answer is held against."""

    weight: Annotated[
        float, Field(gt=0, le=1_000, allow_inf_nan=False, description="How much it counts within the item's score.")
    ] = 1.0


class TextExpectation(Expectation):
    """A text that the answer is, or holds."""

    value: Annotated[Text, Field(min_length=1)]
    case_sensitive: bool = True


class ExactExpectation(TextExpectation):
    """The answer is this text, spaces around it aside."""

    type: Literal["exact"]


class ContainsExpectation(TextExpectation):
    """The answer holds this text."""

    type: Literal["contains"]


class NotContainsExpectation(TextExpectation):
    """The answer does not hold this text."""

    type: Literal["not_contains"]


class RegexExpectation(Expectation):
    """The pattern is found in the answer. It is RE2's, which takes no longer for a hostile text."""

    type: Literal["regex"]
    pattern: Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_pattern)]


class JsonSchemaExpectation(Expectation):
    """The answer is JSON that fits the schema."""

    type: Literal["json_schema"]
    schema_: Annotated[
        dict[str, JsonValue],
        Field(alias="schema", max_length=64, examples=[{"type": "object", "required": ["city"]}]),
        AfterValidator(_json_schema),
    ]


class JudgeExpectation(Expectation):
    """A model finds that the answer meets the criteria."""

    type: Literal["judge"]
    criteria: Annotated[str, Field(min_length=1, max_length=8_000, pattern=r"\S")]
    model: ModelName
    account_uuid: Annotated[
        Uuid | None, Field(description="The account that pays. Left out: the newest one that offers the model.")
    ] = None


AnyExpectation = Annotated[
    ExactExpectation
    | ContainsExpectation
    | NotContainsExpectation
    | RegexExpectation
    | JsonSchemaExpectation
    | JudgeExpectation,
    Field(discriminator="type"),
]
Expectations = Annotated[
    list[AnyExpectation], Field(min_length=1, max_length=16, description="All of them must be met for a pass.")
]


class DatasetMessage(Input):
    """A message of the conversation that is to be answered."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[Text, Field(min_length=1, pattern=r"\S")]


def _ends_with_user(messages: list[DatasetMessage]) -> list[DatasetMessage]:
    if messages[-1].role != "user":
        raise ValueError("The last message must be the user's.")
    return messages


Messages = Annotated[list[DatasetMessage], Field(min_length=1, max_length=200), AfterValidator(_ends_with_user)]
Said = Annotated[Text, Field(min_length=1, pattern=r"\S")]


class DatasetItemCreate(Input):
    """Something to be answered, and what is expected of the answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["input"]}, {"required": ["messages"]}],
            "examples": [
                {"input": "What is the capital of France?", "expectations": [{"type": "contains", "value": "Paris"}]}
            ],
        }
    )

    input: Annotated[Said | None, Field(description="What the user says.")] = None
    messages: Annotated[Messages | None, Field(description="A whole conversation, instead of `input`.")] = None
    expectations: Expectations

    @model_validator(mode="after")
    def _one_of_both(self) -> DatasetItemCreate:
        if (self.input is None) == (self.messages is None):
            raise ValueError("Give either input or messages.")
        return self


class DatasetItemsImport(Input):
    """Several items, all of which are added or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "input": "What is the capital of Peru?",
                            "expectations": [{"type": "contains", "value": "Lima"}],
                        }
                    ]
                }
            ]
        }
    )

    items: Annotated[list[DatasetItemCreate], Field(min_length=1, max_length=MAXIMUM_AT_ONCE)]


class DatasetItemUpdate(Input):
    """Changes of an item; what is not named stays. Evaluations that have begun keep what it said."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"expectations": [{"type": "regex", "pattern": "(?i)paris"}]}]}
    )

    messages: Messages = Field(default_factory=list[DatasetMessage])
    expectations: Expectations = Field(default_factory=list[Any])


class DatasetCreate(Input):
    """A new dataset."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Capitals",
                    "items": [
                        {
                            "input": "What is the capital of France?",
                            "expectations": [{"type": "contains", "value": "Paris"}],
                        }
                    ],
                }
            ]
        }
    )

    name: Name
    description: ShortText = ""
    items: Annotated[
        list[DatasetItemCreate], Field(max_length=MAXIMUM_AT_ONCE, description="More can be added one by one.")
    ] = Field(default_factory=list[DatasetItemCreate])
    with_: With = Field(default=None, alias="with")


class DatasetUpdate(Input):
    """Changes of a dataset; what is not named stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"description": "Of Europe."}]})

    name: Name = ""
    description: ShortText = ""
    with_: With = Field(default=None, alias="with")


class Dataset(Resource):
    """Inputs with expectations. Relations are null unless ``with`` names them."""

    name: str
    description: str
    items_count: int
    creator: Person | None = None


class DatasetItem(Resource):
    """One of them."""

    dataset_uuid: UUID
    messages: list[DatasetMessage]
    expectations: list[AnyExpectation]


class EvaluationCreate(Input):
    """Has an agent answer a dataset."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dataset_uuid": "01980000-0000-7000-8000-000000000000",
                    "agent_uuid": "01980000-0000-7000-8000-000000000000",
                }
            ]
        }
    )

    dataset_uuid: Uuid
    agent_uuid: Uuid
    version: Annotated[
        VersionNumber | None, Field(description="The agent as of this version. Left out: the newest.")
    ] = None
    channel: Annotated[
        ChannelName | None,
        Field(description="The version to which this channel leads now, instead of `version`; of a split, the first."),
    ] = None
    concurrency: Annotated[int, Field(ge=1, le=16, description="How many items are answered at the same time.")] = 4
    with_: With = Field(default=None, alias="with")

    @model_validator(mode="after")
    def _one_version(self) -> EvaluationCreate:
        if self.version is not None and self.channel is not None:
            raise ValueError("Give either version or channel.")
        return self


class Figure(Output):
    """A share or a mean between 0 and 1, and where it lies with 95 % certainty."""

    value: float
    low: float
    high: float


class EvaluationSummary(Output):
    """What the results come to."""

    items: int
    pending: int
    passed: int
    failed: int
    errors: Annotated[int, Field(description="Items that could not be answered, or not be judged.")]
    cancelled: int
    score: Annotated[Figure | None, Field(description="The mean of the items that were answered and judged.")]
    pass_rate: Annotated[Figure | None, Field(description="Of all items that came to an end; errors are no pass.")]
    input_tokens: int
    output_tokens: int
    cost: Annotated[float, Field(description="Of the answers, in US dollars.")]
    judge_cost: float
    p50_duration_ms: int | None
    p95_duration_ms: int | None


class EvaluationError(Output):
    """Why there is no result."""

    code: str
    message: str


class Evaluation(Resource):
    """A dataset, answered by one version of an agent. Relations are null unless ``with`` names them."""

    dataset_uuid: UUID
    agent_uuid: UUID
    agent_version: int
    run_uuid: Annotated[UUID, Field(description="The run behind it, whose events tell of each item.")]
    concurrency: int
    status: EvaluationStatus
    error: EvaluationError | None
    summary: EvaluationSummary
    finished_at: Timestamp | None
    agent: Agent | None = None
    dataset: Dataset | None = None
    creator: Person | None = None


class Reason(Output):
    """How an answer stands to one expectation."""

    type: str
    passed: bool
    score: float
    weight: float
    reason: str


class EvaluationResult(Resource):
    """An item's answer, held against what was expected when the evaluation began."""

    evaluation_uuid: UUID
    item_uuid: UUID
    messages: list[DatasetMessage]
    expectations: list[AnyExpectation]
    status: ResultStatus
    output: Annotated[str | None, Field(description="The answer's text.")]
    score: float | None
    reasons: list[Reason]
    error: EvaluationError | None
    run_uuid: Annotated[UUID | None, Field(description="The run in which the agent answered.")]
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    judge_cost: float | None
    duration_ms: int | None


class ComparedResult(Output):
    """How an item went in one of two evaluations."""

    uuid: UUID
    status: ResultStatus
    score: float | None
    cost: float | None
    duration_ms: int | None


class ComparedItem(Output):
    """An item, side by side."""

    item_uuid: UUID
    input: Annotated[str, Field(description="The begin of what the user said last.")]
    a: ComparedResult | None
    b: ComparedResult | None
    change: Literal["improved", "regressed", "same", "incomparable"]


class Difference(Output):
    """The mean of what `b` is above `a`, item by item, and where it lies with 95 % certainty."""

    value: float
    low: float | None
    high: float | None


class EvaluationComparison(Output):
    """Two evaluations of one dataset, side by side."""

    a: Evaluation
    b: Evaluation
    improved: int
    regressed: int
    same: int
    incomparable: Annotated[int, Field(description="Items that have no score in one of both.")]
    difference: Annotated[Difference | None, Field(description="Of the scores that both have.")]
    items: list[ComparedItem]
