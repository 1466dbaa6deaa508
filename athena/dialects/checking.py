"""Parameters of another protocol's requests, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, JsonValue, ValidationError

from athena.kit.errors import ValidationFailed
from athena.kit.nesting import is_nested_within

M = TypeVar("M", bound=BaseModel)
MAXIMUM_DEPTH: Final = 64
"""Of lists and objects within each other, in what is given as JSON."""


def shallow(value: Any) -> Any:
    """``value``; :class:`ValueError` when it is nested too deep."""
    if not is_nested_within(value, MAXIMUM_DEPTH):
        raise ValueError(f"JSON may be nested {MAXIMUM_DEPTH} deep.")
    return value


Nested = Annotated[dict[str, JsonValue], AfterValidator(shallow)]
AnyJson = Annotated[JsonValue, AfterValidator(shallow)]


def checked(model: type[M], given: Mapping[str, Any], path: str = "params") -> M:
    """``given`` as ``model``; :class:`ValidationFailed`, which names the field, when it does not fit."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (*([path] if path else []), *first["loc"]))
        raise ValidationFailed.of(where, f"{first['msg'].removeprefix('Value error, ')}.") from error
