"""Where the packaged model is served, handed from the process that runs it to all others of the same Athena."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

URL_VARIABLE = "ATHENA_LOCAL_MODEL_URL"
KEY_VARIABLE = "ATHENA_LOCAL_MODEL_KEY"
NAME_VARIABLE = "ATHENA_LOCAL_MODEL_NAME"


@dataclass(frozen=True, slots=True)
class LocalModelEndpoint:
    """An OpenAI-compatible endpoint."""

    base_url: str
    """Such as ``http://127.0.0.1:40000/v1``, without a slash at its end."""
    api_key: str = field(repr=False)
    model: str

    def to_env(self) -> dict[str, str]:
        """The environment variables that tell a child process of it."""
        return {URL_VARIABLE: self.base_url, KEY_VARIABLE: self.api_key, NAME_VARIABLE: self.model}

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Self | None:
        """What :meth:`to_env` put into the environment; None where no model runs."""
        variables = os.environ if environment is None else environment
        url, key, model = (variables.get(name, "") for name in (URL_VARIABLE, KEY_VARIABLE, NAME_VARIABLE))
        return cls(url, key, model) if url and key and model else None
