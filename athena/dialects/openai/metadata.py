"""Metadata of this dialect, among the free properties of agents and threads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from athena.kit.errors import ValidationFailed
from athena.large_language_models.parameters import NAMED_METADATA, ModelMetadata


def free(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What of it is metadata, and no setting."""
    return {key: value for key, value in stored.items() if key not in NAMED_METADATA}


def settings_with(
    metadata: Mapping[str, str],
    stored: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> ModelMetadata:
    """``metadata`` in place of what is ``stored``, beside ``settings``."""
    for name in metadata:
        if name in NAMED_METADATA:
            raise ValidationFailed.of(f"metadata.{name}", "This name is a setting; take another one.")
    gone = dict.fromkeys(free(stored or {}).keys() - metadata.keys())
    return ModelMetadata.model_validate({**gone, **metadata, **(settings or {})})
