"""The rules of guardrails: how they are kept, found for an agent, and tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from athena.accounts.service import AccountService, Connections
from athena.guardrails.checking import Verdict, check
from athena.guardrails.configs import Action, GuardrailType, account_of, checked
from athena.guardrails.judging import AskModel
from athena.guardrails.judging import Row as Guardrail
from athena.guardrails.repository import GuardrailRepository
from athena.guardrails.schemas import GuardrailCreate, GuardrailTest, GuardrailUpdate
from athena.guardrails.stages import Decision, StageName
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.large_language_models.service import resolve
from athena.llm.types import Completed, ModelRequest
from athena.users import service as users

RELATIONS = ("creator",)
SHOWN = ("name", "description", "enabled", "stages", "type", "config", "action", "shadow", "message")

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name", "description"),
    filters={
        "type": GuardrailType,
        "action": Action,
        "enabled": bool,
        "shadow": bool,
        "stage": StageName,
        "name": str,
        "creator_uuid": UUID,
    },
    columns={"stage": "stages @> jsonb_build_array({}::text)"},
    relations=RELATIONS,
)


class GuardrailService:
    """The guardrails of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._guardrails = GuardrailRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of guardrails."""
        return await self._guardrails.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One guardrail; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._guardrails.get(uuid)

    async def create(self, given: GuardrailCreate) -> Row:
        """Stores a new guardrail of the caller."""
        return await self._guardrails.insert(
            {
                "uuid": new_uuid(),
                **{name: getattr(given, name) for name in SHOWN},
                "config": await self._config(given.type, given.config, given.action),
                "creator_uuid": self._access.user_uuid,
            }
        )

    async def update(self, uuid: UUID, given: GuardrailUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names. Runs that are under way go on with what they began with."""
        present = await self._guardrails.locked(uuid)
        changes = given.changes()
        if changes.keys() & {"config", "action"}:
            config = changes.get("config", present["config"])
            changes["config"] = await self._config(present["type"], config, changes.get("action", present["action"]))
        return await self._guardrails.update(uuid, changes, revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a guardrail; agents are without it then."""
        await self._guardrails.delete(uuid, revision)

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, Row]:
        """Those that exist among ``uuids``, in one query."""
        return await self._guardrails.by_ids(uuids)

    async def for_agent(self, uuids: Sequence[UUID]) -> list[Row]:
        """The enabled guardrails among ``uuids``, in that order, for :mod:`athena.guardrails.checking`; one query."""
        found = await self._guardrails.by_ids(uuids)
        return [found[uuid] for uuid in uuids if uuid in found and found[uuid]["enabled"]]

    async def test(self, uuid: UUID, given: GuardrailTest) -> Verdict:
        """What a guardrail, also one that is switched off, makes of a text. No connection is held meanwhile."""
        row = await self._guardrails.get(uuid)
        stage = given.stage or row["stages"][0]
        tried: Guardrail = {**row, "enabled": True, "stages": [stage]}
        await self._session.commit()
        return await check([tried], stage, given.text, ask_model=asking(self._session, self._access))

    async def _config(self, kind: GuardrailType, given: dict[str, Any], action: Action) -> dict[str, Any]:
        config = checked(kind, given, action)
        account_uuid = account_of(config)
        if account_uuid is not None:
            await AccountService(self._session, self._access).get(account_uuid)
        return config

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [present(row) for row in rows]
        if "creator" in relations:
            found = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = found.get(row["creator_uuid"])
        return items


def asking(session: Session, access: Access) -> AskModel:
    """Asks the models of guardrails by a session, which holds no connection while a model answers."""

    async def ask(guardrail: Guardrail, request: ModelRequest) -> Completed:
        connections = session.provided(Connections)
        config = guardrail["config"]
        model = await resolve(
            session, connections, access.workspace_uuid, model=config["model"], account_uuid=account_of(config)
        )
        await session.commit()
        return await connections.models.complete(model.endpoint, msgspec.structs.replace(request, model=model.model_id))

    return ask


def present(row: Row) -> dict[str, Any]:
    """A guardrail's row as the API shows it, without relations."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        **{name: row[name] for name in SHOWN},
        "creator": None,
    }


def present_decision(decision: Decision) -> dict[str, Any]:
    """A decision as the API shows it, and as events have it."""
    return {
        "guardrail_uuid": str(decision.guardrail_uuid),
        "name": decision.name,
        "stage": decision.stage,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "duration_ms": decision.duration_ms,
    }


def present_verdict(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the API shows it."""
    return {
        "text": verdict.text,
        "refused": verdict.refused is not None,
        "message": verdict.refused.message if verdict.refused else None,
        "decisions": [present_decision(each) for each in verdict.decisions],
    }
