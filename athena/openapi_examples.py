"""Examples for the OpenAPI document: what the schemas' authors gave, and plausible values elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Schema = dict[str, Any]

UUID = "01980000-0000-7000-8000-000000000000"
TIME = "2026-01-31T08:00:00.000Z"
DEPTH = 8
TEXTS: Mapping[str, str] = {
    "name": "Bicycle advice",
    "display_name": "GPT-4o mini",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "initials": "AL",
    "color": "#1f6feb",
    "description": "What it is for.",
    "title": "Check the order",
    "content": "Which tyres for gravel?",
    "text": "Which tyres for gravel?",
    "message": "What happened.",
    "password": "correct horse battery",
    "model": "gpt-4o-mini",
    "system_prompt": "You help customers of a bicycle shop.",
    "conversation_style": "formal",
    "slug": "bicycle-advice",
    "mime_type": "text/plain",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "hint": "athena_…3f9a",
    "token": "athena_…",
    "path": "/api/v1/threads",
    "url": "https://example.com/",
    "code": "not_found",
    "finish_reason": "stop",
    "source": "local",
}
FORMATS: Mapping[str, str] = {"uuid": UUID, "date-time": TIME, "date": TIME[:10], "uri": TEXTS["url"]}
NUMBERS: Mapping[str, int | float] = {
    "temperature": 0.3,
    "max_tokens": 1024,
    "per_page": 15,
    "size": 1024,
    "cost": 0.0021,
    "input_tokens": 210,
    "output_tokens": 85,
    "duration_ms": 1840,
    "context_window": 128_000,
    "max_output_tokens": 16_384,
    "input_price": 0.15,
    "output_price": 0.6,
}


class Examples:
    """Makes examples from the schemas of one document."""

    def __init__(self, schemas: Schema) -> None:
        self.schemas = schemas

    def body(self, schema: Schema) -> Any:
        """The example of a whole body; of one that may be left out, the one with something in it."""
        return self.of(schema)

    def of(self, schema: Schema, name: str = "", depth: int = 0) -> Any:
        """A value that fits ``schema``, of a property that is called ``name``."""
        given: list[Any] | None = schema.get("examples")
        if given:
            return given[0]
        for key in ("example", "const"):
            if key in schema:
                return schema[key]
        if "$ref" in schema:
            return self.of(self.schemas[schema["$ref"].rpartition("/")[2]], name, depth + 1)
        if "enum" in schema:
            return schema["enum"][0]
        kinds = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if kinds and "properties" not in schema:
            return self._one_of(schema, kinds, name, depth)
        return self._plain(schema, name, depth)

    def _one_of(self, schema: Schema, kinds: list[Schema], name: str, depth: int) -> Any:
        kind = next(kind for kind in kinds if kind != {"type": "null"})
        nullable = {"type": "null"} in kinds
        if nullable and (depth > DEPTH or self._is_resource(kind) or ("default" in schema and not schema["default"])):
            return None
        return self.of(kind, name, depth)

    def _is_resource(self, schema: Schema) -> bool:
        """Whether it is another resource, or several: a relation, which is null unless it is asked for."""
        reference: str = schema.get("items", schema).get("$ref", "")
        return "uuid" in self.schemas.get(reference.rpartition("/")[2], {}).get("properties", ())

    def _plain(self, schema: Schema, name: str, depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((each for each in cast("list[str]", kind) if each != "null"), "null")
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return [self.of(schema["items"], name, depth + 1)] if "items" in schema and depth < DEPTH else []
            case "string":
                return self._text(schema, name)
            case "integer" | "number":
                return max(NUMBERS.get(name, 1), schema.get("minimum", 0))
            case "boolean":
                return bool(schema.get("default", False))
            case _:
                return schema.get("default")

    def _object(self, schema: Schema, depth: int) -> Schema:
        """What must be there or has an example: of what goes out that is everything."""
        required: list[str] = schema.get("required", [])
        properties: Schema = schema.get("properties", {})
        named = {name: value for name, value in properties.items() if name in required or "examples" in value}
        if not named and "patternProperties" not in schema:
            named = dict(list(properties.items())[:1])
        return {name: self.of(value, name, depth + 1) for name, value in named.items()}

    @staticmethod
    def _text(schema: Schema, name: str) -> str:
        known = FORMATS.get(schema.get("format", "")) or TEXTS.get(name)
        if known is None and (name == "uuid" or name.endswith("_uuid")):
            known = UUID
        if known is None and name.endswith("_url"):
            known = TEXTS["url"]
        text = known or name.replace("_", " ").strip() or "text"
        return text[: schema.get("maxLength", len(text))]
