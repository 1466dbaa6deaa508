"""What can be named as a model."""

from __future__ import annotations

from typing import Any

from athena.accounts.service import Connections
from athena.dialects.named import ModelNotFound, meant
from athena.dialects.repository import NamedRepository
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.permissions import Permission


class NamedService:
    """The caller's agents, callable workflows and models, under one list of names."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._named = NamedRepository(session, access.workspace_uuid, access.reach)

    async def listed(self) -> list[dict[str, Any]]:
        """All that the caller may see: agents, workflows, models."""
        shown: list[dict[str, Any]] = []
        if Permission.AGENTS_VIEW in self._access.permissions:
            shown += map(_own, await self._named.agents())
        if Permission.WORKFLOWS_VIEW in self._access.permissions:
            shown += map(_own, await self._named.workflows())
        return shown + await self._models()

    async def one(self, name: str) -> dict[str, Any]:
        """One of them, by its id or by the slug of its name; :class:`ModelNotFound` if the caller sees none such."""
        found = await meant(self._session, self._access, name)
        if found.row is not None:
            needed = Permission.AGENTS_VIEW if found.kind == "agent" else Permission.WORKFLOWS_VIEW
            if needed in self._access.permissions:
                return _own(found.row)
            raise _unknown(name)
        model = next((each for each in await self._models() if each["id"] == name), None)
        if model is None:
            raise _unknown(name)
        return model

    async def _models(self) -> list[dict[str, Any]]:
        rows = {row["name"]: _model(row["name"], row["slug"], row) for row in await self._named.models()}
        local = self._session.provided(Connections).local
        if local is not None:
            rows.setdefault(local.model, _model(local.model, "local", None))
        return list(rows.values())


def _own(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["uuid"]),
        "object": "model",
        "created": int(row["created_at"].timestamp()),
        "owned_by": row["kind"],
        "name": row["name"],
        "slug": row["slug"],
    }


def _model(name: str, slug: str, row: Row | None) -> dict[str, Any]:
    created = 0 if row is None else int(row["created_at"].timestamp())
    return {"id": name, "object": "model", "created": created, "owned_by": slug}


def _unknown(name: str) -> ModelNotFound:
    return ModelNotFound(f"The model {name[:200]} does not exist, or you may not use it.")
