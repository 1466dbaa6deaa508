"""Asks a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from athena.llm.errors import ModelError
from athena.llm.structured import Schema
from athena.llm.types import Completed, Message, ModelRequest
from athena.node_types import asking, fields
from athena.node_types.base import Config, EffectCall, EffectNode, JsonObject, Result
from athena.node_types.failures import model_failed
from athena.node_types.structured import ask_for_json, check_schema


class ChatMessage(BaseModel):
    """A message of the conversation."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: Literal["system", "user", "assistant"] = "user"
    content: fields.Text


class ModelCallConfig(Config):
    """What is asked of which model."""

    model: fields.Model = None
    account_uuid: fields.AccountUuid = None
    system_prompt: Annotated[fields.Text | None, Field(description="What the model is to keep in mind.")] = None
    prompt: Annotated[
        fields.SaidText | None,
        Field(description="What the user says.", examples=["Summarise in one sentence:\n\n{{ input.text }}"]),
    ] = None
    messages: Annotated[
        list[ChatMessage] | None,
        Field(min_length=1, max_length=500, description="A whole conversation, in place of `prompt`."),
    ] = None
    temperature: fields.Temperature = None
    max_tokens: fields.MaxTokens = None
    response_format: Annotated[
        Literal["text", "json"],
        Field(
            description="`json`: the answer is JSON, given as `json`; with `json_schema`, JSON that fits it.",
            json_schema_extra={"x-expression": "none"},
        ),
    ] = "text"
    json_schema: Annotated[
        fields.JsonSchema | None, Field(description="What JSON must fit; left out, any will do.")
    ] = None
    max_repairs: fields.MaxRepairs = 2

    @model_validator(mode="after")
    def _one_question(self) -> ModelCallConfig:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("Give either prompt or messages.")
        if self.messages is not None and self.messages[-1].role != "user":
            raise ValueError("The last message must be the user's.")
        if self.json_schema is not None and self.response_format != "json":
            raise ValueError("A json_schema needs the response_format json.")
        return self

    @property
    def asked(self) -> Sequence[Message]:
        """The conversation."""
        if self.messages is None:
            return [Message("user", self.prompt or "")]
        return [Message(message.role, message.content) for message in self.messages]


class ModelCall(EffectNode[ModelCallConfig]):
    """One call of a model."""

    type = "model_call"
    name = "Ask a model"
    description = "Has a language model answer a prompt, as text or as JSON."
    category = "ai"
    config = ModelCallConfig
    seconds = 300.0
    output_schema: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "The answer as the model wrote it."},
            "json": {"description": "The answer's JSON; null with the response_format text."},
            "model": {"type": "string"},
            "finish_reason": {"enum": ["stop", "length", "tool_calls", "content_filter", "other"]},
        },
        "required": ["text", "json", "model", "finish_reason"],
    }

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:
        """The schema must be one."""
        return check_schema(data, "json_schema")

    async def execute(self, config: ModelCallConfig, call: EffectCall) -> Result:
        """The answer."""
        model = await asking.Model.found(call, config.model, config.account_uuid)
        request = ModelRequest(
            model=model.name,
            messages=tuple(config.asked),
            system=config.system_prompt or None,
            temperature=config.temperature,
            max_tokens=config.max_tokens,
        )
        if config.response_format == "text":
            try:
                completed = await model.ask(request)
            except ModelError as error:
                raise model_failed(error) from error
            return _result(model, completed, None)
        schema = None if config.json_schema is None else Schema(config.json_schema)
        found = await ask_for_json(model, request, schema, config.max_repairs)
        return _result(model, found.completed, found.value, repairs=found.repairs)


def _result(model: asking.Model, completed: Completed, value: Any, **details: Any) -> Result:
    output = {
        "text": completed.text,
        "json": value,
        "model": model.name,
        "finish_reason": completed.finish_reason.value,
    }
    return Result({"output": output}, model.usage, details)
