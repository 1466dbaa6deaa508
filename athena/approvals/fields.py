"""What a form asks for, and what may be filled in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, JsonValue, model_validator

from athena.kit.errors import ValidationFailed
from athena.kit.schemas import Input, ShortText

LONGEST_TEXT: Final = 10_000
MAXIMUM_OPTIONS: Final = 200
DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")

FieldType = Literal["text", "number", "boolean", "choice", "date"]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", examples=["amount"])]
Option = Annotated[str, Field(min_length=1, max_length=255)]


class FormField(Input):
    """One field of a form."""

    name: FieldName
    type: Annotated[FieldType, Field(description="A `date` is text such as `2026-01-31`.")] = "text"
    label: Annotated[str, Field(max_length=255, description="Left out: the name.")] = ""
    description: ShortText = ""
    required: bool = False
    options: Annotated[list[Option], Field(max_length=MAXIMUM_OPTIONS, description="Of a `choice`: one of these.")] = (
        Field(default_factory=list[str])
    )
    default: Annotated[JsonValue, Field(description="What it is when nothing is filled in.")] = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.type == "choice") != bool(self.options):
            raise ValueError("A choice has options, and no other field has.")
        if self.default is not None and (problem := self.problem(self.default)):
            raise ValueError(f"The default does not fit: {problem}")
        return self

    def problem(self, value: Any) -> str | None:
        """Why the field cannot have that value, if so."""
        match self.type:
            case "text":
                fits = isinstance(value, str) and len(value) <= LONGEST_TEXT
                return None if fits else f"Give text of at most {LONGEST_TEXT} characters."
            case "number":
                fits = isinstance(value, int | float) and not isinstance(value, bool)
                return None if fits else "Give a number."
            case "boolean":
                return None if isinstance(value, bool) else "Give true or false."
            case "choice":
                return None if value in self.options else f"Choose one of: {', '.join(self.options)}."
            case "date":
                return None if _is_date(value) else "Give a date such as 2026-01-31."


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def filled(fields: Iterable[FormField], values: Mapping[str, Any]) -> dict[str, Any]:
    """Every field's value: what was filled in, or its default, or null; :class:`ValidationFailed` by field."""
    known = {field.name: field for field in fields}
    errors: dict[str, list[str]] = {}
    found: dict[str, Any] = {}
    for name, field in known.items():
        value = values.get(name)
        if value is None or (value == "" and field.type != "text"):
            value = field.default
        if value in (None, ""):
            if field.required:
                errors[f"values.{name}"] = ["This field is required."]
        elif problem := field.problem(value):
            errors[f"values.{name}"] = [problem]
        found[name] = value
    for name in values.keys() - known.keys():
        errors[f"values.{name[:64]}"] = ["The form has no such field."]
    if errors:
        path, messages = min(errors.items())
        raise ValidationFailed(f"{path}: {messages[0]}", errors=dict(sorted(errors.items())))
    return found
