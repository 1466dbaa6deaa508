"""Makes a bundle of what is in a workspace. No secret is in it: accounts and variables are declared, not carried."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast
from uuid import UUID

from athena import __version__
from athena.accounts.service import AccountService
from athena.bundles.format import (
    KINDS,
    Bundle,
    DeclaredAccount,
    DeclaredVariable,
    Kind,
    Manifest,
    Resource,
    Slug,
)
from athena.bundles.kinds import FIELDS, Present, Spec
from athena.bundles.materials import LEARNT, Kinds
from athena.bundles.references import ids, referring
from athena.bundles.repository import BundleResourceRepository
from athena.bundles.schemas import BundleExport
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.providers.service import ProviderService
from athena.training.service import AgentSourceService
from athena.workflows.service import WorkflowService

MOST: Final = 1_000
_ORDER: Final[tuple[Kind, ...]] = ("agents", "prompts", "workflows", "tools", "guardrails", "evaluation_sets")


class Exporter:
    """Gathers resources with what they refer to, for one caller."""

    def __init__(self, session: Session, access: Access, kinds: Kinds) -> None:
        self._session = session
        self._access = access
        self._kinds = kinds
        self._remembered = BundleResourceRepository(session, access.workspace_uuid)
        self._found: dict[UUID, tuple[Kind, Present]] = {}
        self._accounts: dict[UUID, str] = {}
        self._out_of_reach: set[UUID] = set()
        """What is referred to, and does not exist for the caller."""

    async def export(self, given: BundleExport) -> Bundle:
        """The bundle; what is in it is remembered under its name and key, so that it is known again."""
        chosen: Mapping[Kind, Iterable[UUID]] = {
            "agents": given.agent_uuids,
            "prompts": given.prompt_uuids,
            "workflows": given.workflow_uuids,
            "tools": given.tool_uuids,
            "guardrails": given.guardrail_uuids,
            "evaluation_sets": given.dataset_uuids,
        }
        for kind, uuids in chosen.items():
            for uuid in uuids:
                if not await self._take(kind, uuid):
                    raise NotFound(f"Of {kind.replace('_', ' ')}, not all exist in this workspace.")
        if given.knowledge:
            await self._take_knowledge()
        return await self._bundle(given)

    async def _take(self, kind: Kind, uuid: UUID) -> bool:
        """Takes a resource and all that it refers to; whether it exists."""
        waiting: list[tuple[Kind, UUID]] = [(kind, uuid)]
        while waiting:
            kind_now, uuid_now = waiting.pop()
            if uuid_now in self._found or uuid_now in self._accounts:
                continue
            service = self._kinds[kind_now]
            self._access.require(service.view)
            present = await service.find(uuid_now)
            if present is None:
                if uuid_now == uuid:
                    return False
                continue
            if len(self._found) >= MOST:
                raise ValidationFailed(f"A bundle has at most {MOST} resources.")
            self._found[uuid_now] = (kind_now, present)
            for field, text in ids(present.spec):
                referred = await self._kind_of(field, UUID(text))
                if referred is not None:
                    waiting.append((referred, UUID(text)))
        return True

    async def _kind_of(self, field: str, uuid: UUID) -> Kind | None:
        """What an id leads to, if that travels; an account is noted."""
        if uuid in self._found or uuid in self._accounts:
            return None
        for kind in FIELDS.get(field, ("accounts", *_ORDER)):
            if kind == "accounts":
                found = await AccountService(self._session, self._access).by_ids([uuid])
                if found:
                    self._accounts[uuid] = found[uuid]["name"]
                    return None
            elif await self._kinds[kind].find(uuid) is not None:
                return cast("Kind", kind)
        if FIELDS.get(field):
            self._out_of_reach.add(uuid)
        return None

    async def _take_knowledge(self) -> None:
        agents = [uuid for uuid, (kind, _) in self._found.items() if kind == "agents"]
        for row in await AgentSourceService(self._session, self._access).of_agents(agents):
            if row["type"] in LEARNT:
                await self._take("knowledge", row["uuid"])

    async def _bundle(self, given: BundleExport) -> Bundle:
        keys = await self._keys(given.name)
        accounts, declared = await self._declared_accounts()
        await self._remember_accounts(given, accounts)
        names: dict[str, str | None] = {str(uuid): None for uuid in self._out_of_reach}
        names |= {str(uuid): f"{kind}/{key}" for uuid, (kind, key) in keys.items()} | accounts
        resources: list[Resource] = []
        for uuid, (kind, present) in self._found.items():
            spec: Spec = referring(present.spec, names)
            resources.append(Resource(kind, keys[uuid][1], spec))
            values: dict[str, Any] = {"bundle": given.name, "version": given.version, "wanted": spec, "applied": spec}
            await self._remembered.remember_new(
                {**values, "kind": kind, "key": keys[uuid][1], "resource_uuid": uuid},
            )
        manifest = Manifest(
            name=given.name,
            version=given.version,
            description=given.description,
            athena=f">={'.'.join(__version__.split('.')[:2])}",
            variables=await self._declared_variables(),
            accounts=declared,
        )
        return Bundle.of(manifest, resources)

    async def _keys(self, bundle: Slug) -> dict[UUID, tuple[Kind, str]]:
        """The key of each resource: the one that it has in the bundle already, or one made of its name."""
        known = {row["resource_uuid"]: (row["kind"], row["key"]) for row in await self._remembered.of_bundles([bundle])}
        taken = set(known.values())
        keys: dict[UUID, tuple[Kind, str]] = {}
        for uuid, (kind, present) in sorted(self._found.items(), key=lambda each: KINDS.index(each[1][0])):
            if uuid in known:
                keys[uuid] = (kind, known[uuid][1])
                continue
            spec = present.spec
            title = str(spec.get("name") or spec.get("title") or spec.get("url") or kind)
            key = free(slug(title) or kind.replace("_", "-"), {each for of, each in taken if of == kind})
            taken.add((kind, key))
            keys[uuid] = (kind, key)
        return keys

    async def _declared_accounts(self) -> tuple[dict[str, str], list[DeclaredAccount]]:
        """What the bundle's accounts are called, by id, and what the manifest says of them."""
        names: dict[str, str] = {}
        declared: list[DeclaredAccount] = []
        service, providers = AccountService(self._session, self._access), ProviderService(self._session, self._access)
        for uuid, name in self._accounts.items():
            provider = await providers.get((await service.get(uuid))["provider_uuid"])
            key = free(slug(name) or "account", {each.key for each in declared})
            declared.append(DeclaredAccount(key=key, provider=provider["slug"], description=name))
            names[str(uuid)] = f"accounts/{key}"
        return names, declared

    async def _remember_accounts(self, given: BundleExport, names: Mapping[str, str]) -> None:
        """So that the same ones are used when the bundle is applied here."""
        values: dict[str, Any] = {"bundle": given.name, "version": given.version, "kind": "accounts"}
        values |= {"wanted": {}, "applied": {}}
        for uuid, name in names.items():
            key = name.partition("/")[2]
            await self._remembered.remember({**values, "key": key, "resource_uuid": UUID(uuid)})

    async def _declared_variables(self) -> list[DeclaredVariable]:
        needed: dict[str, DeclaredVariable] = {}
        workflows = WorkflowService(self._session, self._access)
        for uuid, (kind, _) in self._found.items():
            if kind == "workflows":
                required = (await workflows.document(uuid))["requires"]
                for name in required["variables"]:
                    needed[name] = DeclaredVariable(name=name)
                for name in required["secrets"]:
                    needed[name] = DeclaredVariable(name=name, kind="secret")
        return [needed[name] for name in sorted(needed)]


def slug(text: str) -> str:
    """A key made of a name; empty where it has no letters that fit."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:48].rstrip("-")


def free(wanted: str, taken: Iterable[str]) -> str:
    """``wanted``, or the next name like it that is not taken."""
    names, number, name = set(taken), 1, wanted
    while name in names:
        number += 1
        name = f"{wanted}-{number}"
    return name
