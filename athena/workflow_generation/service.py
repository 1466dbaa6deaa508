"""The rules of generation: a model drafts, is shown what is wrong, and drafts again, up to a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import orjson

from athena.accounts.service import Connections
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import UpstreamFailed
from athena.large_language_models.service import resolve
from athena.llm.structured import Schema
from athena.llm.types import Message, ModelRequest
from athena.node_types.asking import Model, Payer
from athena.node_types.base import NodeFailed
from athena.node_types.failures import upstream
from athena.node_types.registry import node_types
from athena.node_types.structured import ask_for_json
from athena.permissions import Permission
from athena.workflow_generation.catalogue import DRAFT, instructions
from athena.workflow_generation.drafts import Draft, DraftRefused, read_draft
from athena.workflow_generation.schemas import WorkflowGeneration
from athena.workflows import comparison
from athena.workflows.schemas import WorkflowUpdate
from athena.workflows.service import VERSIONED, WorkflowService

SECONDS: Final = 300.0
MAXIMUM_TOKENS: Final = 16_000
CHANGE: Final = "This is a workflow:\n{workflow}\n\nChange it so that the following holds, and answer with the whole:\n"
WRONG: Final = "That draft cannot be used:\n{problems}\n\nAnswer again, with the whole workflow, corrected."


class GenerationService:
    """Drafts workflows for the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._workflows = WorkflowService(session, access)

    async def generate(self, given: WorkflowGeneration) -> tuple[dict[str, Any], Row | None]:
        """A workflow as it is described, and its row if it was to be saved. Holds no connection meanwhile."""
        if given.save:
            needed = Permission.WORKFLOWS_UPDATE if given.workflow_uuid else Permission.WORKFLOWS_CREATE
            self._access.require(needed)
        present = None if given.workflow_uuid is None else await self._workflows.get(given.workflow_uuid)
        model = await self._model(given)
        await self._session.commit()
        draft, repairs = await self._draft(model, _asked(given, present, model.name), given.max_repairs)
        row = await self._save(draft, present) if given.save else None
        return _shown(draft, row, present, model, repairs), row

    async def _model(self, given: WorkflowGeneration) -> Model:
        connections = self._session.provided(Connections)
        found = await resolve(
            self._session,
            connections,
            self._access.workspace_uuid,
            model=given.model,
            account_uuid=given.account_uuid,
        )
        return Model(connections, found, SECONDS, Payer.caller(self._session, self._access))

    async def _draft(self, model: Model, request: ModelRequest, max_repairs: int) -> tuple[Draft, int]:
        """The first draft that holds; what is wrong with the ones before it goes back to the model."""
        schema = Schema(DRAFT)
        repairs = 0
        while True:
            try:
                answer = await ask_for_json(model, request, schema, max_repairs - repairs)
            except NodeFailed as error:
                raise upstream(error) from error
            repairs += answer.repairs
            try:
                return await read_draft(answer.value), repairs
            except DraftRefused as refused:
                if repairs >= max_repairs:
                    raise UpstreamFailed(
                        f"The model's workflow has problems after {repairs} repairs: {refused}", code="invalid_workflow"
                    ) from refused
                wrong = WRONG.format(problems="\n".join(f"- {problem}" for problem in refused.problems))
                said = (Message("assistant", answer.completed.text), Message("user", wrong))
                request = _with(request, said)
                repairs += 1

    async def _save(self, draft: Draft, present: Row | None) -> Row:
        if present is None:
            return await self._workflows.create(draft.workflow)
        changes = {name: getattr(draft.workflow, name) for name in VERSIONED if name != "settings"}
        return await self._workflows.update(present["uuid"], WorkflowUpdate(**changes), present["revision"])


def _asked(given: WorkflowGeneration, present: Row | None, model: str) -> ModelRequest:
    text = given.description
    if present is not None:
        parts = {name: present[name] for name in ("name", "description", "nodes", "edges", "variables")}
        text = CHANGE.format(workflow=orjson.dumps(parts).decode()) + text
    return ModelRequest(
        model=model,
        messages=(Message("user", text),),
        system=instructions(node_types()),
        max_tokens=MAXIMUM_TOKENS,
    )


def _with(request: ModelRequest, said: tuple[Message, ...]) -> ModelRequest:
    return msgspec.structs.replace(request, messages=(*request.messages, *said))


def _shown(draft: Draft, row: Row | None, present: Row | None, model: Model, repairs: int) -> dict[str, Any]:
    values: Mapping[str, Any] = draft.workflow.model_dump(mode="json")
    parts = {name: values[name] for name in VERSIONED}
    changes = None
    if present is not None:
        parts["settings"] = present["settings"]
        before = {name: present[name] for name in VERSIONED}
        changes = comparison.in_words(comparison.compare(before, parts))
    saved = row if row is not None else present
    usage = model.usage
    return {
        "uuid": None if saved is None else saved["uuid"],
        "created_at": None if saved is None else saved["created_at"],
        "updated_at": None if saved is None else saved["updated_at"],
        "name": values["name"] if present is None else present["name"],
        "description": values["description"] if present is None else present["description"],
        "status": "draft" if saved is None else saved["status"],
        **parts,
        "version": None if saved is None else saved["version"],
        "tags": [] if saved is None else saved["tags"],
        "generation": {
            "model": model.name,
            "repairs": repairs,
            "usage": {
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "cost": usage.cost,
            },
            "dry_run_output": draft.output,
            "changes": changes,
        },
    }
