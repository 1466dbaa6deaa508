"""What a source becomes: resources that name each other by key, and what the workspace has to provide. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from athena.bundles.errors import BundleError
from athena.bundles.format import REF, Bundle, DeclaredAccount, DeclaredVariable, Kind, Manifest, Resource
from athena.importers import texts
from athena.importers.source import ImportRefused

VERSION: Final = "1.0.0"
MOST_DECLARED: Final = 100
NOT_IN_NAMES: Final = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Said:
    """A message."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread, which belongs into no bundle. ``agent`` is a name."""

    source: str
    name: str
    agent: str | None
    messages: tuple[Said, ...]


@dataclass(slots=True)
class Collected:
    """The resources of a bundle, and the accounts, variables and secrets that they need."""

    name: str
    description: str = ""
    resources: dict[tuple[Kind, str], dict[str, Any]] = field(default_factory=dict[tuple[Kind, str], dict[str, Any]])
    accounts: dict[str, DeclaredAccount] = field(default_factory=dict[str, DeclaredAccount])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    secrets: dict[str, str] = field(default_factory=dict[str, str])
    conversations: list[Conversation] = field(default_factory=list[Conversation])

    def add(self, kind: Kind, name: str, spec: dict[str, Any]) -> dict[str, str]:
        """Keeps a resource under a key of its own, and gives what others name it by."""
        base = key = texts.key(name, kind.rstrip("s"))
        number = 1
        while (kind, key) in self.resources:
            number += 1
            key = f"{base}-{number}"
        self.resources[kind, key] = spec
        return {REF: f"{kind}/{key}"}

    def account(self, provider: str, description: str) -> dict[str, str]:
        """Declares an account of a provider; credentials are never taken over."""
        key = texts.key(provider, "account")
        if key not in self.accounts:
            self._check(len(self.accounts))
            self.accounts[key] = DeclaredAccount(key=key, provider=key, description=description[:2_000])
        return {REF: f"accounts/{key}"}

    def secret(self, name: str, description: str) -> str:
        """Declares a secret of the workspace, and gives the expression that reads it."""
        return f"secrets.{self._declared(self.secrets, name, description)}"

    def variable(self, name: str, description: str) -> str:
        """Declares a variable of the workspace, and gives the expression that reads it."""
        return f"workspace.variables.{self._declared(self.variables, name, description)}"

    def bundle(self) -> Bundle:
        """All of it; :class:`ImportRefused` when it makes no bundle."""
        names = {
            **{name: DeclaredVariable(name=name, description=text) for name, text in self.variables.items()},
            **{
                name: DeclaredVariable(name=name, kind="secret", description=text)
                for name, text in self.secrets.items()
            },
        }
        manifest = Manifest(
            name=texts.key(self.name, "imported"),
            version=VERSION,
            description=self.description[:2_000],
            variables=list(names.values()),
            accounts=list(self.accounts.values()),
        )
        resources = [Resource(kind, key, spec) for (kind, key), spec in self.resources.items()]
        try:
            return Bundle.of(manifest, resources)
        except BundleError as error:
            raise ImportRefused(f"It makes no bundle: {error}") from error

    def _declared(self, known: dict[str, str], name: str, description: str) -> str:
        made = NOT_IN_NAMES.sub("_", name.upper()).strip("_")[:48] or "VALUE"
        made = f"V_{made}" if made[0].isdigit() else made
        if made not in known:
            self._check(len(known))
            known[made] = description[:2_000]
        return made

    @staticmethod
    def _check(count: int) -> None:
        if count >= MOST_DECLARED:
            raise ImportRefused(f"It needs more than {MOST_DECLARED} accounts, variables or secrets.")
