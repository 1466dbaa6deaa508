"""What applying a bundle would do: each resource as it is, beside what the bundle says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID, uuid5

import orjson
from pydantic import ValidationError

from athena import __version__
from athena.accounts.service import AccountService
from athena.bundles.differences import Difference, differences
from athena.bundles.format import Bundle, Reference, Resource, references
from athena.bundles.kinds import Present, Spec
from athena.bundles.materials import Kinds
from athena.bundles.references import referring, resolved
from athena.bundles.repository import BundleResourceRepository
from athena.bundles.schemas import Action
from athena.bundles.versions import within
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import AthenaError
from athena.permissions import Permission
from athena.variables.service import VariableService
from athena.workflows.service import compiled

TO_COME: Final = UUID("b5f2c6f0-4a44-5b0c-9c1e-6d8f1f2d7a10")
"""In this namespace lie the ids that stand for resources which are not there yet."""


@dataclass(slots=True)
class Planned:
    """A resource of the bundle, or with ``left`` one that it had."""

    kind: str
    key: str
    action: Action
    resource: Resource | None = None
    uuid: UUID | None = None
    present: Present | None = None
    now: Spec = field(default_factory=dict[str, Any])
    """As it is, with references."""
    wanted: Spec = field(default_factory=dict[str, Any])
    """As the bundle has it, with references."""
    changes: Sequence[Difference] = ()

    @property
    def name(self) -> str:
        """As references have it."""
        return f"{self.kind}/{self.key}"

    @property
    def title(self) -> str:
        """What people call it."""
        spec = self.wanted or self.now
        return str(spec.get("name") or spec.get("title") or spec.get("url") or self.key)


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands in the way, or should be known."""

    resource: str | None
    message: str
    blocking: bool = True


@dataclass(slots=True)
class Plan:
    """All of it."""

    bundle: Bundle
    digest: str
    """Of the bundle's files."""
    items: list[Planned] = field(default_factory=list[Planned])
    problems: list[Problem] = field(default_factory=list[Problem])
    missing: list[Any] = field(default_factory=list[Any])
    accounts: dict[str, UUID | None] = field(default_factory=dict[str, "UUID | None"])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    """By what references say: the id, also of what is to come."""

    @property
    def applicable(self) -> bool:
        """Whether nothing stands in the way but conflicts."""
        return not any(each.blocking for each in self.problems)

    @property
    def conflicts(self) -> int:
        """How many resources were changed by hand."""
        return sum(each.action == "conflict" for each in self.items)

    def find(self, reference: Reference) -> str | None:
        """The id that a reference leads to."""
        return self.ids.get(reference.text)

    def names(self) -> dict[str, str]:
        """The other way round."""
        return {uuid: text for text, uuid in self.ids.items()}

    def show(self, bundle_uuid: UUID) -> dict[str, Any]:
        """As the API shows it."""
        manifest = self.bundle.manifest
        shown: dict[str, Any] = {
            "bundle_uuid": str(bundle_uuid),
            "name": manifest.name,
            "version": manifest.version,
            "description": manifest.description,
            "applicable": self.applicable,
            "conflicts": self.conflicts,
            "resources": [_show(each) for each in self.items],
            "problems": [
                {"resource": each.resource, "message": each.message, "blocking": each.blocking}
                for each in self.problems
            ],
            "missing_variables": [each.model_dump() for each in self.missing],
            "accounts": [
                {**each.model_dump(), "account_uuid": _text(self.accounts[each.key])} for each in manifest.accounts
            ],
        }
        told = {key: value for key, value in shown.items() if key != "bundle_uuid"}
        hashed = orjson.dumps([self.digest, told, [each.now for each in self.items]], option=orjson.OPT_SORT_KEYS)
        return {**shown, "hash": hashlib.sha256(hashed).hexdigest()}


class Planner:
    """Plans for one caller."""

    def __init__(self, session: Session, access: Access, kinds: Kinds) -> None:
        self._session = session
        self._access = access
        self._kinds = kinds
        self._remembered = BundleResourceRepository(session, access.workspace_uuid)

    async def plan(self, bundle: Bundle, digest: str, accounts: Mapping[str, UUID]) -> Plan:
        """What applying ``bundle`` would do now, with the accounts that were chosen."""
        plan = Plan(bundle, digest)
        manifest = bundle.manifest
        rows = await self._remembered.of_bundles([manifest.name, *manifest.dependencies])
        known = {(row["bundle"], row["kind"], row["key"]): row for row in rows}
        self._check_versions(plan, rows)
        await self._choose_accounts(plan, accounts, known)
        found = [(each, known.get((manifest.name, each.kind, each.key))) for each in bundle.resources]
        for resource, row in found:
            plan.items.append(await self._present(resource, row))
        self._name(plan, rows)
        for item, (_, row) in zip(plan.items, found, strict=True):
            self._compare(plan, item, row)
        plan.items += await self._left(bundle, rows, plan)
        self._check_permissions(plan)
        await self._check_variables(plan)
        return plan

    def _check_versions(self, plan: Plan, rows: Iterable[Row]) -> None:
        manifest = plan.bundle.manifest
        if not within(__version__, manifest.athena):
            plan.problems.append(Problem(None, f"It needs Athena {manifest.athena}; this is {__version__}."))
        applied = {row["bundle"]: row["version"] for row in sorted(rows, key=lambda row: row["updated_at"])}
        for name, needed in manifest.dependencies.items():
            if name not in applied:
                plan.problems.append(Problem(None, f"It needs the bundle {name}, which was not applied here."))
            elif not within(applied[name], needed):
                message = f"It needs the bundle {name} {needed}; here is {applied[name]}."
                plan.problems.append(Problem(None, message))

    async def _choose_accounts(
        self, plan: Plan, chosen: Mapping[str, UUID], known: Mapping[tuple[str, str, str], Row]
    ) -> None:
        """Those that were named, or were used the last time, or else the newest of their provider."""
        service = AccountService(self._session, self._access)
        declared = {each.key: each for each in plan.bundle.manifest.accounts}
        for key in sorted(chosen.keys() - declared.keys()):
            plan.problems.append(Problem(None, f"The bundle declares no account {key}."))
        for key, each in declared.items():
            row = known.get((plan.bundle.manifest.name, "accounts", key))
            fitting = await service.of_provider(each.provider)
            uuid = chosen.get(key)
            if uuid is not None:
                await service.get(uuid)
            elif row is not None and row["resource_uuid"] in fitting:
                uuid = row["resource_uuid"]
            else:
                uuid = fitting[0] if fitting else None
            plan.accounts[key] = uuid
            if uuid is not None:
                plan.ids[f"accounts/{key}"] = str(uuid)
            else:
                message = f"There is no account of the provider {each.provider} for accounts/{key}; it is left empty."
                plan.problems.append(Problem(None, message, blocking=False))

    async def _present(self, resource: Resource, row: Row | None) -> Planned:
        kind = self._kinds[resource.kind]
        present = await kind.find(row["resource_uuid"]) if row is not None else None
        uuid = row["resource_uuid"] if row is not None and present is not None else None
        return Planned(resource.kind, resource.key, "create", resource, uuid, present)

    def _name(self, plan: Plan, rows: Iterable[Row]) -> None:
        """Gives every reference an id."""
        name = plan.bundle.manifest.name
        for row in rows:
            if row["bundle"] != name:
                plan.ids[f"{row['bundle']}/{row['kind']}/{row['key']}"] = str(row["resource_uuid"])
        for item in plan.items:
            to_come = uuid5(TO_COME, f"{name}/{item.name}")
            plan.ids[item.name] = str(item.uuid or to_come)
        for item in plan.items:
            for _, found in references(cast("Resource", item.resource).spec):
                if found.bundle and found.text not in plan.ids and found.bundle in plan.bundle.manifest.dependencies:
                    plan.problems.append(Problem(item.name, f"{found.text} is not in this workspace."))

    def _compare(self, plan: Plan, item: Planned, row: Row | None) -> None:
        kind = self._kinds[item.kind]
        given = resolved(cast("Resource", item.resource).spec, plan.find)
        try:
            wanted = kind.normal(given)
            item.wanted = referring(wanted, plan.names())
        except (ValidationError, AthenaError) as error:
            plan.problems += [Problem(item.name, message) for message in _messages(error)]
            return
        if item.kind == "workflows":
            self._look_at_graph(plan, item, given)
        if item.present is None or row is None:
            item.changes = ()
            return
        item.now = referring(item.present.spec, plan.names())
        if "account_uuid" not in item.wanted:
            item.now.pop("account_uuid", None)
        for name in sorted(kind.fixed):
            if item.now.get(name) != item.wanted.get(name):
                message = f"{name} stays as it was made; a resource with another {name} needs another key."
                plan.problems.append(Problem(item.name, message))
        self._judge(item, row)

    def _judge(self, item: Planned, row: Row) -> None:
        """Whether the bundle changed, or somebody by hand, or both."""
        by_hand = item.now != row["applied"]
        by_bundle = item.wanted != row["wanted"]
        if item.now == item.wanted or not (by_hand or by_bundle):
            item.action = "unchanged"
            return
        item.action = "conflict" if by_hand else "update"
        completed = {each.path for each in differences(row["applied"], row["wanted"])}
        changed = {each.path for each in differences(row["wanted"], item.wanted)}
        drifted = {each.path for each in differences(row["applied"], item.now)}
        found = list(differences(item.now, item.wanted))
        # What only the service completed, such as the variables that a prompt's text names, is no change.
        item.changes = [each for each in found if each.path not in completed - changed - drifted]

    def _look_at_graph(self, plan: Plan, item: Planned, given: Spec) -> None:
        """What would keep a workflow from being activated, such as a type of nodes that no package here brings."""
        full = self._kinds["workflows"].full(given)
        for each in compiled(full)[1]:
            place = f"node {each.node_id}: " if each.node_id else ""
            if each.code == "unknown_node_type":
                text = f"{place}{each.message} A Python package that brings it must be installed."
            else:
                text = f"{place}{each.message}"
            plan.problems.append(Problem(item.name, text, blocking=False))

    async def _left(self, bundle: Bundle, rows: Iterable[Row], plan: Plan) -> list[Planned]:
        """What was in the bundle and is still in the workspace."""
        there = {(each.kind, each.key) for each in bundle.resources}
        left: list[Planned] = []
        for row in rows:
            if row["bundle"] != bundle.manifest.name or (row["kind"], row["key"]) in there:
                continue
            if row["kind"] == "accounts":
                continue
            present = await self._kinds[row["kind"]].find(row["resource_uuid"])
            if present is not None:
                now = referring(present.spec, plan.names())
                left.append(Planned(row["kind"], row["key"], "left", None, row["resource_uuid"], present, now))
        return left

    def _check_permissions(self, plan: Plan) -> None:
        needed: set[Permission] = set()
        for item in plan.items:
            kind = self._kinds[item.kind]
            if item.action == "create":
                needed.add(kind.create_permission)
            elif item.action in {"update", "conflict"}:
                needed.add(kind.update_permission)
            needed.add(kind.view)
        missing = sorted(needed - self._access.permissions)
        plan.problems += [Problem(None, f"The permission {each} is missing.") for each in missing]

    async def _check_variables(self, plan: Plan) -> None:
        declared = plan.bundle.manifest.variables
        found = await VariableService(self._session, self._access).kinds([each.name for each in declared])
        plan.missing = [each for each in declared if found.get(each.name) != each.kind]
        for each in plan.missing:
            if each.name in found:
                message = f"{each.name} is a {found[each.name]} here, and should be a {each.kind}."
                plan.problems.append(Problem(None, message, blocking=False))


def _messages(error: ValidationError | AthenaError) -> list[str]:
    if isinstance(error, AthenaError):
        return [error.detail]
    issues = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}" for each in issues]


def _show(item: Planned) -> dict[str, Any]:
    changes = [
        {"path": each.path, "before": each.before, "after": each.after, "lines": each.lines()} for each in item.changes
    ]
    shown = {"kind": item.kind, "key": item.key, "name": item.title, "action": item.action}
    return {**shown, "uuid": _text(item.uuid), "changes": changes}


def _text(uuid: UUID | None) -> str | None:
    return None if uuid is None else str(uuid)
