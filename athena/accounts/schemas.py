"""What an account looks like, coming in and going out."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from athena.kit.schemas import Input, Name, Output, Resource, Time, Timestamp, Uuid, With
from athena.providers.schemas import MAXIMUM_FIELDS, Provider


class AccountStatus(StrEnum):
    """What is known of an account's credentials."""

    ACTIVE = "active"
    EXPIRED = "expired"
    INVALID = "invalid"
    UNVERIFIED = "unverified"


Credentials = Annotated[
    dict[str, str | int | float | bool],
    Field(
        max_length=MAXIMUM_FIELDS,
        description="Write only: what the provider's `authentication_config.fields` ask for. Answers hold hints.",
        json_schema_extra={"writeOnly": True},
    ),
]
Profile = Annotated[
    dict[str, JsonValue], Field(max_length=64, description="Whose account it is, such as an e-mail or a team.")
]


class AccountCreate(Input):
    """Credentials for one provider."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Our OpenAI key",
                    "provider_uuid": "0f5ad3cc-4d0e-5b0f-8b35-0c5a6c2f6a52",
                    "credentials": {"api_key": "sk-…"},
                }
            ]
        }
    )

    name: Name
    provider_uuid: Uuid
    credentials: Credentials = Field(default_factory=dict[str, str | int | float | bool], repr=False)
    profile: Profile = Field(default_factory=dict[str, JsonValue])
    expires_at: Time | None = None
    with_: With = Field(default=None, alias="with")


class AccountUpdate(Input):
    """Changes; what is not named stays. Credentials are replaced as a whole, so that a secret never goes elsewhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Production key"}]})

    name: Name = ""
    credentials: Credentials = Field(default_factory=dict[str, str | int | float | bool], repr=False)
    profile: Profile = Field(default_factory=dict[str, JsonValue])
    expires_at: Time | None = None
    with_: With = Field(default=None, alias="with")


class Verification(Output):
    """What came out when the provider was last asked."""

    ok: bool
    message: str = Field(examples=["The provider accepts this account; 42 models were found."])
    checked_at: Timestamp


class Authorization(Output):
    """Where a user grants access."""

    authorization_url: str = Field(
        description="Of the authorization server; to be opened in a browser.",
        examples=["https://login.example.com/authorize?response_type=code&client_id=…&state=…"],
    )
    expires_at: Timestamp = Field(description="Until when the access has to be granted.")


class Account(Resource):
    """Credentials for one provider. The secrets themselves are never given back."""

    name: str
    provider_uuid: UUID
    credentials: dict[str, Any] = Field(
        description="Hints: addresses as they are, secrets masked.", examples=[{"api_key": "sk-…3f9a"}]
    )
    status: AccountStatus
    profile: dict[str, Any]
    verification: Verification | None = Field(description="Null until the account is verified.")
    last_used_at: Timestamp | None = Field(description="To the minute.")
    expires_at: Timestamp | None
    provider: Provider | None = None
