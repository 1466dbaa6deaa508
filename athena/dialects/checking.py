"""Parameters of another protocol's requests, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from athena.kit.errors import ValidationFailed

M = TypeVar("M", bound=BaseModel)


def checked(model: type[M], given: Mapping[str, Any], path: str = "params") -> M:
    """``given`` as ``model``; :class:`ValidationFailed`, which names the field, when it does not fit."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (*([path] if path else []), *first["loc"]))
        raise ValidationFailed.of(where, f"{first['msg'].removeprefix('Value error, ')}.") from error
