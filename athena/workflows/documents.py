"""A workflow as one document, JSON or YAML, to be kept elsewhere and brought in again. Pure; holds no secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
import yaml
from pydantic import ValidationError

from athena.kit.errors import ValidationFailed
from athena.workflows.configuration import Configuration
from athena.workflows.graph import Graph
from athena.workflows.graph_schemas import Edge, Node, WorkflowVariable
from athena.workflows.schemas import WorkflowCreate, WorkflowSettings

FORMAT: Final = "athena/workflow/1"
MAXIMUM_TEXT: Final = 2_000_000
"""Characters of a document."""


def to_document(row: Mapping[str, Any], graph: Graph) -> dict[str, Any]:
    """The workflow without what is usual, and the names of what it needs in its workspace."""
    nodes = [Node.model_validate(node).model_dump(mode="json", exclude_defaults=True) for node in row["nodes"]]
    edges = [Edge.model_validate(edge).model_dump(mode="json", exclude_defaults=True) for edge in row["edges"]]
    variables = [
        WorkflowVariable.model_validate(each).model_dump(mode="json", exclude_defaults=True)
        for each in row["variables"]
    ]
    settings = WorkflowSettings.model_validate_json(_json(row["settings"])).model_dump(
        mode="json", exclude_defaults=True
    )
    return {
        "format": FORMAT,
        "name": row["name"],
        "description": row["description"],
        "tags": row["tags"],
        "requires": _requires(graph),
        "variables": variables,
        "settings": settings,
        "nodes": nodes,
        "edges": edges,
    }


def to_yaml(document: Mapping[str, Any]) -> str:
    """The document for people."""
    return yaml.dump(dict(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


def from_document(given: str | Mapping[str, Any]) -> WorkflowCreate:
    """What a document describes, as a new draft; :class:`ValidationFailed` says what in it is wrong."""
    found = _parse(given) if isinstance(given, str) else dict(given)
    if found.get("format") != FORMAT:
        raise ValidationFailed.of("document.format", f"This is no document of the format {FORMAT}.")
    parts = {key: value for key, value in found.items() if key not in {"format", "requires"}}
    try:
        return WorkflowCreate.model_validate_json(_json(parts))
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for issue in error.errors(include_url=False, include_input=False):
            errors.setdefault(".".join(["document", *map(str, issue["loc"])]), []).append(f"{issue['msg']}.")
        path, messages = next(iter(errors.items()))
        raise ValidationFailed(f"{path}: {messages[0]}", errors=errors) from error


def _requires(graph: Graph) -> dict[str, list[str]]:
    """Secrets and variables of the workspace that the nodes name."""
    configurations: list[Configuration] = [node.configuration for node in graph.nodes.values()]
    secrets = {name for each in configurations for name in each.secrets}
    variables = {
        place.path_in_scope[2]
        for each in configurations
        for place in each.references
        if place.path_in_scope[:2] == ("workspace", "variables") and len(place.path_in_scope) > 2  # noqa: PLR2004
    }
    return {"secrets": sorted(secrets), "variables": sorted(variables)}


def _parse(text: str) -> dict[str, Any]:
    if len(text) > MAXIMUM_TEXT:
        raise ValidationFailed.of("document", f"A document has at most {MAXIMUM_TEXT} characters.")
    try:
        # An alias can stand for a text of any length.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
            raise ValidationFailed.of("document", "YAML with aliases is not taken.")
        found: Any = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise ValidationFailed.of("document", f"It is neither JSON nor YAML: an error{where}.") from error
    if not isinstance(found, dict):
        raise ValidationFailed.of("document", "It is no object.")
    return cast("dict[str, Any]", found)


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise ValidationFailed.of("document", "It holds something that JSON does not have.") from error


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, which people can read."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(  # pyright: ignore[reportUnknownMemberType]
        "tag:yaml.org,2002:str", value, style="|" if "\n" in value else None
    )


_Dumper.add_representer(str, _text)
