"""JSON Schemas of other products. Pure."""

from __future__ import annotations

import json
from typing import Any, cast

from athena.importers import foreign
from athena.llm.structured import InvalidSchema, Schema

MOST_FIELDS = 64
DEEPEST = 12


def usable(given: Any) -> dict[str, Any] | None:
    """A schema, also as text, that ours are checked by; ``None`` where it is none."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return None
    if not isinstance(given, dict) or not 0 < len(cast("dict[str, Any]", given)) <= MOST_FIELDS:
        return None
    schema = cast("dict[str, Any]", given)
    try:
        Schema(schema)
    except (InvalidSchema, RecursionError):
        return None
    return schema


def of_object(given: Any) -> dict[str, Any] | None:
    """A schema of arguments, which are an object."""
    found = usable(given)
    if found is None:
        return None
    made = found if "type" in found else {"type": "object", **found}
    return made if made.get("type") == "object" else None


def from_example(text: str) -> dict[str, Any] | None:
    """The schema of values like this one, which is JSON."""
    try:
        return usable(_of(json.loads(text), 0))
    except (ValueError, RecursionError):
        return None


def _of(value: Any, depth: int) -> dict[str, Any]:
    match value:
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case list() if depth < DEEPEST:
            items = cast("list[Any]", value)
            return {"type": "array", **({"items": _of(items[0], depth + 1)} if items else {})}
        case dict() if depth < DEEPEST:
            fields = foreign.mapping({"value": value}, "value")
            return {
                "type": "object",
                "properties": {name: _of(each, depth + 1) for name, each in fields.items()},
                "required": list(fields),
            }
        case _:
            return {}
