"""The rules of accounts, and what a process holds to reach models with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from athena.accounts import credentials
from athena.kit.crypto import Keyring, SecretUnreadable, place
from athena.kit.db import Row
from athena.kit.errors import ValidationFailed
from athena.llm.client import ModelClient
from athena.llm.types import Dialect, ModelEndpoint
from athena.local_model.endpoint import LocalModelEndpoint
from athena.providers.builtin import LOCAL_SLUG


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
