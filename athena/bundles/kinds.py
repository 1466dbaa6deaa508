"""The kinds of resources that a bundle holds: how each is read, checked, made and changed, by its own service."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, cast
from uuid import UUID

import orjson

from athena.agents.schemas import AgentCreate, AgentUpdate
from athena.agents.service import AgentService
from athena.bundles.references import without_secrets
from athena.guardrails.schemas import GuardrailCreate, GuardrailUpdate
from athena.guardrails.service import GuardrailService
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.schemas import Input
from athena.permissions import Permission
from athena.prompts.schemas import PromptCreate, PromptUpdate
from athena.prompts.service import PromptService
from athena.tools.schemas import ToolCreate, ToolUpdate
from athena.tools.service import ToolService
from athena.workflows.schemas import WorkflowCreate, WorkflowUpdate
from athena.workflows.service import WorkflowService

Spec = dict[str, Any]


class Present(NamedTuple):
    """A resource as it is: its spec, with ids, and its revision."""

    spec: Spec
    revision: int


class KindService(ABC):
    """The resources of one kind in the caller's workspace, as specs."""

    model: ClassVar[type[Input]]
    view: ClassVar[Permission]
    create_permission: ClassVar[Permission]
    update_permission: ClassVar[Permission]
    left_out: ClassVar[frozenset[str]] = frozenset({"with_"})
    """Fields of the model that no bundle carries."""
    fixed: ClassVar[frozenset[str]] = frozenset()
    """Fields that stay what they were made with."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access

    def checked(self, spec: Mapping[str, Any]) -> Input:
        """What creates the resource; :class:`pydantic.ValidationError` says what is wrong with ``spec``."""
        return self.model.model_validate_json(orjson.dumps(spec, default=str))

    def normal(self, spec: Mapping[str, Any]) -> Spec:
        """``spec`` without what is usual, so that two that mean the same are equal."""
        return self.shown(self.checked(spec).model_dump(mode="json", by_alias=True, exclude_defaults=True))

    def shown(self, dumped: Spec) -> Spec:
        """``dumped`` without what no bundle carries."""
        return {name: value for name, value in dumped.items() if name not in self.left_out and name != "with"}

    def full(self, spec: Mapping[str, Any]) -> Spec:
        """``spec`` with every field, as a change of all of them."""
        return self.shown(self.checked(spec).model_dump(mode="json", by_alias=True))

    @abstractmethod
    async def present(self, uuid: UUID) -> Present:
        """A resource as it is; :class:`athena.kit.errors.NotFound` when there is none."""

    @abstractmethod
    async def create(self, spec: Mapping[str, Any]) -> UUID:
        """Makes one; its uuid."""

    @abstractmethod
    async def update(self, uuid: UUID, spec: Mapping[str, Any], present: Present) -> UUID:
        """Has it be as ``spec`` says, in every field; its uuid, which may be another one."""

    async def find(self, uuid: UUID) -> Present | None:
        """As :meth:`present`; ``None`` when there is none."""
        try:
            return await self.present(uuid)
        except NotFound:
            return None


class RowKind(KindService):
    """Of resources whose row has the columns of their Create model."""

    update_model: ClassVar[type[Input]]
    service: ClassVar[type[Any]]
    merged: ClassVar[frozenset[str]] = frozenset()
    """Fields of which an update changes the keys that it names."""

    async def present(self, uuid: UUID) -> Present:
        """See :class:`KindService`."""
        row: Row = await self._service.get(uuid)
        names = [name for name in self.model.model_fields if name in row and name not in self.left_out]
        return Present(without_secrets(self.normal({name: row[name] for name in names})), row["revision"])

    async def create(self, spec: Mapping[str, Any]) -> UUID:
        """See :class:`KindService`."""
        row: Row = await self._service.create(self.checked(spec))
        return row["uuid"]

    async def update(self, uuid: UUID, spec: Mapping[str, Any], present: Present) -> UUID:
        """See :class:`KindService`."""
        await self._service.update(uuid, self.change(spec, present), present.revision)
        return uuid

    def change(self, spec: Mapping[str, Any], present: Present) -> Any:
        """The update that has everything be as ``spec`` says. An account that it does not name stays."""
        changes = self.full(spec)
        if "account_uuid" not in spec:
            changes.pop("account_uuid", None)
        for name in self.merged:
            gone = dict.fromkeys(present.spec.get(name, {}))
            changes[name] = {**gone, **changes[name]}
        known = {name: value for name, value in changes.items() if name in self.update_model.model_fields}
        return self.update_model.model_validate_json(orjson.dumps(known))

    @property
    def _service(self) -> Any:
        return self.service(self._session, self._access)


class Agents(RowKind):
    """Agents. Their avatar stays behind, since files do."""

    model, update_model, service = AgentCreate, AgentUpdate, AgentService
    view, create_permission = Permission.AGENTS_VIEW, Permission.AGENTS_CREATE
    update_permission = Permission.AGENTS_UPDATE
    left_out = frozenset({"with_", "avatar_uuid"})
    merged = frozenset({"metadata"})


class Prompts(RowKind):
    """Prompts."""

    model, update_model, service = PromptCreate, PromptUpdate, PromptService
    view, create_permission = Permission.PROMPTS_VIEW, Permission.PROMPTS_CREATE
    update_permission = Permission.PROMPTS_UPDATE
    merged = frozenset({"metadata"})


class Guardrails(RowKind):
    """Guardrails."""

    model, update_model, service = GuardrailCreate, GuardrailUpdate, GuardrailService
    view, create_permission = Permission.GUARDRAILS_VIEW, Permission.GUARDRAILS_CREATE
    update_permission = Permission.GUARDRAILS_UPDATE
    fixed = frozenset({"type"})


class Workflows(RowKind):
    """Workflows. They come as drafts, and one that is active stays so."""

    model, update_model, service = WorkflowCreate, WorkflowUpdate, WorkflowService
    view, create_permission = Permission.WORKFLOWS_VIEW, Permission.WORKFLOWS_CREATE
    update_permission = Permission.WORKFLOWS_UPDATE
    left_out = frozenset({"with_", "status"})

    def checked(self, spec: Mapping[str, Any]) -> Input:
        """As a draft, whatever ``spec`` says."""
        return super().checked({**spec, "status": "draft"})


class Tools(RowKind):
    """Tools. What a server must be asked is asked before anything is stored, since that takes a commit."""

    model, update_model, service = ToolCreate, ToolUpdate, ToolService
    view, create_permission = Permission.TOOLS_VIEW, Permission.TOOLS_CREATE
    update_permission = Permission.TOOLS_UPDATE
    fixed = frozenset({"type"})

    def __init__(self, session: Session, access: Access) -> None:
        super().__init__(session, access)
        self._prepared: dict[bytes, Any] = {}

    async def prepare(self, spec: Mapping[str, Any], uuid: UUID | None, present: Present | None) -> None:
        """Asks the tool's server, if it has one; to be called before anything is changed."""
        if not self._service.asks_server(spec["type"]):
            return
        if uuid is None or present is None:
            prepared = await self._service.prepare(cast("ToolCreate", self.checked(spec)))
        else:
            prepared = await self._service.prepare_update(uuid, self.change(spec, present), present.revision)
        self._prepared[_key(spec)] = prepared

    async def create(self, spec: Mapping[str, Any]) -> UUID:
        """See :class:`KindService`."""
        prepared = self._prepared.get(_key(spec))
        if prepared is None:
            return await super().create(spec)
        return (await self._service.store(prepared))["uuid"]

    async def update(self, uuid: UUID, spec: Mapping[str, Any], present: Present) -> UUID:
        """See :class:`KindService`."""
        prepared = self._prepared.get(_key(spec))
        if prepared is None:
            return await super().update(uuid, spec, present)
        await self._service.store_update(*prepared, present.revision)
        return uuid


def _key(spec: Mapping[str, Any]) -> bytes:
    return orjson.dumps(spec, option=orjson.OPT_SORT_KEYS)


ROW_KINDS: Final[Mapping[str, type[KindService]]] = {
    "tools": Tools,
    "guardrails": Guardrails,
    "prompts": Prompts,
    "agents": Agents,
    "workflows": Workflows,
}
FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "tool_uuid": ("tools",),
    "tool_uuids": ("tools",),
    "guardrail_uuids": ("guardrails",),
    "prompt_uuid": ("prompts",),
    "agent_uuid": ("agents",),
    "team_uuids": ("agents",),
    "workflow_uuid": ("workflows",),
    "error_workflow_uuid": ("workflows",),
    "account_uuid": ("accounts",),
    # Neither people nor files or conversations travel.
    **dict.fromkeys(("user_uuid", "user_uuids", "thread_uuid", "media_uuid", "creator_uuid"), ()),
}
"""Kinds that a field of this name can refer to; of other names, each."""
