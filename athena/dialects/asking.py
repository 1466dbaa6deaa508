"""What a request asks of one answer, in whichever form it came, and the runs that it can be accepted as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import ValidationError

from athena.agents.service import AgentService
from athena.dialects.checking import MAXIMUM_DEPTH
from athena.dialects.named import ModelNotFound, Target
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.nesting import is_nested_within
from athena.large_language_models.parameters import ModelMetadata
from athena.llm.structured import InvalidSchema, Schema
from athena.permissions import Permission
from athena.runs.conversation import instructions
from athena.runs.schemas import AgentRun, HistoryMessage
from athena.runs.service import RunService
from athena.runs.wishes import Wishes
from athena.workflow_executions.schemas import WorkflowRun
from athena.workflow_executions.service import WorkflowExecutionService


@dataclass(frozen=True, slots=True)
class Asked:
    """How to answer. ``settings`` go over the agent's; ``tools`` are functions of the caller's; ``request`` is kept."""

    settings: Mapping[str, Any]
    top_p: float | None = None
    stop: Sequence[str] = ()
    schema: Mapping[str, Any] | None = None
    tools: Sequence[Mapping[str, Any]] = ()
    choice: Literal["none", "auto", "required"] | None = None
    forced: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def check(self, target: Target, schema_field: str, choice_field: str) -> None:
        """:class:`ValidationFailed` for what ``target`` cannot do; the names of fields are the request's."""
        if self.schema is not None:
            try:
                Schema(self.schema)
            except InvalidSchema as error:
                raise ValidationFailed.of(schema_field, str(error)) from error
        if target.kind == "agent" and self.tools:
            problem = "An agent calls its own tools, on the server; functions of the caller's go with models alone."
            raise ValidationFailed.of("tools", problem)
        if self.forced is not None and self.forced not in {each["name"] for each in self.tools}:
            raise ValidationFailed.of(choice_field, "There is no such function among the tools.")

    @property
    def wishes(self) -> Wishes:
        """What goes beyond the common settings."""
        return Wishes(
            top_p=self.top_p,
            stop=tuple(self.stop),
            schema=self.schema,
            tools=tuple(self.tools),
            tool_choice=self.choice,
            forced_tool=self.forced,
            request=self.request,
        )


class Acceptance:
    """Accepts what an agent, a model or a workflow is asked."""

    def __init__(self, session: Session, access: Access, asked: Asked) -> None:
        self._session = session
        self._access = access
        self._asked = asked
        self.runs = RunService(session, access, wishes=asked.wishes)

    async def by_agent(self, uuid: UUID, said: Sequence[Mapping[str, Any]], where: str) -> UUID:
        """The run of an agent, with a conversation that is kept with it alone; ``where``: the field that has it."""
        metadata = ModelMetadata(**self._asked.settings)
        try:
            history = [HistoryMessage.model_validate(each) for each in said]
            return await self.runs.run_agent(uuid, AgentRun(messages=history, metadata=metadata))
        except ValidationError as error:
            raise ValidationFailed.of(where, reason(error)) from error

    async def by_model(
        self,
        name: str,
        system: str | None,
        said: Sequence[Mapping[str, Any]] = (),
        *,
        thread: Row | None = None,
        parent_uuid: UUID | None = None,
    ) -> UUID:
        """The run of a model alone: with a conversation, or in a thread, where it answers ``parent_uuid``."""
        self._access.require(Permission.PROMPTS_RUN)
        own = {**self._asked.settings, "model": name, **({"system_prompt": system} if system else {})}
        settings = instructions(None, thread["metadata"] if thread else None, own, {})
        try:
            return await self.runs.accept(
                "thread" if thread else "prompt",
                settings,
                labels={"thread_uuid": thread["uuid"]} if thread else {},
                account_uuid=None,
                parent_uuid=parent_uuid,
                messages=said,
            )
        except ValidationFailed as error:
            if error.error_code == "model_unavailable":
                raise ModelNotFound(error.detail) from error
            raise

    async def beside(self, agent_uuid: UUID, thread: Row, told: str) -> str:
        """The instructions of an agent in a thread, and beside them what it is told for one answer."""
        agent = await AgentService(self._session, self._access).get(agent_uuid)
        own = thread["metadata"].get("system_prompt") or agent["system_prompt"]
        return "\n\n".join(filter(None, (own, told)))

    async def by_workflow(self, target: Target, text: str, where: str) -> UUID:
        """The execution of a workflow with ``text`` as its input, or the JSON in it, if its trigger wants that."""
        self._access.require(Permission.WORKFLOWS_RUN)
        assert target.uuid is not None  # noqa: S101 - a workflow has one
        assert target.row is not None  # noqa: S101 - as above
        value = _input(target.row["nodes"], text, where)
        executions = WorkflowExecutionService(self._session, self._access)
        return await executions.run(target.uuid, WorkflowRun(input=value), request=self._asked.request)


def _input(nodes: Sequence[Mapping[str, Any]], text: str, where: str) -> Any:
    trigger = next(node for node in nodes if node["type"] == "manual_trigger" and not node.get("disabled"))
    schema: Mapping[str, Any] = trigger["data"].get("input_schema") or {}
    if schema.get("type", "string") == "string":
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problem = "This workflow takes JSON: it must be the whole text of the last message."
        raise ValidationFailed.of(where, problem) from error
    if not is_nested_within(value, MAXIMUM_DEPTH):
        raise ValidationFailed.of(where, f"JSON may be nested {MAXIMUM_DEPTH} deep.")
    return value


def reason(error: ValidationError) -> str:
    """The first thing that is wrong, in a sentence."""
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
