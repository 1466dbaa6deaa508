"""Whom to tell of a task that changes, when nobody follows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from athena.dialects.a2a.errors import TaskNotFound
from athena.dialects.a2a.schemas import ConfigParams, ConfigsParams, PushConfig
from athena.dialects.a2a.service import A2AService
from athena.kit.db import Row
from athena.kit.errors import NotFound
from athena.permissions import Permission
from athena.webhooks.service import RunWebhookService

TOKEN_HEADER: Final = "X-A2A-Notification-Token"  # noqa: S105 - its name


async def create(service: A2AService, given: PushConfig) -> Mapping[str, Any]:
    """Stores a configuration, in place of what has its id; without one it has the task's."""
    service.access.require(Permission.AGENTS_RUN)
    row = await service.run(given.task_id)
    return await put(service, row["uuid"], given)


async def put(service: A2AService, run_uuid: UUID, given: PushConfig) -> Mapping[str, Any]:
    """As :func:`create`, of a run that is the agent's."""
    headers: dict[str, str] = {TOKEN_HEADER: given.token} if given.token else {}
    if given.authentication and given.authentication.credentials:
        headers["Authorization"] = f"{given.authentication.scheme} {given.authentication.credentials}"
    webhooks = RunWebhookService(service.session, service.access, run_uuid)
    return _shown(await webhooks.put(given.id or str(run_uuid), given.url, headers))


async def get(service: A2AService, given: ConfigParams) -> Mapping[str, Any]:
    """One configuration; what authenticates is shown to nobody."""
    service.access.require(Permission.RUNS_VIEW)
    webhooks = await _webhooks(service, given.task_id)
    try:
        return _shown(await webhooks.get(given.id))
    except NotFound:
        raise _unknown() from None


async def listed(service: A2AService, given: ConfigsParams) -> Mapping[str, Any]:
    """All of a task's: one page holds them."""
    service.access.require(Permission.RUNS_VIEW)
    webhooks = await _webhooks(service, given.task_id)
    return {"configs": [_shown(row) for row in await webhooks.every()], "nextPageToken": ""}


async def delete(service: A2AService, given: ConfigParams) -> Mapping[str, Any]:
    """Deletes a configuration; what was under way is not sent any more."""
    service.access.require(Permission.AGENTS_RUN)
    webhooks = await _webhooks(service, given.task_id)
    try:
        await webhooks.delete(given.id)
    except NotFound:
        raise _unknown() from None
    return {}


async def _webhooks(service: A2AService, task_id: str) -> RunWebhookService:
    return RunWebhookService(service.session, service.access, (await service.run(task_id))["uuid"])


def _shown(row: Row) -> dict[str, Any]:
    return {"id": row["name"], "taskId": str(row["run_uuid"]), "url": row["url"]}


def _unknown() -> TaskNotFound:
    return TaskNotFound("The task has no such configuration.")
