"""The rules of bundles: kept for a day, planned as often as one likes, applied as a whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from athena.bundles.applying import Applier
from athena.bundles.errors import BundleError
from athena.bundles.exporting import Exporter
from athena.bundles.files import write_zip
from athena.bundles.format import Bundle, read, write
from athena.bundles.materials import Kinds
from athena.bundles.planning import Plan, Planner
from athena.bundles.repository import BundleRepository, BundleResourceRepository
from athena.bundles.schemas import BundleApply, BundleChoice, BundleExport
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, ValidationFailed
from athena.kit.ids import new_uuid

KEPT: Final = timedelta(hours=24)
KEPT_MOST: Final = 50
"""Each may be large, so that nobody fills the database by uploading again and again."""


class BundleService:
    """The bundles of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._bundles = BundleRepository(session, access.workspace_uuid)

    async def upload(self, content: bytes) -> Row:
        """Keeps an archive, if it is a bundle."""
        bundle = await _opened(content)
        manifest = bundle.manifest
        row = await self._bundles.insert(
            {
                "uuid": new_uuid(),
                "name": manifest.name,
                "version": manifest.version,
                "description": manifest.description,
                "archive": content,
                "expires_at": clock.now() + KEPT,
                "creator_uuid": self._access.user_uuid,
            }
        )
        await self._bundles.delete_beyond(KEPT_MOST)
        return row

    async def get(self, uuid: UUID) -> Row:
        """One of them; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._bundles.get(uuid)

    async def export(self, given: BundleExport) -> bytes:
        """The zip of a bundle that holds what was chosen."""
        await BundleResourceRepository(self._session, self._access.workspace_uuid).lock()
        bundle = await Exporter(self._session, self._access, self._kinds()).export(given)
        facts = {"name": given.name, "version": given.version, "resources": len(bundle.resources)}
        self._session.record("bundle.exported", "bundle", None, facts)
        return await asyncio.to_thread(lambda: write_zip(write(bundle)))

    async def plan(self, given: BundleChoice) -> dict[str, Any]:
        """What applying a bundle would do now."""
        return (await self._plan(given, self._kinds())).show(given.bundle_uuid)

    async def apply(self, given: BundleApply) -> dict[str, Any]:
        """Carries out a plan that was looked at; :class:`Conflict` when it is another by now."""
        kinds = self._kinds()
        plan = await self._plan(given, kinds)
        self._check(plan, given)
        applier = Applier(self._session, self._access, kinds)
        await applier.prepare(plan)
        # What follows is one transaction, and nobody else applies a bundle to this workspace meanwhile.
        await BundleResourceRepository(self._session, self._access.workspace_uuid).lock()
        plan = await self._plan(given, kinds)
        self._check(plan, given)
        done = await applier.carry_out(plan)
        manifest = plan.bundle.manifest
        facts = {"name": manifest.name, "version": manifest.version, "resources": len(done)}
        self._session.record("bundle.applied", "bundle", given.bundle_uuid, facts)
        shown = [
            {"kind": each.kind, "key": each.key, "name": each.title, "action": each.action, "uuid": str(uuid)}
            for each, uuid in done
        ]
        return {"name": manifest.name, "version": manifest.version, "resources": shown}

    def _check(self, plan: Plan, given: BundleApply) -> None:
        for problem in plan.problems:
            if problem.blocking:
                path = problem.resource or "bundle_uuid"
                raise ValidationFailed.of(path, problem.message)
        if plan.show(given.bundle_uuid)["hash"] != given.plan_hash:
            raise Conflict("Something changed since the plan was made; look at it again.", code="plan_changed")
        if plan.conflicts and not given.overwrite:
            names = ", ".join(each.name for each in plan.items if each.action == "conflict")
            raise Conflict(f"Changed by hand since the bundle was applied: {names}.", code="bundle_conflict")

    async def _plan(self, given: BundleChoice, kinds: Kinds) -> Plan:
        content = await self._bundles.archive(given.bundle_uuid)
        bundle = await _opened(content)
        digest = hashlib.sha256(content).hexdigest()
        return await Planner(self._session, self._access, kinds).plan(bundle, digest, given.accounts)

    def _kinds(self) -> Kinds:
        return Kinds(self._session, self._access)


async def _opened(content: bytes) -> Bundle:
    try:
        return await asyncio.to_thread(read, content)
    except BundleError as error:
        raise ValidationFailed(
            str(error), code="bundle_invalid", errors={error.path or "file": [error.message]}
        ) from error


def present(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """An uploaded bundle as the API shows it."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        **{name: row[name] for name in ("name", "version", "description")},
        "expires_at": clock.rfc3339(row["expires_at"]),
    }
