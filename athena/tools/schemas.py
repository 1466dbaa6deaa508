"""What a tool looks like, coming in and going out, and a call of one."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from athena.accounts.schemas import Account
from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Timestamp, Uuid, With
from athena.llm.structured import InvalidSchema, Schema
from athena.users.schemas import Person

MAXIMUM_SECONDS = 900
MAXIMUM_RESULT = 1_048_576
DEFAULT_RESULT = 65_536

ToolType = Literal["builtin", "http", "openapi", "mcp", "workflow", "agent", "code"]


def _of_an_object(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        Schema(schema)
    except InvalidSchema as error:
        raise ValueError(f"This is no JSON Schema: {error}") from error
    if schema.get("type") != "object":
        raise ValueError('Arguments are an object: the schema needs "type": "object".')
    return schema


Config = Annotated[
    dict[str, JsonValue],
    Field(
        max_length=64,
        description="What the type needs to know, as the documentation of tools has it. It holds no secret: these "
        "belong to accounts.",
    ),
]
Parameters = Annotated[
    dict[str, JsonValue],
    Field(
        max_length=64,
        description="JSON Schema of the arguments, an object, for the types `http` and `code`. Others know theirs.",
        examples=[{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}],
    ),
    AfterValidator(_of_an_object),
]
RequiresApproval = Annotated[bool, Field(description="Whether a human approves each call.")]
Condition = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2_000,
        pattern=r"\S",
        description="An expression in CEL over `arguments` and `function_name`; where it is true, or cannot "
        "be evaluated, a human approves the call.",
        examples=["arguments.amount > 100.0"],
    ),
]
Seconds = Annotated[
    float, Field(gt=0, le=MAXIMUM_SECONDS, description="How long a call may take. Null: as the type has it.")
]
MaxResultBytes = Annotated[
    int, Field(ge=256, le=MAXIMUM_RESULT, description="What is longer is cut, and says so.", examples=[DEFAULT_RESULT])
]
AccountUuid = Annotated[Uuid, Field(description="The account whose credentials go along.")]
Enabled = Annotated[bool, Field(description="Agents do not see tools that are not.")]


class ToolCreate(Input):
    """A new tool."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Weather",
                    "description": "The weather of a city, today and for the next days.",
                    "type": "http",
                    "config": {"url": "https://api.example.com/v1/weather/{city}"},
                    "parameters": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                        "required": ["city"],
                    },
                },
                {"name": "Clock", "type": "builtin", "config": {"name": "time"}},
            ]
        }
    )

    name: Name
    description: ShortText = ""
    type: ToolType
    config: Config = Field(default_factory=dict[str, JsonValue])
    parameters: Parameters | None = None
    account_uuid: AccountUuid | None = None
    requires_approval: RequiresApproval = False
    approval_condition: Condition | None = None
    seconds: Seconds | None = None
    max_result_bytes: MaxResultBytes = DEFAULT_RESULT
    enabled: Enabled = True
    with_: With = Field(default=None, alias="with")


class ToolUpdate(Input):
    """Changes of a tool; what is not named stays. ``config`` and ``parameters`` are replaced as a whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"requires_approval": True, "seconds": 20}]})

    name: Name = ""
    description: ShortText = ""
    config: Config = Field(default_factory=dict[str, JsonValue])
    parameters: Parameters | None = None
    account_uuid: AccountUuid | None = None
    requires_approval: RequiresApproval = False
    approval_condition: Condition | None = None
    seconds: Seconds | None = None
    max_result_bytes: MaxResultBytes = DEFAULT_RESULT
    enabled: Enabled = True
    with_: With = Field(default=None, alias="with")


class ToolFunctionDescription(Output):
    """What a model may call."""

    name: Annotated[str, Field(examples=["weather"])]
    description: str
    parameters: Annotated[dict[str, Any], Field(description="JSON Schema of the arguments.")]
    repeatable: Annotated[
        bool,
        Field(description="Whether a call of which nobody knows how far it came is simply made again: it only reads."),
    ]


class Tool(Resource):
    """What agents and workflows can have done. Relations are null unless ``with`` names them."""

    name: str
    description: str
    type: ToolType
    config: dict[str, Any]
    parameters: Annotated[
        dict[str, Any] | None,
        Field(description="JSON Schema of the arguments: the user's own, or the only function's. Else null."),
    ]
    functions: Annotated[
        list[ToolFunctionDescription], Field(description="As they were when the tool was last saved or refreshed.")
    ]
    account_uuid: UUID | None
    requires_approval: bool
    approval_condition: str | None
    seconds: float | None
    max_result_bytes: int
    enabled: bool
    refreshed_at: Timestamp
    creator: Person | None = None
    account: Account | None = None


class ToolCallCreate(Input):
    """A test call."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"arguments": {"city": "Lisbon"}}]})

    function: Annotated[
        str | None, Field(min_length=1, max_length=64, description="Left out: the only one that there is.")
    ] = None
    arguments: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class ToolCallError(Output):
    """Why a call did not work."""

    code: Annotated[str, Field(examples=["timeout"])]
    message: str


class ToolCallUsage(Output):
    """What a call cost."""

    input_tokens: int
    output_tokens: int
    cost: Annotated[float, Field(description="US dollars.")]


class ToolCallResult(Output):
    """What a call came to: as an agent would get it, errors included."""

    content: Annotated[str, Field(description="What a model reads.")]
    data: Annotated[JsonValue, Field(description="The same as JSON, where there is any.")]
    is_error: bool
    error: ToolCallError | None
    details: Annotated[dict[str, Any], Field(description="How it was done: a status, a run, what was cut.")]
    duration_ms: int
    usage: ToolCallUsage | None


class BuiltinTool(Output):
    """A tool that Athena brings along; ``config`` is what a tool of type ``builtin`` has to be made with."""

    name: Annotated[str, Field(examples=["time"])]
    title: Annotated[str, Field(examples=["Time"])]
    description: str
    parameters: Annotated[dict[str, Any], Field(description="JSON Schema of the arguments.")]
    config: Annotated[dict[str, Any], Field(examples=[{"name": "time"}])]
