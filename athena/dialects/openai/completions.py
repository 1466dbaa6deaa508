"""Chat completions: which run answers one, and what is made of its end and of its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from pydantic import ValidationError

from athena.dialects.openai.errors import ModelNotFound
from athena.dialects.openai.messages import Conversation, conversation, text_of
from athena.dialects.openai.schemas import MAXIMUM_DEPTH, ChatRequest, ForcedTool, UserMessage
from athena.dialects.openai.service import NamedService, Target
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import ValidationFailed
from athena.kit.nesting import is_nested_within
from athena.large_language_models.parameters import ModelMetadata
from athena.llm.structured import InvalidSchema, Schema
from athena.media.service import MediaService
from athena.permissions import Permission
from athena.runs.conversation import instructions
from athena.runs.schemas import AgentRun, HistoryMessage
from athena.runs.service import RunService
from athena.runs.wishes import Wishes
from athena.workflow_executions.schemas import WorkflowRun
from athena.workflow_executions.service import WorkflowExecutionService

REASONS: Final = {"stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter"}


class Completions:
    """Accepts the run behind a chat completion."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access

    async def accept(self, given: ChatRequest) -> UUID:
        """Accepts the run of the agent, workflow or model that ``given`` names; its uuid."""
        target = await NamedService(self._session, self._access).target(given.model)
        if target.kind == "workflow":
            return await self._workflow(target, given)
        self._check(target, given)
        media = MediaService(self._session, self._access)
        if any(isinstance(m, UserMessage) and not isinstance(m.content, str) for m in given.messages):
            self._access.require(Permission.MEDIA_CREATE)
        told = await conversation(given.messages, media)
        if not told.said:
            raise ValidationFailed.of("messages", "There is nothing to answer.")
        return await (self._agent if target.kind == "agent" else self._model)(target, given, told)

    def _check(self, target: Target, given: ChatRequest) -> None:
        schema = given.wanted_schema
        if schema is not None:
            try:
                Schema(schema)
            except InvalidSchema as error:
                raise ValidationFailed.of("response_format.json_schema.schema", str(error)) from error
        if target.kind == "agent" and given.tools:
            problem = "An agent calls its own tools, on the server; functions of the caller's go with models alone."
            raise ValidationFailed.of("tools", problem)
        if target.kind == "model" and _thread_of(given) is not None:
            raise ValidationFailed.of("metadata.thread_uuid", "Only an agent answers in a thread.")

    async def _agent(self, target: Target, given: ChatRequest, told: Conversation) -> UUID:
        self._access.require(Permission.AGENTS_RUN)
        assert target.uuid is not None  # noqa: S101 - an agent has one
        runs = RunService(self._session, self._access, wishes=_wishes(given))
        metadata = ModelMetadata(**given.asked)
        thread_uuid = _thread_of(given)
        try:
            if thread_uuid is not None:
                last = told.said[-1]["content"] if told.said[-1]["role"] == "user" else None
                return await runs.run_agent(
                    target.uuid,
                    AgentRun.model_validate({"input": last, "thread_uuid": thread_uuid, "metadata": metadata}),
                )
            system = [{"role": "system", "content": told.system}] if told.system else []
            history = [HistoryMessage.model_validate(each) for each in [*system, *told.said]]
            return await runs.run_agent(target.uuid, AgentRun(messages=history, metadata=metadata))
        except ValidationError as error:
            raise ValidationFailed.of("messages", _reason(error)) from error

    async def _model(self, target: Target, given: ChatRequest, told: Conversation) -> UUID:
        self._access.require(Permission.PROMPTS_RUN)
        runs = RunService(self._session, self._access, wishes=_wishes(given))
        base: dict[str, Any] = {"metadata": {}, "model": target.name, "system_prompt": told.system}
        try:
            return await runs.accept(
                "prompt", instructions(base, None, given.asked, {}), labels={}, account_uuid=None, messages=told.said
            )
        except ValidationFailed as error:
            if error.error_code == "model_unavailable":
                raise ModelNotFound(error.detail) from error
            raise

    async def _workflow(self, target: Target, given: ChatRequest) -> UUID:
        self._access.require(Permission.WORKFLOWS_RUN)
        assert target.uuid is not None  # noqa: S101 - a workflow has one
        assert target.row is not None  # noqa: S101 - as above
        for name in ("tools", "response_format", "stop", "top_p", "temperature", "max_tokens", "max_completion_tokens"):
            if getattr(given, name) is not None:
                raise ValidationFailed.of(name, "A workflow has its own settings.")
        if _thread_of(given) is not None:
            raise ValidationFailed.of("metadata.thread_uuid", "Only an agent answers in a thread.")
        last = given.messages[-1]
        if not isinstance(last, UserMessage) or not text_of(last.content):
            raise ValidationFailed.of("messages", "The last message must be the user's, with text: it is the input.")
        value = _input(target.row["nodes"], text_of(last.content), len(given.messages) - 1)
        executions = WorkflowExecutionService(self._session, self._access)
        return await executions.run(target.uuid, WorkflowRun(input=value))


def _thread_of(given: ChatRequest) -> UUID | None:
    return given.metadata.thread_uuid if given.metadata else None


def _wishes(given: ChatRequest) -> Wishes:
    choice = given.tool_choice
    forced = choice.function.name if isinstance(choice, ForcedTool) else None
    tools: list[dict[str, Any]] = [
        {
            "name": each.function.name,
            "description": each.function.description or "",
            "parameters": each.function.parameters or {"type": "object", "properties": {}},
        }
        for each in given.tools or ()
    ]
    if forced is not None and forced not in {each["name"] for each in tools}:
        raise ValidationFailed.of("tool_choice.function.name", "There is no such function among the tools.")
    return Wishes(
        top_p=given.top_p,
        stop=tuple(given.stops),
        schema=given.wanted_schema,
        tools=tuple(tools),
        tool_choice=None if isinstance(choice, ForcedTool) else choice,
        forced_tool=forced,
    )


def _input(nodes: Sequence[Mapping[str, Any]], text: str, number: int) -> Any:
    """What the workflow's manual trigger gets: the text, or the JSON in it where the trigger wants other than text."""
    trigger = next(node for node in nodes if node["type"] == "manual_trigger" and not node.get("disabled"))
    schema: Mapping[str, Any] = trigger["data"].get("input_schema") or {}
    if schema.get("type", "string") == "string":
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problem = "This workflow takes JSON: it must be the whole text of the last message."
        raise ValidationFailed.of(f"messages.{number}.content", problem) from error
    if not is_nested_within(value, MAXIMUM_DEPTH):
        raise ValidationFailed.of(f"messages.{number}.content", f"JSON may be nested {MAXIMUM_DEPTH} deep.")
    return value


def _reason(error: ValidationError) -> str:
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")


class RunFacts(Protocol):
    """A run's row."""

    def __getitem__(self, key: str, /) -> Any:
        """A field by its name."""
        ...


def completion(row: RunFacts, model: str) -> dict[str, Any]:
    """The chat completion that a run came to."""
    said = answer_of(row["output"])
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": None}
    if said.calls:
        message |= {"content": said.text or None, "tool_calls": said.calls}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": said.reason}
    return {
        "id": f"chatcmpl-{row['uuid']}",
        "object": "chat.completion",
        "created": int(row["created_at"].timestamp()),
        "model": model,
        "choices": [choice],
        "usage": said.usage,
    }


@dataclass(frozen=True, slots=True)
class Said:
    """A run's answer in this dialect's words."""

    text: str
    reason: str
    usage: Mapping[str, int]
    calls: Sequence[Mapping[str, Any]] = ()


def answer_of(output: Mapping[str, Any]) -> Said:
    """What a run's output says: an answer's text and calls, or what a workflow gave, as text or JSON."""
    message: Mapping[str, Any] | None = output.get("message")
    if message is None:
        value = output["output"]
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        return Said(text, "stop", usage_of(output["usage"]))
    calls = [
        {"id": part["id"], "type": "function", "function": {"name": part["name"], "arguments": part["arguments"]}}
        for part in message.get("parts") or ()
        if part["type"] == "tool_call"
    ]
    reason = REASONS.get(message["finish_reason"], "stop")
    return Said(message["content"], reason, usage_of(message["usage"]), calls if reason == "tool_calls" else ())


def usage_of(usage: Mapping[str, Any]) -> dict[str, int]:
    """Tokens, as this dialect counts them."""
    asked, answered = usage["input_tokens"] or 0, usage["output_tokens"] or 0
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
