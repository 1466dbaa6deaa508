"""All SQL of bundles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.bundles.models import bundle_resources, bundles
from athena.kit import clock
from athena.kit.db import Row, Session
from athena.kit.ids import new_uuid
from athena.kit.repository import Repository


class BundleRepository(Repository):
    """The bundles that were uploaded to one workspace."""

    table = bundles
    recorded = "bundle"
    hidden = frozenset({"archive"})

    async def archive(self, uuid: UUID) -> bytes:
        """A bundle's file; :class:`athena.kit.errors.NotFound` when it is over, or never was."""
        content: bytes | None = await self.session.value(
            "SELECT archive FROM bundles WHERE workspace_uuid = $1 AND uuid = $2 AND expires_at > $3",
            self.workspace_uuid,
            uuid,
            clock.now(),
        )
        if content is None:
            raise self.not_found()
        return content

    async def delete_beyond(self, most: int) -> None:
        """Deletes all but the newest."""
        await self.session.execute(
            "DELETE FROM bundles WHERE workspace_uuid = $1 AND uuid IN "
            "(SELECT uuid FROM bundles WHERE workspace_uuid = $1 ORDER BY uuid DESC OFFSET $2)",
            self.workspace_uuid,
            most,
        )


class BundleResourceRepository(Repository):
    """What was made of bundles in one workspace."""

    table = bundle_resources

    async def lock(self) -> None:
        """Has others who apply a bundle to the workspace wait for this transaction's end."""
        name = f"athena.bundles {self.workspace_uuid}"
        await self.session.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)

    async def of_bundles(self, names: Sequence[str]) -> list[Row]:
        """What was made of some bundles."""
        return await self.session.fetch(
            f"SELECT {self.columns} FROM bundle_resources WHERE workspace_uuid = $1 AND bundle = ANY($2) "
            "ORDER BY bundle, kind, key",
            self.workspace_uuid,
            list(names),
        )

    async def remember(self, values: Mapping[str, Any]) -> None:
        """Stores what a resource is now; ``values`` holds every column of its own."""
        changed = ("updated_at", "version", "resource_uuid", "wanted", "applied")
        changes = ", ".join(f"{name} = excluded.{name}" for name in changed)
        await self._insert(values, f"DO UPDATE SET {changes}, revision = r.revision + 1")

    async def remember_new(self, values: Mapping[str, Any]) -> None:
        """As :meth:`remember`; a resource that is known already stays as it was applied."""
        await self._insert(values, "DO NOTHING")

    async def _insert(self, values: Mapping[str, Any], otherwise: str) -> None:
        now = clock.now()
        full: dict[str, Any] = {**self.placed, "uuid": new_uuid(), "created_at": now, "updated_at": now, **values}
        places = ", ".join(f"${n}" for n in range(1, len(full) + 1))
        await self.session.execute(
            f"INSERT INTO bundle_resources AS r ({', '.join(full)}) VALUES ({places}) "
            f"ON CONFLICT (workspace_uuid, bundle, kind, key) {otherwise}",
            *full.values(),
        )


async def delete_expired(session: Session) -> None:
    """Deletes uploaded bundles that are over; needs the system's scope."""
    await session.execute("DELETE FROM bundles WHERE expires_at <= $1", clock.now())
