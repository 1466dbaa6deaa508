"""Chat completions: which run answers one, and what is made of its end and of its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import ValidationError

from athena.dialects.asking import Acceptance, Asked, reason
from athena.dialects.facts import RunFacts
from athena.dialects.named import meant
from athena.dialects.openai.messages import Conversation, conversation, text_of
from athena.dialects.openai.schemas import ChatRequest, ForcedTool, UserMessage
from athena.dialects.openai.uploads import Uploads
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import ValidationFailed
from athena.large_language_models.parameters import ModelMetadata
from athena.runs.schemas import AgentRun

REASONS: Final = {"stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter"}


class Completions:
    """Accepts the run behind a chat completion."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access

    async def accept(self, given: ChatRequest) -> UUID:
        """Accepts the run of the agent, workflow or model that ``given`` names; its uuid."""
        target = await meant(self._session, self._access, given.model)
        asked = _asked(given)
        acceptance = Acceptance(self._session, self._access, asked)
        if target.kind == "workflow":
            return await acceptance.by_workflow(target, *_workflow_input(given))
        asked.check(target, "response_format.json_schema.schema", "tool_choice.function.name")
        if target.kind == "model" and _thread_of(given) is not None:
            raise ValidationFailed.of("metadata.thread_uuid", "Only an agent answers in a thread.")
        told = await conversation(given.messages, Uploads(self._session, self._access))
        if not told.said:
            raise ValidationFailed.of("messages", "There is nothing to answer.")
        if target.uuid is None:
            return await acceptance.by_model(target.name, told.system, told.said)
        return await self._agent(acceptance, target.uuid, given, told)

    async def _agent(self, acceptance: Acceptance, uuid: UUID, given: ChatRequest, told: Conversation) -> UUID:
        thread_uuid = _thread_of(given)
        if thread_uuid is None:
            system = [{"role": "system", "content": told.system}] if told.system else []
            return await acceptance.by_agent(uuid, [*system, *told.said], "messages")
        last = told.said[-1]["content"] if told.said[-1]["role"] == "user" else None
        fields = {"input": last, "thread_uuid": thread_uuid, "metadata": ModelMetadata(**given.asked)}
        try:
            return await acceptance.runs.run_agent(uuid, AgentRun.model_validate(fields))
        except ValidationError as error:
            raise ValidationFailed.of("messages", reason(error)) from error


def _thread_of(given: ChatRequest) -> UUID | None:
    return given.metadata.thread_uuid if given.metadata else None


def _workflow_input(given: ChatRequest) -> tuple[str, str]:
    """The text of the last message, and its place."""
    for name in ("tools", "response_format", "stop", "top_p", "temperature", "max_tokens", "max_completion_tokens"):
        if getattr(given, name) is not None:
            raise ValidationFailed.of(name, "A workflow has its own settings.")
    if _thread_of(given) is not None:
        raise ValidationFailed.of("metadata.thread_uuid", "Only an agent answers in a thread.")
    last = given.messages[-1]
    if not isinstance(last, UserMessage) or not text_of(last.content):
        raise ValidationFailed.of("messages", "The last message must be the user's, with text: it is the input.")
    return text_of(last.content), f"messages.{len(given.messages) - 1}.content"


def _asked(given: ChatRequest) -> Asked:
    choice = given.tool_choice
    return Asked(
        settings=given.asked,
        top_p=given.top_p,
        stop=given.stops,
        schema=given.wanted_schema,
        tools=[each.function.as_wished for each in given.tools or ()],
        choice=None if isinstance(choice, ForcedTool) else choice,
        forced=choice.function.name if isinstance(choice, ForcedTool) else None,
    )


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
