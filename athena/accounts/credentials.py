"""An account's credentials: checked against what its provider asks for, shown as hints, and turned into a way in."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from athena.kit.errors import ValidationFailed
from athena.kit.masking import Mask
from athena.llm.types import Dialect, ModelEndpoint, SecretMapping
from athena.providers.schemas import AuthenticationConfig, AuthenticationType, FieldSchema, check_url

Credentials = Mapping[str, Any]

MAXIMUM_LENGTH = 20_000
_SHOWN_FROM_LENGTH = 20
"""A shorter secret is not shown in part: four or more characters would be too much of it."""
_MASKED_FROM_LENGTH = 6
"""A shorter one cannot be told from what is no secret."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def check(config: AuthenticationConfig, credentials: Credentials) -> None:
    """:class:`ValidationFailed` when ``credentials`` are not what the provider's fields ask for."""
    fields = config.fields
    errors: dict[str, list[str]] = {}
    for name in credentials:
        if name not in fields.properties:
            known = ", ".join(fields.properties) or "none"
            errors[f"credentials.{name}"] = [f"This provider has no such field; known: {known}."]
    for name, field in fields.properties.items():
        value = credentials.get(name)
        if value is None:
            # An access that a user grants at the provider's own page comes later.
            granted = config.type is AuthenticationType.OAUTH2 and name == "access_token"
            if name in fields.required and not granted:
                errors[f"credentials.{name}"] = ["This field is required."]
        elif wrong := _wrong(field, value):
            errors[f"credentials.{name}"] = [wrong]
    if errors:
        raise ValidationFailed("The credentials are not what the provider asks for.", errors=errors)


def _wrong(field: FieldSchema, value: object) -> str | None:
    """What is wrong with a field's value; never with the value in it."""
    if not isinstance(value, _TYPES[field.type]) or (isinstance(value, bool) and field.type != "boolean"):
        return f"Must be a {field.type}."
    return _wrong_text(field, value) if isinstance(value, str) else None


def _wrong_text(field: FieldSchema, value: str) -> str | None:
    longest = min(field.max_length or MAXIMUM_LENGTH, MAXIMUM_LENGTH)
    problem: str | None = None
    if not value.strip():
        problem = "Must not be empty."
    elif not (field.min_length or 0) <= len(value) <= longest:
        problem = f"Must have {field.min_length or 1} to {longest} characters."
    elif any(character < " " or character == "\x7f" for character in value):
        problem = "Must not contain control characters or line breaks."
    elif field.enum is not None and value not in field.enum:
        problem = f"Must be one of: {', '.join(field.enum)}."
    elif field.format == "uri":
        try:
            check_url(value)
        except ValueError as error:
            problem = f"The address {error}."
    return problem


def hints(config: AuthenticationConfig, credentials: Credentials) -> dict[str, Any]:
    """What may be shown of ``credentials``: addresses and public fields as they are, of secrets a few characters."""
    shown: dict[str, Any] = {}
    for name, value in credentials.items():
        field = config.fields.properties[name]
        shown[name] = value if _is_public(field) else mask(value)
    return shown


def _is_public(field: FieldSchema) -> bool:
    return field.format == "uri" or (field.write_only is False and field.format != "password")


def mask(value: object) -> str:
    """The first three and last four characters of a long secret; nothing of a short one."""
    text = str(value)
    return f"{text[:3]}…{text[-4:]}" if len(text) >= _SHOWN_FROM_LENGTH else "…"


@dataclass(frozen=True, slots=True)
class Authentication:
    """What an account adds to a request: headers and query parameters, for the server at ``base_url`` alone."""

    base_url: str | None
    """``None``: neither the account nor its provider names a server."""
    headers: SecretMapping
    query: SecretMapping
    mask: Mask = dataclasses.field(repr=False)
    """Hides it in what a server answers."""


def authentication(config: Mapping[str, Any], base_url: str | None, credentials: Credentials) -> Authentication:
    """The credentials as the provider wants them; ``config`` is an authentication config as it is stored."""
    headers, query = _sent(config, credentials)
    fields = AuthenticationConfig.model_validate(config).fields.properties
    texts = {name: value.strip() for name, value in credentials.items() if isinstance(value, str)}
    secret = {value for name, value in texts.items() if not _is_public(fields[name])}
    secret |= {text for value in (*headers.values(), *query.values()) for text in (value, value.rpartition(" ")[2])}
    known = {text: "[account]" for text in secret if len(text) >= _MASKED_FROM_LENGTH}
    return Authentication(base_url, SecretMapping(headers), SecretMapping(query), Mask(known))


def endpoint(
    config: Mapping[str, Any], settings: Mapping[str, Any], base_url: str, credentials: Credentials, timeout: float
) -> ModelEndpoint:
    """Where a provider's models are served, with the account's credentials where the provider wants them.

    ``config`` is an authentication config as it is stored: on the way of each run, nothing is parsed again.
    """
    headers, query = _sent(config, credentials)
    return ModelEndpoint(
        dialect=Dialect(settings.get("dialect", Dialect.OPENAI_CHAT)),
        base_url=base_url.rstrip("/"),
        headers=headers,
        query=query,
        timeout=timeout,
    )


def _sent(config: Mapping[str, Any], credentials: Credentials) -> tuple[dict[str, str], dict[str, str]]:
    """The headers and the query parameters that carry the credentials."""
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    given = {name: str(value).strip() for name, value in credentials.items()}
    match config["type"]:
        case AuthenticationType.API_KEY if "api_key" in given:
            (query if config["in"] == "query" else headers)[config["name"]] = given["api_key"]
        case AuthenticationType.BEARER if "api_key" in given:
            headers["Authorization"] = f"Bearer {given['api_key']}"
        case AuthenticationType.OAUTH2 if "access_token" in given:
            headers["Authorization"] = f"Bearer {given['access_token']}"
        case AuthenticationType.BASIC if "username" in given:
            pair = f"{given['username']}:{given.get('password', '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        case _:
            pass
    return headers, query
