"""Language models and agents of other products, as ours are written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from athena.importers import texts
from athena.importers.collected import Collected

PROVIDERS: Final = (
    ("openrouter", "openrouter"),
    ("azure", "openai-compatible"),
    ("anthropic", "anthropic"),
    ("claude", "anthropic"),
    ("gemini", "google"),
    ("google", "google"),
    ("vertex", "google"),
    ("mistral", "mistral"),
    ("groq", "groq"),
    ("ollama", "ollama"),
    ("vllm", "vllm"),
    ("localai", "openai-compatible"),
    ("lmstudio", "openai-compatible"),
    ("openai_api_compatible", "openai-compatible"),
    ("openai", "openai"),
    ("gpt", "openai"),
)
"""What stands in the names of others, and the provider here; the first that fits."""
OTHER: Final = "openai-compatible"
LONGEST_PROMPT: Final = 200_000


def provider_of(*names: str) -> str:
    """The slug of the provider that names speak of."""
    for name in names:
        for part, slug in PROVIDERS:
            if part in name.lower():
                return slug
    return OTHER


@dataclass(frozen=True, slots=True)
class Model:
    """A model with its parameters, and the account that pays."""

    name: str | None = None
    account: dict[str, str] | None = None
    temperature: float | None = None
    max_tokens: int | None = None

    @classmethod
    def of(
        cls, collected: Collected, provider: str, name: str, temperature: float | None, max_tokens: float | None
    ) -> Model:
        """A model of the provider; parameters that no model here takes are left out."""
        slug = provider_of(provider, name)
        return cls(
            name.strip()[:255] or None,
            collected.account(slug, f"Credentials for {provider or slug}; those of the source are not taken over."),
            temperature if temperature is not None and 0 <= temperature <= 2 else None,  # noqa: PLR2004
            int(max_tokens) if max_tokens is not None and 1 <= max_tokens <= 10_000_000 else None,  # noqa: PLR2004
        )

    def of_node(self) -> dict[str, Any]:
        """As nodes that ask a model have it."""
        found = {
            "model": texts.plain(self.name) if self.name else None,
            "account_uuid": self.account,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }
        return {name: value for name, value in found.items() if value is not None}

    def of_agent(self) -> dict[str, Any]:
        """As agents have it."""
        parameters = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        found: dict[str, Any] = {
            "model": self.name,
            "account_uuid": self.account,
            "metadata": {name: value for name, value in parameters.items() if value is not None},
        }
        return {name: value for name, value in found.items() if value}


def agent(name: str, model: Model, prompt: str, **more: Any) -> dict[str, Any]:
    """An agent's specification; what is empty is left out."""
    spec = {"name": texts.label(name, "Agent"), **model.of_agent(), "system_prompt": prompt[:LONGEST_PROMPT], **more}
    return {key: value for key, value in spec.items() if value}
