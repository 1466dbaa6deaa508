"""``make openapi-release``: keeps the present OpenAPI document as the released one of this version.

And what tells whether the present one breaks the clients of the last released one; the tests run it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

Schema = dict[str, Any]
Direction = Literal["in", "out"]

RELEASED = Path(__file__).resolve().parent.parent / "docs" / "openapi"
METHODS = ("get", "post", "put", "patch", "delete")
LOWER_IS_NARROWER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
HIGHER_IS_NARROWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")


def last_released() -> Path | None:
    """The document of the newest version that was released."""
    versions = {tuple(map(int, path.stem.removeprefix("v").split("."))): path for path in RELEASED.glob("v*.json")}
    return versions[max(versions)] if versions else None


def breaks(old: Schema, new: Schema) -> list[str]:
    """What a client of ``old`` would stumble over in ``new``, a line each."""
    return list(_Comparison(old, new).operations())


class _Comparison:
    """Two documents, and the pairs of schemas that were compared: each once, and they may refer to themselves."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old = old
        self.new = new
        self._compared: set[tuple[str, str, Direction]] = set()

    def operations(self) -> Iterator[str]:
        for path, item in self.old["paths"].items():
            for method in METHODS:
                if method in item:
                    name = f"{method.upper()} {path}"
                    present = self.new["paths"].get(path, {}).get(method)
                    if present is None:
                        yield f"{name} is gone"
                    else:
                        yield from self._operation(name, item[method], present)

    def _operation(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{name} is called {new['operationId']} now, and was {old['operationId']}"
        yield from self._parameters(name, old, new)
        yield from self._body(name, old, new)
        for status, response in old["responses"].items():
            if status >= "400":
                continue
            present = new["responses"].get(status)
            if present is None:
                yield f"{name} does not answer {status} any more"
                continue
            yield from (
                f"{name} {status} has no header {header} any more"
                for header in response.get("headers", {})
                if header not in present.get("headers", {})
            )
            yield from self._contents(f"{name} {status}", response, present, "out")

    def _parameters(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        before = {(each["in"], each["name"]): each for each in old.get("parameters", ())}
        after = {(each["in"], each["name"]): each for each in new.get("parameters", ())}
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{name} needs the parameter {key[1]} now"
        for key, parameter in before.items():
            if key not in after:
                yield f"{name} does not take the parameter {key[1]} any more"
            else:
                yield from self.schemas(f"{name} ?{key[1]}", parameter["schema"], after[key]["schema"], "in")

    def _body(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("requestBody", {}), new.get("requestBody", {})
        if after.get("required") and not before.get("required"):
            yield f"{name} needs a body now"
        yield from self._contents(name, before, after, "in")

    def _contents(self, name: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
        for kind, media in old.get("content", {}).items():
            present = new.get("content", {}).get(kind)
            if present is None:
                yield f"{name} has no {kind} any more"
            elif "schema" in media:
                yield from self.schemas(name, media["schema"], present.get("schema", {}), direction)

    def schemas(self, where: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
        """What is broken between two schemas: of what comes in, what is taken no more; of what goes out, what is new
        or missing.
        """
        before, after = _alternatives(self._resolved(self.old, old)), _alternatives(self._resolved(self.new, new))
        wanted, offered = (before, after) if direction == "in" else (after, before)
        for each in wanted:
            found = [list(self._single(where, *self._ordered(each, other, direction), direction)) for other in offered]
            if all(found):
                yield from min(found, key=lambda lines: (any("type" in line for line in lines), len(lines)))

    @staticmethod
    def _ordered(wanted: Schema, offered: Schema, direction: Direction) -> tuple[Schema, Schema]:
        return (wanted, offered) if direction == "in" else (offered, wanted)

    def _single(self, where: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""), direction)
        if all(pair[:2]):
            if pair in self._compared:
                return  # its lines are told where it was met first
            self._compared.add(pair)
        old, new = self._resolved(self.old, old), self._resolved(self.new, new)
        if ("anyOf" in old or "oneOf" in old) and ("anyOf" in new or "oneOf" in new):
            yield from self.schemas(where, old, new, direction)
            return
        narrow, wide = (new, old) if direction == "in" else (old, new)
        kinds, allowed = _types(wide), _types(narrow)
        if allowed and not (kinds and kinds <= allowed):
            yield f"{where} changed its type from {_named(_types(old))} to {_named(_types(new))}"
            return
        if direction == "in":
            yield from _narrowed(where, old, new)
        yield from self._properties(where, old, new, direction)
        if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
            yield from self.schemas(f"{where}[]", old["items"], new["items"], direction)

    def _properties(self, where: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required = set(new.get("required", ())), set(old.get("required", ()))
        if direction == "in":
            yield from (f"{where}.{name} is required now" for name in sorted(required[0] - required[1]))
        else:
            gone = required[1] - required[0]
            yield from (f"{where}.{name} may be missing now" for name in sorted(gone & set(after)))
        for name, schema in before.items():
            if name in after:
                yield from self.schemas(f"{where}.{name}", schema, after[name], direction)
            elif direction == "out" or new.get("additionalProperties") is False:
                yield f"{where}.{name} is gone"

    @staticmethod
    def _resolved(document: Schema, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


def _alternatives(schema: Schema) -> list[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or [schema]


def _types(schema: Schema) -> set[str]:
    """The JSON types that fit; empty where any does. An integer is a number, too."""
    kinds = schema.get("type", [])
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    return found | {"integer"} if "number" in found else found


def _named(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "anything"


def _narrowed(where: str, old: Schema, new: Schema) -> Iterator[str]:
    """What the same type takes less of."""
    values = [old["const"]] if "const" in old else old.get("enum")
    present = [new["const"]] if "const" in new else new.get("enum")
    if present is not None and values is None:
        yield f"{where} takes only some values now: {present}"
    elif present is not None and values is not None:
        gone = [value for value in values if value not in present]
        yield from (f"{where} does not take {value!r} any more" for value in gone)
    for key in LOWER_IS_NARROWER:
        if key in new and new[key] < old.get(key, float("inf")):
            yield f"{where} has a lower {key} now"
    for key in HIGHER_IS_NARROWER:
        if key in new and new[key] > old.get(key, float("-inf")) and not (key.startswith("min") and new[key] == 0):
            yield f"{where} has a higher {key} now"
    for key in ("pattern", "format"):
        if key in new and new[key] != old.get(key):
            yield f"{where} has another {key} now"


def present_document() -> Schema:
    """The document of the code as it is."""
    from athena import openapi  # noqa: PLC0415 - the comparison above needs no application
    from athena.app import api  # noqa: PLC0415

    return openapi.complete(api())


def main(arguments: Sequence[str]) -> int:
    """Writes the present document as the released one of its version; 1 when it breaks the last one."""
    document = present_document()
    last = last_released()
    target = RELEASED / f"v{document['info']['version']}.json"
    broken = breaks(json.loads(last.read_text("utf-8")), document) if last else []
    if broken and "--breaking" not in arguments:
        print("\n".join(broken), file=sys.stderr)
        print("openapi: this breaks clients; --breaking releases it all the same", file=sys.stderr)
        return 1
    RELEASED.mkdir(exist_ok=True)
    target.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(f"{target.relative_to(RELEASED.parent.parent)}: {len(document['paths'])} paths")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
