"""The rules of workflows: what may be active, and what becomes a version."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.config import Settings
from athena.engine import Engine
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.node_types.registry import node_types
from athena.users import service as users
from athena.workflows import comparison
from athena.workflows.documents import from_document, to_document
from athena.workflows.graph import Graph, compile_graph
from athena.workflows.graph_schemas import Edge, GraphProblem, Node, WorkflowVariable
from athena.workflows.interface import openapi_of
from athena.workflows.outside import problems_outside
from athena.workflows.repository import WorkflowRepository, WorkflowVersionRepository
from athena.workflows.schemas import Status, WorkflowCreate, WorkflowImport, WorkflowUpdate
from athena.workflows.triggers import schedules, sync_triggers
from athena.workflows.webhooks import describe_webhook

RELATIONS = ("creator", "versions")
VERSION_RELATIONS = ("creator",)
VERSIONED = ("nodes", "edges", "variables", "settings")
"""What a workflow does; a change of any of it is a version."""
TOKEN_BYTES = 24

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name", "description"),
    filters={"creator_uuid": UUID, "status": Status, "name": str, "tag": str},
    columns={"tag": "tags @> jsonb_build_array({}::text)"},
    relations=RELATIONS,
)
VERSION_LIST = ListOptions(
    sortable={"number": "number", "created_at": "uuid"},
    filters={"creator_uuid": UUID},
    relations=VERSION_RELATIONS,
    default_sort="-number",
)


class WorkflowService:
    """The workflows of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._workflows = WorkflowRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of workflows."""
        return await self._workflows.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One workflow; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._workflows.get(uuid)

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """The workflows that exist among ``uuids``, as the API shows them."""
        base_url = self._session.provided(Settings).base_url
        return {uuid: present(row, base_url) for uuid, row in (await self._workflows.by_ids(uuids)).items()}

    async def some_versions(self, wanted: Sequence[tuple[UUID, int]]) -> list[Row]:
        """The graphs of these workflows and versions, as far as they exist."""
        return await self._workflows.some_versions(wanted)

    async def to_run(self, uuid: UUID) -> Row:
        """What starting an execution needs to know of one, without its graph."""
        return await self._workflows.to_run(uuid)

    async def create(self, given: WorkflowCreate) -> Row:
        """Stores a new workflow of the caller, and its first version."""
        values = given.model_dump(mode="json", exclude={"with_"})
        row = await self._workflows.insert(
            {
                "uuid": new_uuid(),
                **values,
                "version": 1,
                "problems": await self._checked(values, given.status, {}),
                "webhook_token": secrets.token_urlsafe(TOKEN_BYTES),
                "creator_uuid": self._access.user_uuid,
            }
        )
        await self._keep_version(row)
        if row["status"] == "active":
            await sync_triggers(self._session, self._access.workspace_uuid, row)
        return row

    async def update(self, uuid: UUID, given: WorkflowUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names. What is active, must have no problems."""
        present_row = await self._workflows.locked(uuid)
        named = given.model_fields_set - {"with_"}
        return await self._change(present_row, given.model_dump(mode="json", include=named), revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a workflow with its versions, and cancels what is unfinished of it. Ended executions stay."""
        self._workflows.check_revision(await self._workflows.locked(uuid), revision)
        engine = self._session.provided(Engine)
        for run_uuid in await self._workflows.lock_unfinished_runs(uuid):
            await engine.cancel(self._session, self._access.workspace_uuid, run_uuid)
        await self._workflows.delete(uuid)

    async def versions(self, uuid: UUID, query: ListQuery) -> RowPage:
        """One page of a workflow's versions."""
        await self._workflows.get(uuid)
        return await self._versions(uuid).page(query)

    async def version(self, uuid: UUID, number: int) -> Row:
        """A workflow as of that version."""
        return await self._versions(uuid).numbered(number)

    async def restore(self, uuid: UUID, number: int, revision: int | None) -> Row:
        """Makes a workflow again what it was, as a new version."""
        present_row = await self._workflows.locked(uuid)
        version = await self._versions(uuid).numbered(number)
        return await self._change(present_row, {name: version[name] for name in VERSIONED}, revision)

    async def compare(self, uuid: UUID, before: int, after: int) -> dict[str, Any]:
        """What changed from one version to another."""
        versions = self._versions(uuid)
        changes = comparison.compare(dict(await versions.numbered(before)), dict(await versions.numbered(after)))
        return {"before": before, "after": after, "changes": changes, "summary": comparison.in_words(changes)}

    async def document(self, uuid: UUID) -> dict[str, Any]:
        """A workflow as a document."""
        row = dict(await self._workflows.get(uuid))
        return to_document(row, compiled(row)[0])

    async def bring_in(self, given: WorkflowImport) -> Row:
        """Stores what a document describes, as a draft."""
        described = from_document(given.document)
        name = described.name if given.name is None else given.name
        return await self.create(described.model_copy(update={"name": name, "status": "draft"}))

    async def interface(self, uuid: UUID) -> dict[str, Any]:
        """The workflow's own OpenAPI document."""
        row = dict(await self._workflows.get(uuid))
        return openapi_of(row, self._session.provided(Settings).base_url)

    async def _change(self, present_row: Row, changes: Mapping[str, Any], revision: int | None) -> Row:
        self._workflows.check_revision(present_row, revision)
        changed = any(changes[name] != present_row[name] for name in VERSIONED if name in changes)
        after = {**present_row, **changes}
        problems = present_row["problems"]
        if changed or not present_row["status"] == after["status"] == "active":
            problems = await self._checked(after, after["status"], schedules(present_row))
        row = await self._workflows.update(
            present_row["uuid"], {**changes, "version": present_row["version"] + changed, "problems": problems}
        )
        if changed:
            await self._keep_version(row)
        if "active" in {row["status"], present_row["status"]} and (changed or row["status"] != present_row["status"]):
            await sync_triggers(self._session, self._access.workspace_uuid, row)
        return row

    async def _checked(self, parts: Mapping[str, Any], status: str, running: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What keeps a workflow from being active; :class:`ValidationFailed` when it is to be so all the same."""
        graph, problems = compiled(parts)
        problems += await problems_outside(self._session, self._access.workspace_uuid, graph, running)
        if problems and status == "active":
            errors: dict[str, list[str]] = {}
            for problem in problems:
                errors.setdefault(_path(problem), []).append(problem.message)
            path, messages = next(iter(errors.items()))
            raise ValidationFailed(f"{path}: {messages[0]}", code="workflow_invalid", errors=errors)
        return [problem.model_dump() for problem in problems]

    async def _keep_version(self, row: Row) -> None:
        await self._versions(row["uuid"]).insert(
            {
                "uuid": new_uuid(),
                "number": row["version"],
                "creator_uuid": self._access.user_uuid,
                **{name: row[name] for name in VERSIONED},
            }
        )

    def _versions(self, uuid: UUID) -> WorkflowVersionRepository:
        return WorkflowVersionRepository(self._session, self._access.workspace_uuid, uuid)

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        base_url = self._session.provided(Settings).base_url
        items = [present(row, base_url) for row in rows]
        if "creator" in relations:
            await self._add_creators(items, rows)
        if "versions" in relations:
            kept: dict[UUID, list[dict[str, Any]]] = {row["uuid"]: [] for row in rows}
            for version in await self._workflows.last_versions(list(kept)):
                created_at = clock.rfc3339(version["created_at"])
                kept[version["workflow_uuid"]].append({"number": version["number"], "created_at": created_at})
            for item, row in zip(items, rows, strict=True):
                item["versions"] = kept[row["uuid"]]
        return items

    async def show_versions(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """As :meth:`show`, for versions."""
        items = [_present_version(row) for row in rows]
        if "creator" in relations:
            await self._add_creators(items, rows)
        return items

    async def _add_creators(self, items: Sequence[dict[str, Any]], rows: Sequence[Row]) -> None:
        found = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
        for item, row in zip(items, rows, strict=True):
            item["creator"] = found.get(row["creator_uuid"])


def compiled(parts: Mapping[str, Any]) -> tuple[Graph, list[GraphProblem]]:
    """The graph of a workflow or a version, as it is stored."""
    retry = parts["settings"].get("retry")
    nodes = [Node.model_validate({**node, "retry": node.get("retry") or retry}) for node in parts["nodes"]]
    edges = [Edge.model_validate(edge) for edge in parts["edges"]]
    variables = [WorkflowVariable.model_validate(variable) for variable in parts["variables"]]
    return compile_graph(nodes, edges, variables, node_types())


def _path(problem: GraphProblem) -> str:
    """Where a problem lies, as the errors of a request name it."""
    place = [f"nodes.{problem.node_id}"] if problem.node_id else [f"edges.{problem.edge_id}"] if problem.edge_id else []
    position = f"@{problem.position}" if problem.position is not None else ""
    return ".".join([*(place or ["nodes"]), *([problem.path] if problem.path else [])]) + position


def present(row: Row, base_url: str) -> dict[str, Any]:
    """A workflow's row as the API shows it, without relations."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "description": row["description"],
        "status": row["status"],
        **{name: row[name] for name in VERSIONED},
        "problems": row["problems"],
        "webhook": describe_webhook(dict(row), base_url),
        "version": row["version"],
        "tags": row["tags"],
        "creator": None,
        "versions": None,
    }


def _present_version(row: Row) -> dict[str, Any]:
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "workflow_uuid": row["workflow_uuid"],
        "number": row["number"],
        **{name: row[name] for name in VERSIONED},
        "creator": None,
    }
