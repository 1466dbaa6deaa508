"""The rules of providers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, PermissionDenied
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.providers.builtin import BUILTIN
from athena.providers.repository import ProviderRepository, synchronise
from athena.providers.schemas import ProviderCreate, ProviderKind, ProviderUpdate

RELATIONS = ()

LIST = ListOptions(
    sortable={"name": "name", "slug": "slug", "kind": "kind", "created_at": "created_at", "updated_at": "updated_at"},
    searchable=("name", "slug"),
    filters={"kind": ProviderKind, "slug": str, "is_builtin": bool},
    default_sort="name",
)
_SLUG_LENGTH = 90


class ProviderService:
    """The providers that the caller's workspace sees: its own, and the built-in ones."""

    def __init__(self, session: Session, access: Access) -> None:
        self._providers = ProviderRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of providers."""
        return await self._providers.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One provider; :class:`athena.kit.errors.NotFound` when the workspace sees none such."""
        return await self._providers.get(uuid)

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Providers as other resources show them, by uuid, in one query."""
        return {uuid: present(row) for uuid, row in (await self._providers.by_ids(uuids)).items()}

    async def create(self, given: ProviderCreate) -> Row:
        """Stores a custom provider."""
        uuid = new_uuid()
        slug = given.slug
        if slug is None:
            slug = slug_of(given.name)
            if not slug or await self._providers.slug_taken(slug):
                slug = f"{slug or 'provider'}-{uuid.hex[-6:]}"
        await self._check_slug(slug)
        return await self._providers.insert(
            {
                "uuid": uuid,
                "name": given.name,
                "slug": slug,
                "kind": given.kind.value,
                "base_url": given.base_url,
                "authentication_config": given.authentication_config.stored(),
                "logo": given.logo,
                "is_builtin": False,
                "settings": given.settings.model_dump(mode="json"),
            }
        )

    async def update(self, uuid: UUID, given: ProviderUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names of a custom provider."""
        row = await self._custom(uuid)
        changes = given.changes()
        if "authentication_config" in changes:
            changes["authentication_config"] = given.authentication_config.stored()
        if "settings" in changes:
            changes["settings"] = {**row["settings"], **given.settings.model_dump(mode="json", exclude_unset=True)}
        if "slug" in changes:
            await self._check_slug(changes["slug"], apart_from=uuid)
        if _leads_elsewhere(row, changes) and await self._providers.lock(uuid):
            # Whoever may change a provider would otherwise get to see the secrets that others entered for it.
            raise Conflict(
                "Accounts hold credentials for this provider's present addresses. Delete them first, or create another "
                "provider.",
                code="provider_in_use",
            )
        return await self._providers.update(uuid, changes, revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a custom provider that no account uses."""
        await self._custom(uuid)
        if await self._providers.lock(uuid):
            raise Conflict("Accounts use this provider; delete them first.", code="provider_in_use")
        await self._providers.delete(uuid, revision)

    async def _custom(self, uuid: UUID) -> Row:
        row = await self._providers.get(uuid)
        if row["is_builtin"]:
            raise PermissionDenied("A built-in provider cannot be changed or deleted.", code="builtin_provider")
        return row

    async def _check_slug(self, slug: str, *, apart_from: UUID | None = None) -> None:
        if await self._providers.slug_taken(slug, apart_from=apart_from):
            raise Conflict("Another provider has this slug.", code="already_exists")


async def sync_builtin(session: Session) -> None:
    """Brings the stored built-in providers to this program's version; at each start, in a system session."""
    await synchronise(session, [builtin.row for builtin in BUILTIN])


def slug_of(name: str) -> str:
    """A slug from a name; empty when the name has no letter or digit that fits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LENGTH].strip("-")


def _leads_elsewhere(row: Row, changes: dict[str, Any]) -> bool:
    """Whether credentials would be sent to another address than before."""
    config, present_config = changes.get("authentication_config", {}), row["authentication_config"]
    return changes.get("base_url", row["base_url"]) != row["base_url"] or any(
        config.get(name, present_config.get(name)) != present_config.get(name)
        for name in ("authorization_url", "token_url")
    )


def present(row: Row) -> dict[str, Any]:
    """A provider's row as the API shows it."""
    return {
        "uuid": row["uuid"],
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "slug": row["slug"],
        "kind": row["kind"],
        "base_url": row["base_url"],
        "authentication_config": row["authentication_config"],
        "logo": row["logo"],
        "is_builtin": row["is_builtin"],
        "settings": row["settings"],
    }
