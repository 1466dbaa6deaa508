"""The rules of language models: which there are, and the way from a model's name to the endpoint that serves it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from athena.accounts.service import Connections
from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.large_language_models.catalogue import LOCAL_CONTEXT_WINDOW, canonical, local_model_uuid
from athena.large_language_models.repository import OfferRepository
from athena.llm.catalog import PROVIDERS
from athena.llm.types import ModelEndpoint
from athena.providers.builtin import LOCAL_SLUG

_TOUCH_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model that can be called. What nobody told is ``None``; prices are US dollars per million tokens."""

    endpoint: ModelEndpoint
    model_id: str
    provider_slug: str
    account_uuid: UUID | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    input_price: float | None = None
    output_price: float | None = None
    supports_vision: bool = False
    supports_tools: bool = True
    """Where nobody told, tools are tried and images are not: a model that cannot see fails on each message with one."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a caller wrote as a model: an id, or a name, perhaps with a provider's slug before it."""

    name: str
    uuid: UUID | None
    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, model: str) -> _Wanted:
        try:
            return cls(model, UUID(model), ())
        except ValueError:
            slug, slash, tail = model.partition("/")
            return cls(model, None, ((slug, tail),) if slash and tail else ())

    def at(self, slug: str) -> str:
        """The name as the provider of this slug knows it."""
        return next((tail for prefix, tail in self.pairs if prefix == slug), self.name)

    async def aliases(self) -> list[tuple[str, str]]:
        """The models of the catalogue that go by this name, too; empty when it is one of theirs already."""
        found = list(await asyncio.to_thread(canonical, self.name))
        for slug, tail in self.pairs:
            found += await asyncio.to_thread(canonical, tail, (slug,))
        return [pair for pair in found if pair[1] != self.name and pair not in self.pairs]


async def resolve(
    session: Session,
    connections: Connections,
    workspace_uuid: WorkspaceId,
    *,
    model: str | None,
    account_uuid: UUID | None,
) -> ResolvedModel:
    """The model that ``model`` names: ``gpt-4o-mini``, ``openai/gpt-4o-mini``, or a LargeLanguageModel's uuid.

    Without an account: the packaged model if that is named, or nothing is; otherwise the newest of the workspace's
    accounts whose provider offers the model, verified ones first. :class:`ValidationFailed` when nothing fits.
    """
    if account_uuid is None and _is_local(connections, model):
        return _local(connections)
    repository = OfferRepository(session, workspace_uuid)
    if model is None:
        model = await repository.only_model(account_uuid) if account_uuid else None
        if model is None:
            raise _unavailable("Name a model: the agent, the thread and the request name none.", "model_missing")
    wanted = _Wanted.of(model)
    row = await _offer(repository, account_uuid, wanted)
    if row is None:
        raise _nothing_fits(model, account_uuid)
    _check_usable(row, wanted)
    if row["last_used_at"] is None or clock.now() - row["last_used_at"] > _TOUCH_AFTER:
        await repository.touch(row["account_uuid"])
    return _resolved(connections, row, wanted)


async def _offer(repository: OfferRepository, account_uuid: UUID | None, wanted: _Wanted) -> Row | None:
    if wanted.uuid is not None:
        return await repository.by_uuid(account_uuid, wanted.uuid)
    row = await repository.by_name(account_uuid, wanted.name, wanted.pairs)
    if row is not None and (row["model_uuid"] is not None or row["slug"] not in PROVIDERS):
        return row
    aliases = await wanted.aliases()
    if aliases:
        return await repository.by_name(account_uuid, wanted.name, [*wanted.pairs, *aliases])
    return row


def _is_local(connections: Connections, model: str | None) -> bool:
    """Whether the packaged model is meant."""
    local = connections.local
    if local is None:
        return model is not None and model.startswith(f"{LOCAL_SLUG}/")
    return model in {None, local.model, LOCAL_SLUG, str(local_model_uuid(local.model))} or (
        model is not None and model.startswith(f"{LOCAL_SLUG}/")
    )


def _local(connections: Connections) -> ResolvedModel:
    endpoint = connections.local_endpoint()
    assert connections.local is not None  # noqa: S101 - local_endpoint() has seen to it
    return ResolvedModel(endpoint, connections.local.model, LOCAL_SLUG, context_window=LOCAL_CONTEXT_WINDOW)


def _check_usable(row: Row, wanted: _Wanted) -> None:
    if wanted.uuid is not None and row["model_uuid"] is None:
        raise _unavailable("The account does not offer this model.")
    expires = row["expires_at"]
    if row["account_status"] == "expired" or (expires is not None and expires <= clock.now()):
        raise ValidationFailed(
            "The account's credentials have expired; enter new ones under /api/v1/accounts.",
            code="account_expired",
            errors={"account_uuid": ["The account's credentials have expired."]},
        )


def _resolved(connections: Connections, row: Row, wanted: _Wanted) -> ResolvedModel:
    if row["slug"] == LOCAL_SLUG:
        return _local(connections)
    known = row["model_uuid"] is not None
    # A model that goes by another name, too, is called by the name that was asked for: a date in it is meant.
    name = row["name"] if known and (wanted.uuid is not None or row["name"] == wanted.name) else wanted.at(row["slug"])
    capabilities: list[str] = row["capabilities"] if known else []
    facts: Mapping[str, Any] = {
        fact: row[fact] for fact in ("context_window", "max_output_tokens", "input_price", "output_price")
    }
    return ResolvedModel(
        connections.endpoint(row),
        name,
        row["slug"],
        row["account_uuid"],
        **facts,
        supports_vision="vision" in capabilities,
        supports_tools="tools" in capabilities or not capabilities,
    )


def _nothing_fits(model: str, account_uuid: UUID | None) -> NotFound | ValidationFailed:
    if account_uuid is not None:
        return NotFound("The account does not exist in this workspace.")
    return _unavailable(
        f"No account of this workspace offers the model {model[:200]}; connect one under /api/v1/accounts, "
        "or verify those that are there, so that their models are known."
    )


def _unavailable(message: str, code: str = "model_unavailable") -> ValidationFailed:
    return ValidationFailed(message, code=code, errors={"model": [message]})
