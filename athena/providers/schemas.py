"""What a provider looks like from outside."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, Strict, model_validator

from athena.kit.schemas import Input, Name, Resource, With
from athena.llm.types import Dialect

MAXIMUM_FIELDS = 30
_HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
_REFUSED_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "content-type", "cookie", "upgrade", "te", "expect"}
)


def check_url(value: str) -> str:
    """``value``, when it is an absolute http or https address without a user, a query or a fragment in it."""
    try:
        parts = urlsplit(value)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
        parts = urlsplit("")
    if not valid or re.search(r"[\x00-\x20\x7f\\]", value):
        raise ValueError("must be an absolute http or https address")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password")
    if parts.query or parts.fragment or "?" in value or "#" in value:
        raise ValueError("must not hold a query or a fragment")
    return value


_PORT = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_URL = rf"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:{_PORT})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$"
Url = Annotated[
    str,
    Field(max_length=2048, pattern=_URL, examples=["https://api.example.com/v1"]),
    AfterValidator(check_url),
]


class ProviderKind(StrEnum):
    """What a provider is for."""

    LLM = "llm"
    EMBEDDING = "embedding"
    MCP = "mcp"
    HTTP = "http"


class AuthenticationType(StrEnum):
    """How a provider's server lets its callers in."""

    NONE = "none"
    API_KEY = "api_key"
    BEARER = "bearer"
    BASIC = "basic"
    OAUTH2 = "oauth2"


class FieldSchema(BaseModel):
    """One field that an account fills: a piece of JSON Schema. Its value is secret unless it says ``writeOnly: false``.

    A field of the format ``uri`` is an address, and never secret.
    """

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    type: Literal["string", "integer", "number", "boolean"] = "string"
    title: Annotated[str, Field(max_length=255)] | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    format: Literal["uri", "password"] | None = None
    write_only: Annotated[bool | None, Field(alias="writeOnly")] = None
    min_length: Annotated[int | None, Field(alias="minLength", ge=0, le=20_000)] = None
    max_length: Annotated[int | None, Field(alias="maxLength", ge=1, le=20_000)] = None
    enum: Annotated[list[str], Field(min_length=1, max_length=100)] | None = None
    examples: Annotated[list[JsonValue], Field(max_length=10)] | None = None


FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


def _no_number(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("Input should be False")  # noqa: TRY004 - what pydantic takes for a wrong value
    return value


class FieldsSchema(BaseModel):
    """The JSON Schema of what an account must fill: a flat object."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    type: Literal["object"] = "object"
    properties: Annotated[
        dict[FieldName, FieldSchema],
        Field(max_length=MAXIMUM_FIELDS, json_schema_extra={"additionalProperties": False}),
    ] = Field(default_factory=dict[str, FieldSchema])
    required: Annotated[list[FieldName], Field(max_length=MAXIMUM_FIELDS)] = Field(default_factory=list[str])
    additional_properties: Annotated[
        Literal[False], BeforeValidator(_no_number), Field(alias="additionalProperties")
    ] = False

    @model_validator(mode="after")
    def _complete(self) -> FieldsSchema:
        for name in self.required:
            self.properties.setdefault(name, FieldSchema())
        address = self.properties.get("base_url")
        if address is not None:
            # Requests go there, so that it is checked and shown as an address whatever else was said of it.
            self.properties["base_url"] = address.model_copy(update={"type": "string", "format": "uri"})
        return self


class AuthenticationConfig(BaseModel):
    """How an account's credentials reach the provider.

    ``api_key`` sends the field ``api_key`` as the header (or query parameter) ``name``; ``bearer`` sends ``api_key``,
    and ``oauth2`` sends ``access_token``, as ``Authorization: Bearer``; ``basic`` sends ``username`` and ``password``.
    Those are added to ``fields``, as required secrets, where they are missing.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Annotated[AuthenticationType, Strict(strict=False)]
    location: Annotated[Literal["header", "query"], Field(alias="in", description="Where an `api_key` goes.")] = (
        "header"
    )
    name: Annotated[
        str | None,
        Field(
            pattern=_HEADER_NAME,
            description="The header's or the query parameter's name; `X-API-Key` or `key` when left out.",
        ),
    ] = None
    authorization_url: Url | None = None
    token_url: Url | None = None
    scopes: Annotated[list[Annotated[str, Field(min_length=1, max_length=255)]], Field(max_length=100)] = Field(
        default_factory=list[str]
    )
    pkce: bool = False
    fields: FieldsSchema = Field(default_factory=FieldsSchema)

    @model_validator(mode="after")
    def _complete(self) -> AuthenticationConfig:
        if self.type is AuthenticationType.API_KEY:
            self.name = self.name or USUAL_NAMES[self.location]
            if self.location == "header" and self.name.lower() in _REFUSED_HEADERS:
                raise ValueError(f"the header {self.name} cannot carry a key")
        missing = [name for name in SENT_FIELDS[self.type] if name not in self.fields.properties]
        for name in missing:
            self.fields.properties[name] = FieldSchema(format="password", write_only=True, min_length=1)
            self.fields.required.append(name)
        return self

    def stored(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {
            **self.model_dump(mode="json", by_alias=True, exclude={"fields"}),
            "fields": self.fields.model_dump(mode="json", by_alias=True, exclude_none=True),
        }


SENT_FIELDS: dict[AuthenticationType, tuple[str, ...]] = {
    AuthenticationType.NONE: (),
    AuthenticationType.API_KEY: ("api_key",),
    AuthenticationType.BEARER: ("api_key",),
    AuthenticationType.BASIC: ("username", "password"),
    AuthenticationType.OAUTH2: ("access_token",),
}
"""The fields of an account that each type sends."""


USUAL_NAMES = {"header": "X-API-Key", "query": "key"}


class ProviderSettings(BaseModel):
    """``dialect`` is the protocol of the provider's language models; further settings are kept as given."""

    model_config = ConfigDict(extra="allow", strict=True)

    dialect: Annotated[Dialect, Strict(strict=False)] = Dialect.OPENAI_CHAT


Slug = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?$", examples=["my-model-server"])]
Logo = Annotated[str, Field(max_length=2048)]


def bearer() -> AuthenticationConfig:
    """What most model servers want: a key, as a bearer token."""
    return AuthenticationConfig(type=AuthenticationType.BEARER)


class ProviderCreate(Input):
    """A custom provider."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Our model server",
                    "base_url": "https://models.example.com/v1",
                    "authentication_config": {"type": "bearer"},
                }
            ]
        }
    )

    name: Name
    slug: Slug | None = Field(default=None, description="Made from the name when left out.")
    kind: Annotated[ProviderKind, Strict(strict=False)] = ProviderKind.LLM
    base_url: Url | None = None
    authentication_config: AuthenticationConfig = Field(default_factory=bearer)
    logo: Logo | None = None
    settings: ProviderSettings = Field(default_factory=ProviderSettings)
    with_: With = Field(default=None, alias="with")


class ProviderUpdate(Input):
    """The fields to change; what is not named stays. Keys of ``settings`` that are not named stay too."""

    name: Name = ""
    slug: Slug = ""
    kind: Annotated[ProviderKind, Strict(strict=False)] = ProviderKind.LLM
    base_url: Url | None = None
    authentication_config: AuthenticationConfig = Field(default_factory=bearer)
    logo: Logo | None = None
    settings: ProviderSettings = Field(default_factory=ProviderSettings)
    with_: With = Field(default=None, alias="with")


class Provider(Resource):
    """An integration's definition."""

    name: str
    slug: str
    kind: ProviderKind
    base_url: str | None
    authentication_config: AuthenticationConfig
    logo: str | None
    is_builtin: bool = Field(description="Built-in providers cannot be changed or deleted.")
    settings: ProviderSettings
