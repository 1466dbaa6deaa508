"""What a text with expressions comes to with the data of an execution, shown while somebody writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import orjson

from athena.engine.events import encode
from athena.expressions import ExpressionError, Template, compile_text
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.node_types.registry import node_types
from athena.permissions import Permission
from athena.variables import service as workspace_variables
from athena.workflow_executions.data import Nodes, Told, Value, gather
from athena.workflow_executions.journal import REDACTED, Path
from athena.workflow_executions.repository import WorkflowExecutionRepository
from athena.workflow_executions.schemas import ExpressionPreview
from athena.workflows.configuration import NAMES, SECRETS
from athena.workflows.service import WorkflowService

SHOWN: Final = 16_384
"""Bytes of JSON of a value that are shown; of a longer one there is its begin."""
BEGIN: Final = 1_000

References = frozenset[tuple[str, ...]]


async def preview(session: Session, access: Access, workflow_uuid: UUID, asked: ExpressionPreview) -> dict[str, Any]:
    """The value, or why there is none; :class:`athena.kit.errors.NotFound` without the workflow or the execution."""
    workflow = await WorkflowService(session, access).get(workflow_uuid)
    try:
        template = compile_text(asked.text, NAMES | {SECRETS} if asked.takes_secrets else NAMES)
        items = None if asked.items is None else compile_text(asked.items, NAMES)
    except ExpressionError as error:
        return _fault(error.message, error.position)
    references: References = template.references if items is None else template.references | items.references
    scope: dict[str, Any] = {
        "nodes": {},
        "variables": {each["name"]: each["default"] for each in workflow["variables"]},
        "workflow": {"uuid": str(workflow_uuid), "name": workflow["name"], "version": workflow["version"]},
        "workspace": {"uuid": str(access.workspace_uuid), "variables": await _variables(session, access)},
        SECRETS: {name[1]: f"[secret:{name[1]}]" for name in references if name[0] == SECRETS and len(name) > 1},
    }
    if asked.execution_uuid is not None:
        access.require(Permission.WORKFLOW_EXECUTIONS_VIEW)
        past = _Past(session, access, workflow_uuid, asked.execution_uuid, references)
        await past.add_to(scope, asked)
    scope["nodes"] |= {name: {"output": value} for name, value in asked.nodes.items()}
    if asked.input_node_id in scope["nodes"] and (asked.input_node_id in asked.nodes or "input" not in scope):
        scope["input"] = scope["nodes"][asked.input_node_id]["output"]
    await session.commit()
    return await asyncio.to_thread(_evaluated, template, items, references, scope)


async def _variables(session: Session, access: Access) -> dict[str, Any]:
    if Permission.VARIABLES_VIEW not in access.permissions:
        return {}
    return dict((await workspace_variables.load(session, access.workspace_uuid, ())).variables)


def _evaluated(template: Template, items: Template | None, references: References, scope: dict[str, Any]) -> Any:
    try:
        if items is not None:
            found = items.evaluate(scope)
            if isinstance(found, list) and found:
                scope = {**scope, "item": found[0], "index": 0}
        value = template.evaluate(scope)
    except ExpressionError as error:
        unknown = _unknown(references, scope)
        if unknown is not None:
            return _fault(f"Nothing is known yet of {unknown}: run the workflow, or pin outputs.", None, "no_data")
        return _fault(error.message, error.position)
    text = encode(value).encode()
    if len(text) > SHOWN:
        value = {"truncated": True, "size": len(text), "begin": text[:BEGIN].decode(errors="ignore")}
    return {"value": value, "error": None}


def _unknown(references: References, scope: Mapping[str, Any]) -> str | None:
    """What is read of which there are no data."""
    for name, *keys in sorted(references):
        if name not in scope:
            return name
        if name == "nodes" and keys and keys[0] not in scope["nodes"]:
            return f"what {keys[0]} gives"
    return None


def _fault(message: str, position: int | None, code: str = "expression_error") -> dict[str, Any]:
    return {"value": None, "error": {"code": code, "message": message, "position": position}}


class _Past:
    """What an execution tells of what expressions may name, at one node in one pass."""

    def __init__(
        self, session: Session, access: Access, workflow_uuid: UUID, uuid: UUID, references: References
    ) -> None:
        self._session = session
        self._access = access
        self._executions = WorkflowExecutionRepository(session, access.workspace_uuid)
        self._workflow_uuid = workflow_uuid
        self._uuid = uuid
        self._references = references

    async def add_to(self, scope: dict[str, Any], asked: ExpressionPreview) -> None:
        """Adds what is known of the execution."""
        row = await self._executions.begun_with(self._uuid)
        if row["workflow_uuid"] != str(self._workflow_uuid):
            raise self._executions.not_found()
        scope |= self._begun(row, scope)
        path = await self._path(asked)
        texts = [encode(path[:depth]) for depth in range(len(path) + 1)]
        events = await self._executions.events_at(self._uuid, texts)
        told = gather(((each["id"], each["type"], orjson.loads(each["data"])) for each in events), _place)
        nodes = await self._nodes(row)
        for name, at in told:
            for value in list(nodes.outputs(name, at, told).values())[:1]:
                await self._put(scope["nodes"], name, "output", value)
        if path:
            scope["index"] = path[-1]
            for value in _items(told, path):
                await self._put(scope, "item", None, value)
        if asked.node_id is not None:
            found = nodes.input(asked.node_id, path, told)
            if found is not None:
                await self._put(scope, "input", None, found)

    @staticmethod
    def _begun(row: Row, scope: Mapping[str, Any]) -> dict[str, Any]:
        begun = row["begun"]
        if row["redacted"]:
            begun = {**{name: begun[name] for name in ("type", "at", "node_id")}, "input": REDACTED}
        execution = {
            "uuid": str(row["uuid"]),
            "started_at": row["accepted_at"],
            "trigger": row["trigger"],
            "test": row["test"],
        }
        return {
            "trigger": begun,
            "variables": {**scope["variables"], **row["variables"]},
            "execution": execution,
            "workspace": {
                **scope["workspace"],
                "variables": {**scope["workspace"]["variables"], **row["workspace_variables"]},
            },
        }

    async def _path(self, asked: ExpressionPreview) -> Path:
        """The pass that is meant, or else the first one of the node or of what leads to it."""
        if asked.path is not None:
            return tuple(asked.path)
        for name in (asked.node_id, asked.input_node_id):
            found = [] if name is None else await self._executions.passes(self._uuid, name, None, None)
            if found:
                return tuple(orjson.loads(found[0]))
        return ()

    async def _nodes(self, row: Row) -> Nodes:
        versions = await WorkflowService(self._session, self._access).some_versions(
            [(self._workflow_uuid, row["workflow_version"])]
        )
        nodes, edges = (versions[0]["nodes"], versions[0]["edges"]) if versions else ((), ())
        return Nodes(nodes, edges, node_types(), ended=row["finished_at"] is not None)

    async def _put(self, target: dict[str, Any], name: str, key: str | None, value: Value) -> None:
        """Puts a value in its place; the whole of a long one only where it is read, and only if it was kept."""
        data = value.data
        if _is_begin(data):
            if not (value.is_cut and self._is_read(*([name] if key is None else ["nodes", name]))):
                return
            event_id, _, port = value.url.partition(".")
            text = await self._executions.kept_value(self._uuid, int(event_id), port)
            if text is None:
                return
            data = orjson.loads(text)
        target[name] = data if key is None else {key: data}

    def _is_read(self, *place: str) -> bool:
        return any(name[: len(place)] == place or name == place[:1] for name in self._references)


def _place(event_id: int, port: str) -> str:
    return f"{event_id}.{port}"


def _items(told: Mapping[tuple[str, Path], Told], path: Path) -> Iterable[Value]:
    """The item of a pass: what the first nodes of the loop's body found."""
    return [each.input for (_, at), each in told.items() if at == path and each.input is not None][:1]


def _is_begin(data: Any) -> bool:
    return isinstance(data, dict) and data.keys() == {"truncated", "size", "begin"}
