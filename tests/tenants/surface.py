"""The API as its document tells it: every operation, and every value that a request can hold, wherever it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import jsonschema_rs

from athena.openapi import METHODS
from athena.openapi_examples import Examples

DOCUMENT = "urn:athena:openapi"
Place = Literal["path", "query", "header", "body"]
Schema = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One step from a schema into a part of it."""

    kind: Literal["key", "item", "branch"]
    schema: Schema
    name: str = ""


@dataclass(frozen=True, eq=False)
class Input:
    """A value that a request of an operation can hold."""

    operation: Operation
    place: Place
    path: str
    """Dotted, with ``*`` for the items of a list."""
    schema: Schema
    """With the description of what it belongs to."""
    steps: Sequence[Step] = ()

    @property
    def name(self) -> str:
        """The last word of its path."""
        return next(part for part in reversed(self.path.split(".")) if part != "*")

    @property
    def is_uuid(self) -> bool:
        """Whether it may name something: by its form, or because its description says so."""
        text = self.schema.get("type") == "string" or "type" not in self.schema
        return self.schema.get("format") == "uuid" or (text and "uuid" in self.schema.get("description", "").lower())

    @property
    def is_url(self) -> bool:
        """Whether it may hold an address that Athena could call."""
        said = f"{self.schema.get('pattern', '')} {self.schema.get('format', '')} {self.name}".lower()
        return self.schema.get("type") == "string" and any(word in said for word in ("http", "uri", "url"))

    def __str__(self) -> str:
        return f"{self.operation.id} {self.place} {self.path}"


@dataclass(frozen=True, eq=False)
class Operation:
    """An operation of the document."""

    id: str
    method: str
    path: str
    spec: Schema
    surface: Surface = field(repr=False)

    @property
    def parameters(self) -> list[Schema]:
        return self.spec.get("parameters", [])

    @property
    def public(self) -> bool:
        """Whether it needs no credentials."""
        return self.spec.get("security") in ([], [{}, {"basic": []}])

    @cached_property
    def body(self) -> Schema | None:
        """The JSON body's description, with its example."""
        return self.spec.get("requestBody", {}).get("content", {}).get("application/json")

    @cached_property
    def is_upload(self) -> bool:
        return "multipart/form-data" in self.spec.get("requestBody", {}).get("content", {})

    @cached_property
    def inputs(self) -> list[Input]:
        found = [
            Input(self, each["in"], each["name"], {"description": each.get("description", ""), **each["schema"]})
            for each in self.parameters
        ]
        if self.body is not None:
            for steps, leaf in self.surface.leaves(self.body["schema"]):
                names = [step.name if step.kind == "key" else "*" for step in steps if step.kind != "branch"]
                found.append(Input(self, "body", ".".join(names), leaf, steps))
        return found

    @property
    def uuids(self) -> list[Input]:
        """The inputs that may name something. One path may stand in several branches of a union."""
        named = [each for each in self.inputs if each.is_uuid and each.place != "header"]
        return list({(each.place, each.path): each for each in named}.values())


class Surface:
    """All operations of one document."""

    def __init__(self, document: Schema) -> None:
        self.document = document
        self.schemas: Schema = document["components"]["schemas"]
        self.examples = Examples(self.schemas)
        self._registry = jsonschema_rs.Registry([(DOCUMENT, {"components": {"schemas": self.schemas}})])
        self._validators: dict[str, Any] = {}
        self.operations = {
            spec["operationId"]: Operation(spec["operationId"], method.upper(), path, spec, self)
            for path, item in document["paths"].items()
            for method, spec in item.items()
            if method in METHODS
        }

    def resolved(self, schema: Schema) -> Schema:
        """``schema``, or what it refers to."""
        return self.schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def leaves(
        self, schema: Schema, steps: Sequence[Step] = (), description: str = "", seen: Sequence[str] = ()
    ) -> Iterator[tuple[Sequence[Step], Schema]]:
        """Every plain value under ``schema``, with the steps to it."""
        reference = schema.get("$ref", "")
        if reference in seen:
            return
        seen = (*seen, reference) if reference else seen
        described = schema.get("description", "") if not reference else description
        whole = self.resolved(schema)
        description = described or description
        for name, part in whole.get("properties", {}).items():
            yield from self.leaves(part, (*steps, Step("key", whole, name)), "", seen)
        if isinstance(whole.get("items"), dict):
            yield from self.leaves(whole["items"], (*steps, Step("item", whole)), description, seen)
        branches = [
            each for key in ("anyOf", "oneOf", "allOf") for each in whole.get(key, ()) if each != {"type": "null"}
        ]
        for branch in branches:
            yield from self.leaves(branch, (*steps, Step("branch", branch)), description, seen)
        if not (whole.get("properties") or "items" in whole or branches):
            yield steps, {"description": description, **whole}

    def planted(self, steps: Sequence[Step], value: Any, base: Any) -> Any:
        """``base`` with ``value`` where ``steps`` lead, and examples of whatever must be there besides."""
        if not steps:
            return value
        step, *rest = steps
        match step.kind:
            case "branch":
                fits = base is not None and self.validator(step.schema).is_valid(base)
                return self.planted(rest, value, base if fits else None)
            case "item":
                return [self.planted(rest, value, base[0] if isinstance(base, list) and base else None)]
            case "key":
                whole = base if isinstance(base, dict) else self.examples.of(step.schema)
                whole = whole if isinstance(whole, dict) else {}
                return {**whole, step.name: self.planted(rest, value, whole.get(step.name))}

    def validator(self, schema: Schema) -> Any:
        """What checks values against ``schema``; made once, since that takes a while."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = json.loads(key.replace('"#/components/', f'"{DOCUMENT}#/components/'))
            self._validators[key] = jsonschema_rs.validator_for(whole, registry=self._registry)
        return self._validators[key]

    def fits(self, operation: Operation, body: Any) -> bool:
        """Whether ``body`` is one that the operation's schema takes."""
        assert operation.body is not None
        return self.validator(operation.body["schema"]).is_valid(body)

    def body_with(self, each: Input, value: Any, base: dict[str, Any]) -> dict[str, Any]:
        """A body that fits the schema and holds ``value`` in this input; without one field of ``base`` if need be."""
        body = self.planted(each.steps, value, base)
        first = each.steps[0].name or (each.steps[1].name if len(each.steps) > 1 else "")
        for left_out in ("", *(name for name in body if name != first)):
            tried = {name: part for name, part in body.items() if name != left_out}
            if self.fits(each.operation, tried):
                return tried
        raise AssertionError(
            f"{each}: no body was found that fits the schema; say in the recipes what it needs: {body}"
        )
