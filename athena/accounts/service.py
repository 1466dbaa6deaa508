"""The rules of accounts, and what a process holds to reach models with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from athena.accounts import connecting, credentials
from athena.accounts.repository import AccountRepository
from athena.accounts.schemas import AccountCreate, AccountStatus, AccountUpdate
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.crypto import Keyring, SecretUnreadable, place
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, PreconditionFailed, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.llm.client import ModelClient
from athena.llm.errors import ErrorKind, ModelError, masked
from athena.llm.types import Dialect, DiscoveredModel, Message, ModelEndpoint, ModelRequest
from athena.local_model.endpoint import LocalModelEndpoint
from athena.providers.builtin import LOCAL_SLUG, lists_models_to_all
from athena.providers.schemas import AuthenticationConfig, AuthenticationType, ProviderKind
from athena.providers.service import ProviderService

RELATIONS = ("provider",)
VERIFY_SECONDS = 20.0

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name",),
    filters={"provider_uuid": UUID, "status": AccountStatus},
    columns={"status": "CASE WHEN expires_at <= now() THEN 'expired' ELSE status END = {}"},
    relations=RELATIONS,
)

# The provider answered, and what it said is about the credentials or the address. Anything else may pass by itself.
_INVALID = frozenset(
    {ErrorKind.AUTHENTICATION, ErrorKind.PERMISSION, ErrorKind.ADDRESS_REFUSED, ErrorKind.MALFORMED_RESPONSE}
)


@dataclass(frozen=True, slots=True)
class Connections:
    """One per process, made at its start and handed to whatever calls models."""

    keyring: Keyring
    models: ModelClient
    local: LocalModelEndpoint | None = None
    timeout: float = 300.0
    """Seconds for a whole model call."""

    def local_endpoint(self) -> ModelEndpoint:
        """The packaged model's; :class:`ValidationFailed` where none runs."""
        if self.local is None:
            raise ValidationFailed(
                "The packaged model does not run on this installation; connect a provider under /api/v1/accounts.",
                code="model_unavailable",
                errors={"model": ["The packaged model does not run on this installation."]},
            )
        return ModelEndpoint(
            dialect=Dialect.OPENAI_CHAT,
            base_url=self.local.base_url,
            headers={"Authorization": f"Bearer {self.local.api_key}"},
            trusted=True,
            timeout=self.timeout,
        )

    def endpoint(self, row: Row) -> ModelEndpoint:
        """The way in of an account joined with its provider.

        ``row`` holds ``workspace_uuid, account_uuid, sealed_credentials, slug, base_url, authentication_config,
        settings``.
        """
        if row["slug"] == LOCAL_SLUG:
            return self.local_endpoint()
        given = self.open(row["workspace_uuid"], row["account_uuid"], row["sealed_credentials"])
        base_url = given.pop("base_url", None) or row["base_url"]
        if not base_url:
            raise ValidationFailed.of("account_uuid", "Neither the account nor its provider has a base URL.")
        return credentials.endpoint(row["authentication_config"], row["settings"], base_url, given, self.timeout)

    def seal(self, workspace_uuid: UUID, account_uuid: UUID, given: credentials.Credentials) -> bytes:
        """An account's credentials, to be stored in its row."""
        return self.keyring.seal(orjson.dumps(dict(given)), _place(workspace_uuid, account_uuid))

    def open(self, workspace_uuid: UUID, account_uuid: UUID, sealed: bytes) -> dict[str, Any]:
        """An account's credentials; :class:`ValidationFailed` when they cannot be read any more."""
        try:
            return orjson.loads(self.keyring.open(sealed, _place(workspace_uuid, account_uuid)))
        except SecretUnreadable as error:
            raise ValidationFailed(
                f"The account's credentials cannot be read: {error}",
                code="secret_unreadable",
                errors={"account_uuid": [str(error)]},
            ) from error


def _place(workspace_uuid: UUID, account_uuid: UUID) -> str:
    return place("accounts", workspace_uuid, account_uuid, "credentials")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: the account as it is now, and the models that it may use, if it told."""

    row: Row
    provider_slug: str
    models: Sequence[DiscoveredModel] | None


class AccountService:
    """The accounts of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._accounts = AccountRepository(session, access.workspace_uuid)

    @property
    def _connections(self) -> Connections:
        return self._session.provided(Connections)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of accounts."""
        return await self._accounts.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One account; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._accounts.get(uuid)

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Accounts as other resources show them, by uuid, in one query."""
        return {uuid: present(row) for uuid, row in (await self._accounts.by_ids(uuids)).items()}

    async def of_provider(self, slug: str) -> list[UUID]:
        """The accounts of the provider with this slug, newest first."""
        return await self._accounts.of_provider(slug)

    async def create(self, given: AccountCreate) -> Row:
        """Stores credentials for a provider that the workspace sees."""
        provider = await ProviderService(self._session, self._access).get(given.provider_uuid)
        uuid = new_uuid()
        return await self._accounts.insert(
            {
                "uuid": uuid,
                "name": given.name,
                "provider_uuid": given.provider_uuid,
                **self._sealed(uuid, provider, given.credentials),
                "profile": given.profile,
                "expires_at": given.expires_at,
            }
        )

    async def update(self, uuid: UUID, given: AccountUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names. New credentials wait to be verified."""
        row = await self._accounts.get(uuid)
        changes = given.changes()
        if "credentials" in changes:
            provider = await ProviderService(self._session, self._access).get(row["provider_uuid"])
            changes |= self._sealed(uuid, provider, given.credentials)
        return await self._accounts.update(uuid, changes, revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes an account with its secrets and the models that it was found to offer."""
        await self._accounts.delete(uuid, revision)

    async def verify(self, uuid: UUID) -> Verified:
        """Asks the provider whether the credentials work, and notes what it says; holds no connection meanwhile."""
        found = await self._accounts.connection(uuid)
        if found["kind"] != ProviderKind.LLM:
            raise ValidationFailed("Only accounts of language model providers can be verified.", code="not_verifiable")
        models, status, message = await self._reach(found)
        verification = {"ok": models is not None, "message": message, "checked_at": clock.rfc3339(clock.now())}
        try:
            row = await self._accounts.update(
                uuid,
                {"status": status.value, "verification": verification},
                found["revision"],
                verb="verified",
            )
        except PreconditionFailed as error:
            raise Conflict("The account was changed meanwhile; verify it again.", code="concurrent_change") from error
        return Verified(row, found["slug"], models)

    async def authentication(self, uuid: UUID) -> credentials.Authentication:
        """What the account adds to a request to its provider's server, whatever kind of provider that is.

        :class:`athena.kit.errors.NotFound` without such an account; :class:`ValidationFailed` when its credentials
        have expired, cannot be read any more, or were never granted. An access that is about to end is renewed, for
        which the session is committed.
        """
        found = await self._accounts.connection(uuid)
        check_current(found)
        found = await connecting.renewed(self._session, found)
        given = self._connections.open(found["workspace_uuid"], uuid, found["sealed_credentials"])
        if found["authentication_config"]["type"] == AuthenticationType.OAUTH2 and "access_token" not in given:
            raise ValidationFailed(
                "The account is not connected yet: nobody has granted it access.",
                code="account_disconnected",
                errors={"account_uuid": ["The account is not connected yet."]},
            )
        base_url = given.pop("base_url", None) or found["base_url"]
        return credentials.authentication(found["authentication_config"], base_url, given)

    async def model_endpoint(self, uuid: UUID) -> ModelEndpoint:
        """Where an account's models are served; errors as :meth:`authentication`, and for what serves no models."""
        found = await self._accounts.connection(uuid)
        if found["kind"] not in {ProviderKind.LLM, ProviderKind.EMBEDDING}:
            raise ValidationFailed.of("account_uuid", "The account's provider serves no models.")
        check_current(found)
        return self._connections.endpoint(found)

    async def connect(self, uuid: UUID) -> connecting.Started:
        """Begins to have a user grant access at the provider's own page; holds no connection meanwhile."""
        found = await self._accounts.connection(uuid)
        given = self._connections.open(found["workspace_uuid"], uuid, found["sealed_credentials"])
        return await connecting.start(self._session, found, given)

    async def _reach(self, found: Row) -> tuple[Sequence[DiscoveredModel] | None, AccountStatus, str]:
        """The account's models, if its provider told them, with what that means for it, as a status and in words."""
        try:
            endpoint = replace(self._connections.endpoint(found), timeout=VERIFY_SECONDS)
        except ValidationFailed as error:
            return None, AccountStatus.INVALID, error.detail
        await self._session.commit()
        try:
            models = await self._ask(endpoint, found["slug"])
        except ModelError as error:
            status = AccountStatus.INVALID if error.kind in _INVALID else AccountStatus(found["account_status"])
            return None, status, _failure(error, endpoint)
        return models, AccountStatus.ACTIVE, _success(models)

    async def _ask(self, endpoint: ModelEndpoint, slug: str) -> Sequence[DiscoveredModel]:
        client = self._connections.models
        models = await client.list_models(endpoint)
        free = next((model.id for model in models if model.id.endswith(":free")), None)
        if lists_models_to_all(slug) and free is not None:
            # The list says nothing about the key; the smallest call that costs nothing does.
            request = ModelRequest(model=free, messages=(Message("user", "Hi"),), max_tokens=1, stream=False)
            try:
                await client.complete(endpoint, request)
            except ModelError as error:
                if error.kind in {ErrorKind.AUTHENTICATION, ErrorKind.PERMISSION, ErrorKind.QUOTA}:
                    raise
        return models

    def _sealed(self, uuid: UUID, provider: Row, given: credentials.Credentials) -> dict[str, Any]:
        """The columns of new credentials."""
        config = AuthenticationConfig.model_validate(provider["authentication_config"])
        credentials.check(config, given)
        return {
            "sealed_credentials": self._connections.seal(self._access.workspace_uuid, uuid, given),
            "sealed_grant": None,
            "credentials": credentials.hints(config, given),
            "status": AccountStatus.UNVERIFIED.value,
            "verification": None,
        }

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        items = [present(row) for row in rows]
        if "provider" in relations:
            service = ProviderService(self._session, self._access)
            providers = await service.by_ids([row["provider_uuid"] for row in rows])
            for item, row in zip(items, rows, strict=True):
                item["provider"] = providers.get(row["provider_uuid"])
        return items


def check_current(row: Row) -> None:
    """:class:`ValidationFailed` when the account of ``row`` (``account_status, expires_at``) has expired."""
    expires = row["expires_at"]
    if row["account_status"] == "expired" or (expires is not None and expires <= clock.now()):
        raise ValidationFailed(
            "The account's credentials have expired; enter new ones under /api/v1/accounts.",
            code="account_expired",
            errors={"account_uuid": ["The account's credentials have expired."]},
        )


def _success(models: Sequence[DiscoveredModel]) -> str:
    count = len(models)
    found = "1 model was found" if count == 1 else f"{count or 'no'} models were found"
    return f"The provider accepts this account; {found}."


def _failure(error: ModelError, endpoint: ModelEndpoint) -> str:
    """What is wrong, in words; the provider's own are added, without any of the secrets."""
    said = error.provider_message
    message = error.message if not said or said in error.message else f"{error.message} The provider said: {said}"
    return masked(message, endpoint.secrets())


def present(row: Row) -> dict[str, Any]:
    """An account's row as the API shows it, without relations."""
    expires = row["expires_at"]
    expired = expires is not None and expires <= clock.now()
    return {
        "uuid": row["uuid"],
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "provider_uuid": row["provider_uuid"],
        "credentials": row["credentials"],
        "status": AccountStatus.EXPIRED.value if expired else row["status"],
        "profile": row["profile"],
        "verification": row["verification"],
        "last_used_at": clock.rfc3339_or_none(row["last_used_at"]),
        "expires_at": clock.rfc3339_or_none(expires),
        "provider": None,
    }
