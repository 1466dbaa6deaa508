"""What a model is told of the node types, in few words; and the schema of what it is to answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any, Final, cast

from athena.node_types.base import NodeType

Json = Mapping[str, Any]

DRAFT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "nodes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"},
                    "type": {"type": "string"},
                    "name": {"type": "string"},
                    "data": {"type": "object"},
                    "on_error": {"enum": ["fail", "continue", "branch"]},
                    "retry": {"type": ["object", "null"]},
                    "sample_output": {"description": "An example of what the node gives, for the dry run."},
                },
                "required": ["id", "type", "data"],
            },
        },
        "edges": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "source": {"type": "string"},
                    "target": {"type": "string"},
                    "source_handle": {"type": ["string", "null"]},
                    "target_handle": {"type": ["string", "null"]},
                    "condition": {"type": ["string", "null"]},
                },
                "required": ["source", "target"],
            },
        },
        "variables": {"type": "array", "items": {"type": "object"}},
        "example_input": {"description": "What the trigger gives in the dry run."},
    },
    "required": ["name", "nodes", "edges"],
}

RULES: Final = """You draft workflows for Athena, as JSON.

A workflow is a graph. Nodes have an id (a word), a type, and data: the type's configuration. Edges carry a node's \
output to the next node; source_handle and target_handle name ports, and are left out where a node has one.
- It begins with one trigger node. Every other node must be reached from it.
- A node runs once all edges that lead to it have brought a value or cannot. Branches need no merge unless several \
values are wanted at once.
- A loop leads each item out of its port `item`; the last node of its body leads back to the loop's port `next`; what \
comes afterwards follows its port `done`.
- Texts in data may hold CEL expressions in double braces: {{ trigger.input.total }}, {{ nodes.a.output.body.id }}, \
{{ input.x > 3 }}, {{ variables.region }}, {{ secrets.API_KEY }} (credentials' fields only), and in loops {{ item.x }} \
and {{ index }}. A text that is one expression keeps its type. `input` is what came over the edge.
- Give each node with an effect outside a sample_output, and an example_input, so that it can be run dry.

The node types:
"""


def instructions(types: Mapping[str, NodeType[Any]]) -> str:
    """What a model needs to know."""
    return RULES + "\n".join(_described(kind) for kind in types.values())


def _described(kind: NodeType[Any]) -> str:
    ports = f"in: {', '.join(port.name for port in kind.inputs) or '-'}; out: {', '.join(_outputs(kind)) or '-'}"
    fields = "; ".join(_fields(kind.config.model_json_schema()))
    return f"- {kind.type} ({ports}): {kind.description} data: {{{fields}}}"


def _outputs(kind: NodeType[Any]) -> Iterator[str]:
    for port in kind.outputs:
        yield port.name
    if any("output_ports" in vars(base) for base in takewhile(lambda base: base is not NodeType, type(kind).__mro__)):
        yield "… as configured"


def _fields(schema: Json) -> Iterator[str]:
    required = set(cast("list[str]", schema.get("required", [])))
    definitions: Json = schema.get("$defs", {})
    for name, field in cast("Mapping[str, Json]", schema.get("properties", {})).items():
        told = f" ({field['description']})" if "description" in field else ""
        yield f"{name}{'' if name in required else '?'}: {_kind(field, definitions, 2)}{told}"


def _kind(field: Json, definitions: Json, depth: int) -> str:
    """A schema in a few characters."""
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        target: Json = definitions.get(name, {})
        inner = cast("Mapping[str, Json]", target.get("properties", {}))
        if depth == 0 or not inner:
            return _plain(target) if target else name
        return "{" + ", ".join(f"{key}: {_kind(each, definitions, depth - 1)}" for key, each in inner.items()) + "}"
    for word in ("anyOf", "oneOf"):
        if word in field:
            return " | ".join(dict.fromkeys(_kind(each, definitions, depth) for each in field[word]))
    if field.get("type") == "array":
        return f"[{_kind(field.get('items', {}), definitions, depth)}]"
    return _plain(field)


def _plain(field: Json) -> str:
    if "const" in field:
        return repr(field["const"])
    if "enum" in field:
        return "|".join(str(each) for each in field["enum"])
    return str(field.get("type", "any"))


PLAIN: Final[Json] = {"string": "text", "integer": 1, "number": 1, "boolean": True}


def sample(schema: Json) -> Any:
    """A value that fits a schema as types' output schemas are: for nodes whose sample nobody gave."""
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    kinds: Any = schema.get("type")
    kind: Any = cast("list[Any]", kinds)[0] if isinstance(kinds, list) else kinds
    if kind == "object":
        properties = cast("Mapping[str, Json]", schema.get("properties", {}))
        return {name: sample(each) for name, each in properties.items()}
    if kind == "array":
        return [sample(schema.get("items", {}))]
    return PLAIN.get(kind)
