"""The rules of language models: which there are, and the way from a model's name to the endpoint that serves it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from athena.accounts.service import AccountService, Connections, check_current
from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.large_language_models.catalogue import (
    LOCAL_CONTEXT_WINDOW,
    canonical,
    catalogue_rows,
    data_version,
    local_model_uuid,
    model_uuid,
)
from athena.large_language_models.repository import CatalogueRepository, LargeLanguageModelRepository, OfferRepository
from athena.large_language_models.schemas import Capability, ModelStatus
from athena.llm.catalog import PROVIDERS
from athena.llm.types import DiscoveredModel, ModelEndpoint
from athena.local_model.endpoint import LocalModelEndpoint
from athena.providers.builtin import LOCAL_SLUG
from athena.providers.schemas import ProviderKind
from athena.providers.service import ProviderService

RELATIONS = ("provider",)
MAXIMUM_FOUND = 5_000
MAXIMUM_NAME = 255
MAXIMUM_SIZE = 2**53

LIST = ListOptions(
    sortable={"name": "name", "display_name": "display_name", "created_at": "created_at", "updated_at": "updated_at"},
    searchable=("name", "display_name"),
    filters={"provider_uuid": UUID, "account_uuid": UUID, "status": ModelStatus, "capability": Capability, "name": str},
    columns={"capability": "{} = ANY(large_language_models.capabilities)"},
    relations=RELATIONS,
    default_sort="name",
)
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
            message = "Name a model: neither the request nor what it runs names one."
            raise _unavailable(message, code="model_missing")
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
    return ResolvedModel(
        endpoint,
        connections.local.model,
        LOCAL_SLUG,
        context_window=LOCAL_CONTEXT_WINDOW,
        input_price=0.0,
        output_price=0.0,
    )


def _check_usable(row: Row, wanted: _Wanted) -> None:
    if row["kind"] != ProviderKind.LLM or (wanted.uuid is not None and row["model_uuid"] is None):
        raise _unavailable("The account does not offer this model.")
    check_current(row)


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
        "verify those that are there, so that their models are known, or name one in account_uuid to have it tried."
    )


def _unavailable(message: str, code: str = "model_unavailable") -> ValidationFailed:
    return ValidationFailed(message, code=code, errors={"model": [message]})


class LargeLanguageModelService:
    """The models that the caller's workspace sees: the catalogue, and those of its accounts."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._models = LargeLanguageModelRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of models."""
        return await self._models.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One model; :class:`athena.kit.errors.NotFound` when the workspace sees none such."""
        return await self._models.get(uuid)

    async def verify(self, account_uuid: UUID) -> Row:
        """Verifies an account, and replaces the models that it was known to offer; its row as it is now."""
        verified = await AccountService(self._session, self._access).verify(account_uuid)
        if verified.models is not None:
            known = await asyncio.to_thread(_found, verified.provider_slug, verified.models)
            await self._models.replace_found(account_uuid, verified.row["provider_uuid"], known)
        return verified.row

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        items = [present(row) for row in rows]
        if "provider" in relations:
            service = ProviderService(self._session, self._access)
            providers = await service.by_ids([row["provider_uuid"] for row in rows])
            for item, row in zip(items, rows, strict=True):
                item["provider"] = providers.get(row["provider_uuid"])
        return items


def _found(slug: str, models: Sequence[DiscoveredModel]) -> list[dict[str, Any]]:
    """The columns of what an account was found to offer; names that appear twice count once."""
    rows: dict[str, dict[str, Any]] = {}
    for model in models[:MAXIMUM_FOUND]:
        name = model.id.replace("\0", "")[:MAXIMUM_NAME]
        same = canonical(name, (slug,)) if slug in PROVIDERS else ()
        rows[name] = {
            "uuid": str(new_uuid()),
            "name": name,
            "display_name": (model.display_name or name).replace("\0", "")[:MAXIMUM_NAME],
            "catalogue_uuid": str(model_uuid(*same[0])) if same else None,
            "context_window": _size(model.context_window),
            "max_output_tokens": _size(model.max_output_tokens),
            "capabilities": list(model.capabilities),
        }
    return [row for name, row in rows.items() if name.strip()]


def _size(value: int | None) -> int | None:
    return value if value is not None and 0 < value < MAXIMUM_SIZE else None


def present(row: Row) -> dict[str, Any]:
    """A model's row as the API shows it, without relations."""
    return {
        "uuid": row["uuid"],
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "display_name": row["display_name"],
        "provider_uuid": row["provider_uuid"],
        "account_uuid": row["account_uuid"],
        "context_window": row["context_window"],
        "max_output_tokens": row["max_output_tokens"],
        "input_price": row["input_price"],
        "output_price": row["output_price"],
        "capabilities": row["capabilities"],
        "status": row["status"],
        "deprecated_at": clock.rfc3339_or_none(row["deprecated_at"]),
        "provider": None,
    }


async def sync_catalogue(session: Session, local: LocalModelEndpoint | None = None) -> None:
    """Brings the stored catalogue to the version of the data and of the packaged model; at each start.

    Needs a system session, and the built-in providers stored. When nothing has changed it is one query; the data,
    which take half a second to load, are not touched then.
    """
    name = local.model if local else None
    wanted = f"{data_version()} {name}"
    catalogue = CatalogueRepository(session)
    if await catalogue.version() == wanted:
        return
    await session.commit()
    rows = await asyncio.to_thread(catalogue_rows, name)
    if await catalogue.claim(wanted):
        await catalogue.replace(rows)
