"""What can be shared: one class for each type, with what its grantees see, change and run of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from athena.agents.schemas import AgentUpdate
from athena.agents.service import AgentService
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, ValidationFailed
from athena.large_language_models.parameters import show_metadata
from athena.messages.service import MessageService
from athena.permissions import Permission
from athena.prompts.schemas import PromptUpdate
from athena.prompts.service import PromptService
from athena.runs.prompts import run_prompt
from athena.runs.schemas import AgentRun, PromptRun, ThreadRun
from athena.runs.service import RunService
from athena.shares.schemas import ShareableType
from athena.threads.schemas import ThreadUpdate
from athena.threads.service import ThreadService
from athena.workflow_executions.service import WorkflowExecutionService
from athena.workflow_executions.starting import Request
from athena.workflows.interface import input_schema
from athena.workflows.schemas import WorkflowUpdate
from athena.workflows.service import WorkflowService

Model = TypeVar("Model", bound=BaseModel)
Given = Mapping[str, Any]


class Shareable(ABC):
    """One type. The session's scope and ``access`` are those of the workspace that owns it."""

    type: ClassVar[ShareableType]
    share: ClassVar[Permission]
    """What who shares it needs, in its workspace."""
    uses: ClassVar[Mapping[str, Permission]]
    """What a member of a workspace with which it is shared needs there, for each thing that is done with it."""
    editable: ClassVar[frozenset[str]]
    runnable: ClassVar[frozenset[str]]

    def __init__(self, session: Session, access: Access, labels: Given | None = None) -> None:
        """``labels`` are kept with every run of it."""
        self.session = session
        self.access = access
        self.labels = labels or {}

    @abstractmethod
    async def get(self, uuid: UUID) -> Row:
        """Its row."""

    @abstractmethod
    async def show(self, row: Row, *, edits: bool) -> dict[str, Any]:
        """What a grantee sees of it; ``edits``: one who may change it."""

    @abstractmethod
    async def change(self, uuid: UUID, changes: Given, revision: int | None) -> Row:
        """Changes it."""

    @abstractmethod
    async def start(self, runs: RunService, uuid: UUID, given: Given) -> UUID:
        """Accepts a run of it; the run's uuid."""

    async def update(self, uuid: UUID, changes: Given, revision: int | None) -> Row:
        """Changes those of its fields that a grantee may change."""
        _refuse(changes.keys() - self.editable, f"Not to be changed in a shared {self.type}.")
        return await self.change(uuid, changes, revision)

    async def run(self, runs: RunService, uuid: UUID, given: Given) -> UUID:
        """Runs it with what its type takes."""
        _refuse(given.keys() - self.runnable, f"Not for a shared {self.type}.")
        return await self.start(runs, uuid, given)


class SharedAgent(Shareable):
    """An agent: what it is for, and with the permission to edit how it is set up; never its account."""

    type = "agent"
    share = Permission.AGENTS_SHARE
    uses: ClassVar = {
        "view": Permission.AGENTS_VIEW,
        "run": Permission.AGENTS_RUN,
        "edit": Permission.AGENTS_UPDATE,
    }
    editable = frozenset({"name", "description", "tags", "model", "system_prompt", "metadata"})
    runnable = frozenset({"input", "messages", "variables"})

    async def get(self, uuid: UUID) -> Row:
        """Its row."""
        return await AgentService(self.session, self.access).get(uuid)

    async def show(self, row: Row, *, edits: bool) -> dict[str, Any]:
        """What a grantee sees of it."""
        shown = {**_named(row), "description": row["description"], "tags": row["tags"]}
        if edits:
            shown |= {name: row[name] for name in ("version", "model", "system_prompt")}
            shown["metadata"] = show_metadata(row["metadata"])
        return shown

    async def change(self, uuid: UUID, changes: Given, revision: int | None) -> Row:
        """Changes it."""
        return await AgentService(self.session, self.access).update(uuid, _read(AgentUpdate, changes), revision)

    async def start(self, runs: RunService, uuid: UUID, given: Given) -> UUID:
        """Has it answer, in no thread."""
        if not isinstance(given.get("input", ""), str | None):
            raise ValidationFailed.of("input", "Give a text.")
        return await runs.run_agent(uuid, _read(AgentRun, given))


class SharedPrompt(Shareable):
    """A prompt: its text and variables, and with the permission to edit its settings."""

    type = "prompt"
    share = Permission.PROMPTS_SHARE
    uses: ClassVar = {
        "view": Permission.PROMPTS_VIEW,
        "run": Permission.PROMPTS_RUN,
        "edit": Permission.PROMPTS_UPDATE,
    }
    editable = frozenset({"name", "description", "tags", "content", "variables", "model", "metadata"})
    runnable = frozenset({"variables"})

    async def get(self, uuid: UUID) -> Row:
        """Its row."""
        return await PromptService(self.session, self.access).get(uuid)

    async def show(self, row: Row, *, edits: bool) -> dict[str, Any]:
        """What a grantee sees of it."""
        plain = ("description", "tags", "content", "variables", "version")
        shown = {**_named(row), **{name: row[name] for name in plain}}
        if edits:
            shown |= {"model": row["model"], "metadata": show_metadata(row["metadata"])}
        return shown

    async def change(self, uuid: UUID, changes: Given, revision: int | None) -> Row:
        """Changes it."""
        return await PromptService(self.session, self.access).update(uuid, _read(PromptUpdate, changes), revision)

    async def start(self, runs: RunService, uuid: UUID, given: Given) -> UUID:
        """Has its text answered, with values for its variables."""
        return await run_prompt(self.session, self.access, runs, uuid, _read(PromptRun, given))


class SharedThread(Shareable):
    """A thread: what was said in it, and with the permission to edit its settings."""

    type = "thread"
    share = Permission.THREADS_SHARE
    uses: ClassVar = {
        "view": Permission.THREADS_VIEW,
        "run": Permission.THREADS_RUN,
        "edit": Permission.THREADS_UPDATE,
    }
    editable = frozenset({"name", "metadata"})
    runnable = frozenset({"message"})

    async def get(self, uuid: UUID) -> Row:
        """Its row."""
        return await ThreadService(self.session, self.access).get(uuid)

    async def show(self, row: Row, *, edits: bool) -> dict[str, Any]:
        """What a grantee sees of it."""
        said = (await MessageService(self.session, self.access).of_threads([row["uuid"]]))[row["uuid"]]
        messages = [_message(each) for each in said if each["role"] in {"user", "assistant"}]
        shown = {**_named(row), "messages": messages}
        return shown | ({"metadata": show_metadata(row["metadata"])} if edits else {})

    async def change(self, uuid: UUID, changes: Given, revision: int | None) -> Row:
        """Changes it."""
        return await ThreadService(self.session, self.access).update(uuid, _read(ThreadUpdate, changes), revision)

    async def start(self, runs: RunService, uuid: UUID, given: Given) -> UUID:
        """Says something in it, and has it answered."""
        if given.get("message") is None:
            raise ValidationFailed.of("message", "Say something to the thread.")
        return await runs.run_thread(uuid, _read(ThreadRun, given))


class SharedWorkflow(Shareable):
    """A workflow: what it takes and gives; never its graph, nor what its nodes are set up with."""

    type = "workflow"
    share = Permission.WORKFLOWS_SHARE
    uses: ClassVar = {
        "view": Permission.WORKFLOWS_VIEW,
        "run": Permission.WORKFLOWS_RUN,
        "edit": Permission.WORKFLOWS_UPDATE,
    }
    # Not the graph: its nodes can use every account and secret of the workspace.
    editable = frozenset({"name", "description", "tags"})
    runnable = frozenset({"input", "variables"})

    async def get(self, uuid: UUID) -> Row:
        """Its row."""
        return await WorkflowService(self.session, self.access).get(uuid)

    async def show(self, row: Row, *, edits: bool) -> dict[str, Any]:
        """What a grantee sees of it."""
        shown = {**_named(row), "description": row["description"], "tags": row["tags"]}
        shown["variables"] = [{**each, "options": None} for each in row["variables"] if _is_asked(each)]
        shown["input_schema"] = input_schema(dict(row))
        shown["output_schema"] = row["settings"].get("output_schema")
        return shown | ({"version": row["version"]} if edits else {})

    async def change(self, uuid: UUID, changes: Given, revision: int | None) -> Row:
        """Changes it."""
        return await WorkflowService(self.session, self.access).update(uuid, _read(WorkflowUpdate, changes), revision)

    async def start(self, runs: RunService, uuid: UUID, given: Given) -> UUID:  # noqa: ARG002 - executions have their own service
        """Runs it as it is now, unless it was switched off."""
        workflow = await WorkflowService(self.session, self.access).to_run(uuid)
        if workflow["status"] == "inactive":
            raise Conflict("The workflow is inactive.", code="workflow_inactive")
        asked = {each["name"] for each in workflow["variables"] if _is_asked(each)}
        variables = given.get("variables", {})
        _refuse({f"variables.{name[:64]}" for name in variables.keys() - asked}, "A run does not give this variable.")
        request = Request("api", given.get("input"), variables=variables, labels=self.labels)
        try:
            return await WorkflowExecutionService(self.session, self.access).accept(workflow, request)
        except ValidationFailed as error:
            if all(path.partition(".")[0] in self.runnable for path in error.errors or ()):
                raise
            raise Conflict(error.detail, code="workflow_invalid") from error


SHAREABLES: Mapping[str, type[Shareable]] = {
    each.type: each for each in (SharedAgent, SharedPrompt, SharedThread, SharedWorkflow)
}


def _is_asked(variable: Given) -> bool:
    """Whether a run gives the variable. What has a default is the owner's: it may be where secrets are sent to."""
    return variable["default"] is None


def _named(row: Row) -> dict[str, Any]:
    return {"uuid": row["uuid"], "updated_at": clock.rfc3339(row["updated_at"]), "name": row["name"]}


def _message(message: Given) -> dict[str, Any]:
    """A message without what it was made with: its text, whose it is, and where it stands."""
    content = message["content"]
    if not isinstance(content, str):
        content = "\n\n".join(part["text"] for part in content if part["type"] == "text")
    plain = ("uuid", "parent_uuid", "created_at", "role", "status")
    return {**{name: message[name] for name in plain}, "content": content}


def _read(model: type[Model], values: Given) -> Model:
    """``values`` as the type's own input, whose rules they have to keep."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for issue in error.errors(include_url=False):
            path = ".".join(str(part) for part in issue["loc"]) or "body"
            errors.setdefault(path, []).append(issue["msg"].removeprefix("Value error, ").rstrip(".") + ".")
        path, messages = next(iter(errors.items()))
        raise ValidationFailed(f"{path}: {messages[0]}", errors=errors) from error


def _refuse(names: set[str], why: str) -> None:
    if names:
        raise ValidationFailed(f"{min(names)}: {why}", errors={name: [why] for name in sorted(names)})
