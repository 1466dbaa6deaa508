"""The API's reference: a page for each group of operations, made of the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

from athena.app import api
from athena.auth.explanation import operations as permissions
from scripts.documentation_examples import Operation, curl, javascript, python
from scripts.openapi import METHODS, present_document

Schema = Mapping[str, Any]
REFERENCE: Final = "reference/api"
SCHEMAS: Final = f"{REFERENCE}/schemas.md"
CONVENTIONAL: Final = frozenset(
    {"workspace_uuid", "page", "per_page", "cursor", "sort", "search", "with", "created_after", "created_before"}
)
"""Parameters that the conventions explain."""
LONGEST_EXAMPLE: Final = 4000
FEW: Final = 12
NOTHING: Final[Schema] = {}


@cache
def api_pages() -> Sequence[tuple[str, str, str]]:
    """Each page's name, its title and its text; the first lists all operations."""
    document = present_document()
    needed = {each["operation_id"]: each["permission"] for each in permissions(api().routes)}
    groups: dict[str, list[tuple[str, str, Operation]]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                groups.setdefault(item[method]["tags"][0], []).append((method, path, item[method]))
    about = {each["name"]: each["description"] for each in document["tags"]}
    pages = [(_name(tag), tag, _page(tag, about[tag], found, document, needed)) for tag, found in groups.items()]
    return [
        (f"{REFERENCE}/index.md", "All operations", _index(groups)),
        *pages,
        (SCHEMAS, "Schemas", _schemas(document)),
    ]


def _name(tag: str) -> str:
    return f"{REFERENCE}/{tag.lower().replace(' ', '-')}.md"


def _index(groups: Mapping[str, Sequence[tuple[str, str, Operation]]]) -> str:
    lines = ["# All operations", "", "Their rules in common are [the API's conventions](../../api.md)."]
    for tag, found in groups.items():
        page = _name(tag).rpartition("/")[2]
        lines += ["", f"## {tag}", "", "| operation | |", "|---|---|"]
        lines += [
            f"| [{each['summary']}]({page}#{each['operationId']}) | `{method.upper()} {path}` |"
            for method, path, each in found
        ]
    return "\n".join(lines) + "\n"


def _page(
    tag: str,
    about: str,
    found: Sequence[tuple[str, str, Operation]],
    document: Schema,
    needed: Mapping[str, str | None],
) -> str:
    lines = [f"# {tag}", "", about, ""]
    for method, path, operation in found:
        lines += [f"## {operation['summary']} {{ #{operation['operationId']} }}", "", f"`{method.upper()} {path}`", ""]
        lines += [operation.get("description", ""), ""]
        if permission := needed.get(operation["operationId"]):
            lines += [f"Needs the permission `{permission}`.", ""]
        lines += [*_parameters(operation, document), *_fields(operation, document)]
        lines += [*_calls(method, path, operation), *_answer(operation)]
    return "\n".join(lines) + "\n"


def _schemas(document: Schema) -> str:
    """What bodies and answers are made of."""
    lines = ["# Schemas", "", "What bodies and answers are made of."]
    for name, schema in document["components"]["schemas"].items():
        lines += ["", f"## {name} {{ #{name} }}", "", schema.get("description", ""), ""]
        if properties := schema.get("properties"):
            lines += [*_table("field", properties, schema.get("required", ()), document)]
        else:
            lines.append(f"Of the type {_cell(kind_of(schema, document))}.")
    return "\n".join(lines) + "\n"


def _table(what: str, properties: Mapping[str, Schema], needed: Sequence[str], document: Schema) -> Iterator[str]:
    yield from (f"| {what} | type | |", "|---|---|---|")
    for name, each in properties.items():
        told = each.get("description") or _resolved(each, document).get("description", "")
        yield row(name, each, told, document, is_needed=name in needed)
    yield ""


def _parameters(operation: Operation, document: Schema) -> Iterator[str]:
    own = [
        each
        for each in operation.get("parameters", ())
        if (each["in"] == "query" and each["name"] not in CONVENTIONAL) or each["name"] == "last-event-id"
    ]
    if own:
        yield from ("| parameter | type | |", "|---|---|---|")
        for each in own:
            yield row(
                each["name"],
                each["schema"],
                each.get("description", ""),
                document,
                is_needed=bool(each.get("required")),
            )
        yield ""


def _fields(operation: Operation, document: Schema) -> Iterator[str]:
    content = operation.get("requestBody", {}).get("content", {})
    schema = _resolved(next((each["schema"] for each in content.values()), NOTHING), document)
    if properties := schema.get("properties"):
        yield from _table("field", properties, schema.get("required", ()), document)


def row(name: str, schema: Schema, told: str, document: Schema, *, is_needed: bool) -> str:
    """A line of a table of fields."""
    needed = " **required**" if is_needed else ""
    return f"| `{name}`{needed} | {_cell(kind_of(schema, document))} | {_cell(told)} |"


def _cell(text: str) -> str:
    """Text as a cell of a table: one line, and nothing that the table or HTML would take for its own."""
    plain = re.sub(r"\s+", " ", text).replace("|", "\\|")
    return "".join(
        part if at % 2 else part.replace("<", "&lt;") for at, part in enumerate(re.split(r"(`[^`]*`)", plain))
    )


def kind_of(schema: Schema, document: Schema) -> str:
    """A schema's type in a few words."""
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(kind_of(each, document) for each in choices))
    if "$ref" in schema:
        return _reference(schema, document)
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        return ", ".join(f"`{each}`" for each in values)
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}), document)}"
    named = schema.get("type")
    return " or ".join(cast("list[str]", named)) if isinstance(named, list) else schema.get("format") or named or "JSON"


def _reference(schema: Schema, document: Schema) -> str:
    name = schema["$ref"].rpartition("/")[2]
    target = _resolved(schema, document)
    if "enum" in target and len(target["enum"]) <= FEW:
        return kind_of(target, document)
    return name if "$defs" in document else f"[{name}](schemas.md#{name})"


def _resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = (document["$defs"] if "$defs" in document else document["components"]["schemas"])[name]
    return schema


def _calls(method: str, path: str, operation: Operation) -> Iterator[str]:
    for title, language, make in (("curl", "sh", curl), ("Python", "python", python), ("JavaScript", "js", javascript)):
        yield from (f'=== "{title}"', "")
        block = f"```{language}\n{make(method, path, operation)}\n```"
        yield from (f"    {line}" if line else "" for line in block.splitlines())
        yield ""


def _answer(operation: Operation) -> Iterator[str]:
    good = next((each for each in operation["responses"].items() if each[0].startswith("2")), None)
    if good is None:
        return
    status, answer = good
    example = answer.get("content", {}).get("application/json", {}).get("example")
    text = json.dumps(example, ensure_ascii=False, indent=2)
    yield from (f"Answers {status}. {answer['description']}", "")
    if example is not None and len(text) <= LONGEST_EXAMPLE:
        yield from ('??? example "Answer"', "", "    ```json")
        yield from (f"    {line}" for line in text.splitlines())
        yield from ("    ```", "")
