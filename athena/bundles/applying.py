"""Carries a plan out, within one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from athena.bundles.format import Resource, references
from athena.bundles.kinds import Present, Spec, Tools
from athena.bundles.materials import Kinds
from athena.bundles.order import Circle, in_order
from athena.bundles.planning import Plan, Planned
from athena.bundles.references import referring, resolved
from athena.bundles.repository import BundleResourceRepository
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import AthenaError, ValidationFailed

CHANGING = frozenset({"create", "update", "conflict"})


class Applier:
    """Makes and changes what a plan says."""

    def __init__(self, session: Session, access: Access, kinds: Kinds) -> None:
        self._kinds = kinds
        self._remembered = BundleResourceRepository(session, access.workspace_uuid)

    async def prepare(self, plan: Plan) -> None:
        """What takes a commit: servers of tools are asked. Nothing is changed yet."""
        tools = cast("Tools", self._kinds["tools"])
        for item in plan.items:
            if item.kind == "tools" and item.action in CHANGING:
                with _place(item):
                    await tools.prepare(self._spec(item, plan, frozenset()), item.uuid, item.present)

    async def carry_out(self, plan: Plan) -> list[tuple[Planned, UUID]]:
        """Does it; what became of each."""
        by_name = {item.name: item for item in plan.items if item.resource is not None}
        done: list[tuple[Planned, UUID]] = []
        unfinished: list[Planned] = []
        for name, without in self._steps(by_name):
            item = by_name[name]
            if item.action in CHANGING:
                with _place(item):
                    await self._make(item, plan, without)
                if without:
                    unfinished.append(item)
            done.append((item, cast("UUID", item.uuid)))
        for item in unfinished:
            with _place(item):
                await self._finish(item, plan)
        for item in by_name.values():
            await self._remember(item, plan)
        for key, uuid in plan.accounts.items():
            if uuid is not None:
                values: dict[str, Any] = {"kind": "accounts", "key": key, "resource_uuid": uuid}
                await self._remembered.remember({**_bundle(plan), **values, "wanted": {}, "applied": {}})
        return done

    def _steps(self, by_name: Mapping[str, Planned]) -> list[tuple[str, frozenset[str]]]:
        needed: dict[str, list[str]] = {}
        for name, item in by_name.items():
            found = [each.text for _, each in references(cast("Resource", item.resource).spec)]
            # What is there already can be referred to at any time.
            needed[name] = [each for each in found if each in by_name and by_name[each].uuid is None]
        try:
            return [(step.name, step.without) for step in in_order(needed)]
        except Circle as error:
            raise ValidationFailed.of("bundle_uuid", str(error)) from error

    async def _make(self, item: Planned, plan: Plan, without: frozenset[str]) -> None:
        kind = self._kinds[item.kind]
        spec = self._spec(item, plan, without)
        if item.uuid is None or item.present is None:
            item.uuid = await kind.create(spec)
        else:
            item.uuid = await kind.update(item.uuid, spec, item.present)
        plan.ids[item.name] = str(item.uuid)

    async def _finish(self, item: Planned, plan: Plan) -> None:
        """Gives a resource what was not there yet when it was made."""
        kind, uuid = self._kinds[item.kind], cast("UUID", item.uuid)
        present: Present = await kind.present(uuid)
        item.uuid = await kind.update(uuid, self._spec(item, plan, frozenset()), present)

    async def _remember(self, item: Planned, plan: Plan) -> None:
        uuid = cast("UUID", item.uuid)
        now: Spec = referring((await self._kinds[item.kind].present(uuid)).spec, plan.names())
        if "account_uuid" not in item.wanted:
            now.pop("account_uuid", None)
        values: dict[str, Any] = {"kind": item.kind, "key": item.key, "resource_uuid": uuid}
        await self._remembered.remember({**_bundle(plan), **values, "wanted": item.wanted, "applied": now})

    def _spec(self, item: Planned, plan: Plan, without: frozenset[str]) -> Spec:
        spec = cast("Resource", item.resource).spec
        made: Spec = resolved(spec, lambda found: None if found.text in without else plan.find(found))
        if "account_uuid" not in item.wanted:
            made.pop("account_uuid", None)
        return made


def _bundle(plan: Plan) -> dict[str, Any]:
    return {"bundle": plan.bundle.manifest.name, "version": plan.bundle.manifest.version}


class _place:  # noqa: N801 - reads as a function
    """Has an error say at which resource it came up."""

    def __init__(self, item: Planned) -> None:
        self._name = item.name

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, AthenaError):
            error.detail = f"{self._name}: {error.detail}"
            if error.errors is not None:
                error.errors = {f"{self._name}.{path}": each for path, each in error.errors.items()}
