"""Begins to train an agent, and dies at the crash point that its environment names."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any
from uuid import UUID

from athena.config import Settings
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Scope
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.process import opened
from athena.training import learning
from athena.training.schemas import AgentTraining
from athena.training.service import AgentSourceService


async def main(given: dict[str, Any]) -> None:
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        data_dir=given["data_dir"],
        secret_key=given["secret_key"],
        local_model="none",
        lease_seconds=5,
        log_level="error",
    )
    workspace_uuid, user_uuid = WorkspaceId(UUID(given["workspace_uuid"])), UUID(given["user_uuid"])
    access = Access(workspace_uuid, user_uuid, Role.OWNER, frozenset(ROLE_PERMISSIONS[Role.OWNER]))
    learning.BATCH = given["batch"]
    async with opened(settings, given["url"]) as process:
        async with process.database.session(Scope(workspace_uuid, user_uuid)) as session:
            body = AgentTraining.model_validate({"sources": given["sources"]})
            run_uuid = await AgentSourceService(session, access).train(UUID(given["agent_uuid"]), body)
        await process.engine.result(workspace_uuid, run_uuid, 30)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.read())))
    os._exit(0)
