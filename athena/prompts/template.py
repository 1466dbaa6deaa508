r"""A prompt's text and its variables: which it names, whether values fit them, and the text with the values in. Pure.

``{{name}}`` is a variable's place, and ``\{{`` two braces that are none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from athena.kit.errors import ValidationFailed

MAXIMUM_VARIABLES = 64
MAXIMUM_NAME = 64
MAXIMUM_RENDERED = 200_000

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME = re.compile(NAME)
_PLACE = re.compile(r"\\\{\{|\{\{([^{}\n]*)\}\}")

Variable = Mapping[str, Any]
"""A variable as it is stored: name, type, description, required, default, options."""

_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "number": ((int, float), "a number"),
    "integer": ((int,), "a whole number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list,), "a list"),
    "object": ((dict,), "an object"),
    "enum": ((str,), "one of its options"),
}


def names_in(content: str) -> list[str]:
    """The variables that ``content`` names, in the order in which they come first."""
    names: dict[str, None] = {}
    for place in _PLACE.finditer(content):
        if place[1] is None:
            continue
        name = place[1].strip()
        if not _NAME.fullmatch(name) or len(name) > MAXIMUM_NAME:
            raise ValidationFailed.of(
                "content",
                f"{place[0][:80]} is no variable: a name has letters, digits and _, at most {MAXIMUM_NAME}, and begins "
                r"with no digit. Write \{{ for braces that stand for themselves.",
            )
        names[name] = None
    return list(names)


def declared(content: str, variables: Sequence[Variable]) -> list[dict[str, Any]]:
    """``variables``, checked, and after them those that ``content`` names without their being declared."""
    names = names_in(content)
    known: set[str] = set()
    for number, variable in enumerate(variables):
        if variable["name"] in known:
            raise ValidationFailed.of(f"variables.{number}.name", "There is another variable of this name.")
        known.add(variable["name"])
        _check(variable, f"variables.{number}")
    added = [_undeclared(name) for name in names if name not in known]
    if len(variables) + len(added) > MAXIMUM_VARIABLES:
        raise ValidationFailed.of("content", f"A prompt has at most {MAXIMUM_VARIABLES} variables.")
    return [*({**variable, "required": _required(variable)} for variable in variables), *added]


def carried(content: str, variables: Sequence[Variable]) -> list[Variable]:
    """Those of ``variables`` that a new ``content`` still names."""
    names = set(names_in(content))
    return [variable for variable in variables if variable["name"] in names]


def texts(variables: Sequence[Variable], given: Mapping[str, Any]) -> dict[str, str]:
    """Each variable's text: of the value that was given, or else of its default; the errors of all at once."""
    errors: dict[str, list[str]] = {}
    found: dict[str, str] = {}
    for variable in variables:
        name = variable["name"]
        value = given.get(name)
        if value is None:
            value = variable["default"]
        if value is None:
            if variable["required"]:
                errors[f"variables.{name}"] = ["This variable is required."]
            found[name] = ""
        elif (wrong := mismatch(variable, value)) is not None:
            errors[f"variables.{name}"] = [wrong]
        else:
            found[name] = _text(value)
    for name in given.keys() - {variable["name"] for variable in variables}:
        errors[f"variables.{name[:MAXIMUM_NAME]}"] = ["The prompt has no such variable."]
    if errors:
        path, messages = min(errors.items())
        raise ValidationFailed(f"{path}: {messages[0]}", errors=dict(sorted(errors.items())))
    return found


def render(content: str, values: Mapping[str, str]) -> str:
    """``content`` with the variables' texts in their places, once: what stands in a value stays as it is."""
    parts: list[str] = []
    length, end = 0, 0
    for place in _PLACE.finditer(content):
        text = "{{" if place[1] is None else values[place[1].strip()]
        parts += [content[end : place.start()], text]
        length += len(parts[-2]) + len(text)
        end = place.end()
        if length > MAXIMUM_RENDERED:
            break
    if length + len(content) - end > MAXIMUM_RENDERED:
        raise ValidationFailed.of("variables", f"The prompt comes to more than {MAXIMUM_RENDERED} characters.")
    return "".join((*parts, content[end:]))


def mismatch(variable: Variable, value: Any) -> str | None:
    """Why ``value`` is none for ``variable``; ``None`` when it is one."""
    kinds, told = _KINDS[variable["type"]]
    # For Python, true is a number.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return f"It must be {told}."
    options: Sequence[str] = variable["options"] or ()
    if variable["type"] == "enum" and value not in options:
        return f"It must be one of: {', '.join(options)}."
    return None


def _check(variable: Variable, path: str) -> None:
    is_enum = variable["type"] == "enum"
    if is_enum and not variable["options"]:
        raise ValidationFailed.of(f"{path}.options", "Say what the variable may be.")
    if not is_enum and variable["options"] is not None:
        raise ValidationFailed.of(f"{path}.options", "Only a variable of type enum has options.")
    if variable["default"] is not None and (wrong := mismatch(variable, variable["default"])) is not None:
        raise ValidationFailed.of(f"{path}.default", wrong)


def _required(variable: Variable) -> bool:
    return variable["default"] is None if variable["required"] is None else variable["required"]


def _undeclared(name: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "description": "", "required": True, "default": None, "options": None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
