"""The built-in providers, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from athena.llm.types import Dialect
from athena.providers.schemas import (
    AuthenticationConfig,
    AuthenticationType,
    FieldSchema,
    FieldsSchema,
    ProviderKind,
)

NAMESPACE = UUID("8f1d0a52-6f0b-5c3e-9a57-3d7f4f3f8c11")
"""Ids of what every installation has are made from this and a name, so that they are the same everywhere."""

LOCAL_SLUG = "athena-local"
"""The packaged model, which Athena itself serves."""


def builtin_uuid(slug: str) -> UUID:
    """The id of a built-in provider."""
    return uuid5(NAMESPACE, f"providers/{slug}")


@dataclass(frozen=True, slots=True)
class Builtin:
    """A built-in provider's definition."""

    slug: str
    name: str
    base_url: str | None
    authentication: AuthenticationConfig
    dialect: Dialect = Dialect.OPENAI_CHAT
    lists_models_to_all: bool = False
    """Whether the list of models comes without a look at the key, so that it says nothing about the key."""

    @property
    def row(self) -> dict[str, Any]:
        """Its columns, the times aside."""
        return {
            "uuid": builtin_uuid(self.slug),
            "name": self.name,
            "slug": self.slug,
            "kind": ProviderKind.LLM.value,
            "base_url": self.base_url,
            "authentication_config": self.authentication.stored(),
            "logo": None,
            "is_builtin": True,
            "settings": {"dialect": self.dialect.value},
        }


def lists_models_to_all(slug: str) -> bool:
    """Whether that provider's list of models says nothing about the key that it was asked with."""
    return any(builtin.slug == slug and builtin.lists_models_to_all for builtin in BUILTIN)


def _key(required: str = "API key", *, example: str | None = None) -> FieldSchema:
    examples: list[Any] | None = [example] if example else None
    return FieldSchema(title=required, format="password", write_only=True, min_length=1, examples=examples)


def _address(example: str) -> FieldSchema:
    return FieldSchema(title="Base URL", format="uri", write_only=False, min_length=1, examples=[example])


def _bearer(example: str | None = None) -> AuthenticationConfig:
    return AuthenticationConfig(
        type=AuthenticationType.BEARER,
        fields=FieldsSchema(properties={"api_key": _key(example=example)}, required=["api_key"]),
    )


def _header(name: str, example: str) -> AuthenticationConfig:
    return AuthenticationConfig(
        type=AuthenticationType.API_KEY,
        name=name,
        fields=FieldsSchema(properties={"api_key": _key(example=example)}, required=["api_key"]),
    )


def _server(example: str, *, address_required: bool) -> AuthenticationConfig:
    """A server of the user's own: its address, and a key where it wants one."""
    return AuthenticationConfig(
        type=AuthenticationType.BEARER,
        fields=FieldsSchema(
            properties={"base_url": _address(example), "api_key": _key("API key, if the server wants one")},
            required=["base_url"] if address_required else [],
        ),
    )


BUILTIN: Sequence[Builtin] = (
    Builtin("openai", "OpenAI", "https://api.openai.com/v1", _bearer("sk-…"), Dialect.OPENAI_RESPONSES),
    Builtin("anthropic", "Anthropic", "https://api.anthropic.com", _header("x-api-key", "sk-ant-…"), Dialect.ANTHROPIC),
    Builtin(
        "google",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta",
        _header("x-goog-api-key", "AIza…"),
        Dialect.GOOGLE,
    ),
    Builtin("mistral", "Mistral", "https://api.mistral.ai/v1", _bearer()),
    Builtin("groq", "Groq", "https://api.groq.com/openai/v1", _bearer("gsk_…")),
    Builtin("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", _bearer("sk-or-…"), lists_models_to_all=True),
    Builtin(
        "ollama",
        "Ollama",
        "http://127.0.0.1:11434/v1",
        _server("http://127.0.0.1:11434/v1", address_required=False),
    ),
    Builtin("vllm", "vLLM", None, _server("http://127.0.0.1:8001/v1", address_required=True)),
    Builtin(
        "openai-compatible",
        "OpenAI-compatible server",
        None,
        _server("https://models.example.com/v1", address_required=True),
    ),
    Builtin(LOCAL_SLUG, "Packaged model", None, AuthenticationConfig(type=AuthenticationType.NONE)),
)
