"""Sources of other products, written for these tests, and what every import must be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from athena.agents.schemas import AgentCreate
from athena.bundles.format import Bundle, Kind, read, write
from athena.importers.conversion import Imported, convert
from athena.importers.draft import ANY_UUID
from athena.prompts.schemas import PromptCreate
from athena.tools.schemas import ToolCreate
from athena.workflows.schemas import WorkflowCreate
from athena.workflows.service import compiled

SAMPLES = Path(__file__).parent / "samples"
MODELS: dict[str, Any] = {"agents": AgentCreate, "prompts": PromptCreate, "tools": ToolCreate}


def resolved(value: Any, uuids: dict[str, str] | None = None) -> Any:
    """With uuids in place of references."""
    if isinstance(value, dict):
        if set(value) == {"$ref"} and isinstance(value["$ref"], str) and not value["$ref"].startswith("#"):
            return ANY_UUID if uuids is None else uuids[value["$ref"]]
        return {key: resolved(each, uuids) for key, each in value.items()}
    return [resolved(each, uuids) for each in value] if isinstance(value, list) else value


def sound(imported: Imported, tmp_path: Path | None = None) -> Imported:
    """What must hold of every import: the API takes each resource, and an active workflow would have no problems."""
    for resource in imported.bundle.resources:
        spec = resolved(dict(resource.spec))
        if resource.kind == "workflows":
            workflow = WorkflowCreate.model_validate_json(json.dumps(spec))
            assert workflow.status == "draft"
            assert compiled(workflow.model_dump(mode="json"))[1] == []
        else:
            MODELS[resource.kind].model_validate_json(json.dumps(spec))
    sources = [entry.source for entry in imported.report.entries]
    assert len(sources) == len(set(sources))
    assert all(entry.became or entry.why for entry in imported.report.entries)
    if tmp_path is not None:
        for path, text in write(imported.bundle).items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        assert read(tmp_path) == imported.bundle
    return imported


def sample(name: str) -> Imported:
    return sound(convert((SAMPLES / name).read_bytes()))


def only(bundle: Bundle, kind: Kind) -> dict[str, Any]:
    """The one resource of a kind."""
    (found,) = [each for each in bundle.resources if each.kind == kind]
    return dict(found.spec)


def nodes(imported: Imported) -> dict[str, dict[str, Any]]:
    """The nodes of the one workflow."""
    return {node["id"]: node for node in only(imported.bundle, "workflows")["nodes"]}


def edges(imported: Imported) -> set[tuple[str, ...]]:
    """The edges of the one workflow: from, to, and the ports that are named."""
    found = only(imported.bundle, "workflows")["edges"]
    names = ("source", "target", "source_handle", "target_handle")
    return {tuple(edge[name] for name in names if name in edge) for edge in found}


def outcomes(imported: Imported) -> dict[str, str]:
    return {entry.source: entry.outcome.value for entry in imported.report.entries}


def why(imported: Imported, source: str) -> str:
    (found,) = [" ".join(entry.why) for entry in imported.report.entries if entry.source == source]
    return found
