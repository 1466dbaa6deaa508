"""Schemas, names and texts that a foreign document or server gives for functions, made fit to store and to show.

They are data of somebody else's: their length is bounded, control characters go, and nothing in them is looked up
outside of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final, cast

import jsonschema_rs
import orjson

from athena.tools.base import ANY_ARGUMENTS, JsonObject

NAME_LENGTH: Final = 64
DESCRIPTION_BYTES: Final = 4 * 1024
SCHEMA_BYTES: Final = 64 * 1024
TEXT_LENGTH: Final = 1_000
"""Characters of a title or a description within a schema."""
DEEPEST: Final = 24
NODES: Final = 4_000
"""How many schemas one function's schema may unfold to; what comes after is left open."""
HASH_LENGTH: Final = 12

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MANGLED: Final = re.compile(rf"[A-Za-z0-9_-]*_[0-9a-f]{{{HASH_LENGTH}}}")
_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
# Also what turns text around, hides in it, or carries a second text within the first.
_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)

_SCHEMAS: Final = frozenset({"additionalProperties", "items", "not", "contains", "propertyNames"})
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS: Final = frozenset({"properties", "patternProperties"})
_TEXTS: Final = frozenset({"title", "description"})
_VALUES: Final = frozenset({"enum", "const", "default", "required", "pattern", "type", "format", "uniqueItems"})
_NUMBERS: Final = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    }
)


def fitting_name(name: str) -> str:
    """``name`` where it fits; else what fits of it and a part of its hash, so that no two names meet in one."""
    if _NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_LENGTH]
    kept = _NOT_IN_NAME.sub("_", name).strip("_")[: NAME_LENGTH - HASH_LENGTH - 1]
    return f"{kept}_{digest}"


def is_made_up(name: str) -> bool:
    """Whether ``name`` may be one that :func:`fitting_name` made of another."""
    return _MANGLED.fullmatch(name) is not None


def plain_text(text: object, length: int = TEXT_LENGTH) -> str:
    """``text`` without control characters, cut to ``length``; empty for what is no text."""
    return _CONTROL.sub("", text)[:length].strip() if isinstance(text, str) else ""


def description(text: object) -> str:
    """A function's description: plain text of at most 4 KiB."""
    return plain_text(text, DESCRIPTION_BYTES).encode()[:DESCRIPTION_BYTES].decode("utf-8", "ignore")


def portable(schema: object, root: object) -> JsonObject:
    """``schema`` as plain JSON Schema that stands alone.

    References, which lead into ``root`` alone, are unfolded; where they lead in a circle, out of the document or too
    far, anything is taken. Keywords of OpenAPI 3.0 are put in terms of JSON Schema; what only describes is dropped.
    """
    return _usable(_Unfolding(root).schema(schema, 0, ()))


def arguments(schema: object) -> JsonObject:
    """The schema of a function's arguments, which is an object's, of at most 64 KiB."""
    found = portable(schema, schema)
    return bounded({"properties": {}, **found} if found.get("type") == "object" else ANY_ARGUMENTS)


def bounded(schema: JsonObject) -> JsonObject:
    """``schema``, whose properties are left open where all of it has more than 64 KiB, and cut off where that has."""
    if len(orjson.dumps(schema)) <= SCHEMA_BYTES:
        return schema
    names: list[str] = [str(name) for name in schema.get("properties", {})]
    anything: dict[str, Any] = {}
    opened = {**ANY_ARGUMENTS, "properties": dict.fromkeys(names, anything), "required": schema.get("required", [])}
    return opened if len(orjson.dumps(opened)) <= SCHEMA_BYTES else ANY_ARGUMENTS


def look_up(root: object, pointer: str) -> object:
    """What a reference within a document names (``#/components/schemas/Pet``); ``None`` when there is nothing."""
    if pointer == "#":
        return root
    if not pointer.startswith("#/"):
        return None
    found = root
    for part in pointer[2:].split("/"):
        key = _unquoted(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = cast("dict[str, object]", found).get(key)
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(cast("list[object]", found)):
            found = cast("list[object]", found)[int(key)]
        else:
            return None
    return found


def _unquoted(part: str) -> str:
    return re.sub("%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), part) if "%" in part else part


class _Unfolding:
    """Unfolds one schema; counts how much of it there is."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._left = NODES
        self._room = SCHEMA_BYTES

    def schema(self, given: object, depth: int, path: tuple[str, ...]) -> dict[str, Any]:
        """A schema without references. ``path``: the references that led here."""
        self._left -= 1
        if not isinstance(given, dict) or depth > DEEPEST or self._left < 0 or self._room < 0:
            return {"not": {}} if given is False else {}
        found = cast("dict[str, object]", given)
        reference = found.get("$ref")
        if isinstance(reference, str):
            if reference in path:
                return {}
            target = look_up(self._root, reference)
            beside = {name: value for name, value in found.items() if name != "$ref"}
            unfolded = self.schema(target, depth + 1, (*path, reference))
            # Beside a reference stands at most what describes it.
            return {**unfolded, **self._keywords({k: v for k, v in beside.items() if k in _TEXTS}, depth, path)}
        return self._keywords(_modern(found), depth, path)

    def _keywords(self, given: Mapping[str, object], depth: int, path: tuple[str, ...]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in given.items():
            if name in _TEXTS:
                kept: Any = plain_text(value) or None
            elif name in _SCHEMAS:
                kept = value if isinstance(value, bool) else self.schema(value, depth + 1, path)
            elif name in _LISTS:
                kept = self._list(value, depth, path)
            elif name in _MAPS:
                kept = self._map(value, depth, path)
            elif name in _VALUES or (name in _NUMBERS and _is_number(value)):
                kept = _cleaned(value)
            else:
                continue
            if kept is None and name != "const":
                continue
            if not isinstance(kept, dict):
                self._room -= len(name) + len(orjson.dumps(kept))
            made[name] = kept
        return _required_of_properties(made)

    def _list(self, value: object, depth: int, path: tuple[str, ...]) -> list[Any] | None:
        if not isinstance(value, list) or not value:
            return None
        return [self.schema(each, depth + 1, path) for each in cast("list[object]", value)[:100]]

    def _map(self, value: object, depth: int, path: tuple[str, ...]) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            return None
        made: dict[str, Any] = {}
        for name, each in cast("dict[str, object]", value).items():
            if _CONTROL.search(name) or _is_read_only(each):
                continue
            self._room -= len(name)
            made[name] = self.schema(each, depth + 1, path)
        return made


def _is_read_only(schema: object) -> bool:
    return isinstance(schema, dict) and cast("dict[str, object]", schema).get("readOnly") is True


def _required_of_properties(made: dict[str, Any]) -> dict[str, Any]:
    """Without names that are required and described nowhere: what is only read, or was dropped."""
    required = made.get("required")
    if "required" not in made:
        return made
    names = cast("list[object]", required) if isinstance(required, list) else []
    known = made.get("properties")
    kept = [name for name in names if isinstance(name, str) and (known is None or name in known)]
    return {**made, "required": kept} if kept else {name: value for name, value in made.items() if name != "required"}


def _modern(schema: Mapping[str, object]) -> Mapping[str, object]:
    """OpenAPI 3.0's ``nullable`` and exclusive limits as JSON Schema has them."""
    made = dict(schema)
    for name, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(made.get(name), bool):
            exclusive = made.pop(name)
            if exclusive and _is_number(made.get(limit)):
                made[name] = made.pop(limit)
    if made.get("nullable") is True:
        if isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
            if isinstance(made.get("enum"), list):
                made["enum"] = [*cast("list[object]", made["enum"]), None]
        elif "type" not in made:
            return {"anyOf": [{name: value for name, value in made.items() if name != "nullable"}, {"type": "null"}]}
    return made


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cleaned(value: object) -> Any:
    """A JSON value whose texts have no control characters."""
    match value:
        case str():
            return _CONTROL.sub("", value)
        case list():
            return [_cleaned(each) for each in cast("list[object]", value)]
        case dict():
            return {_CONTROL.sub("", k): _cleaned(v) for k, v in cast("dict[str, object]", value).items()}
        case _:
            return value


def _usable(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema``, as long as arguments can be checked with it; else what of it can."""
    if _compiles(schema):
        return schema
    properties = cast("dict[str, Any]", schema.get("properties") or {})
    made: dict[str, Any] = {"type": "object"} if schema.get("type") == "object" else {}
    if text := schema.get("description"):
        made["description"] = text
    if properties:
        made["properties"] = {name: each if _compiles(each) else {} for name, each in properties.items()}
        made["required"] = schema.get("required", [])
    return made if _compiles(made) else {}


def _compiles(schema: object) -> bool:
    try:
        jsonschema_rs.validator_for(cast("dict[str, Any]", schema), offline=True)
    except (ValueError, TypeError, RecursionError):
        return False
    return True
