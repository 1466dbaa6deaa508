"""From a file to a bundle and a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import BaseModel, ValidationError

from athena.agents.schemas import AgentCreate
from athena.bundles.format import Bundle
from athena.importers import assistants, source
from athena.importers.collected import Collected, Conversation
from athena.importers.credentials import HIDDEN, without_secrets
from athena.importers.dify import catalogue as dify
from athena.importers.draft import resolved
from athena.importers.flowise import catalogue as flowise
from athena.importers.kinds import Kind
from athena.importers.langflow import catalogue as langflow
from athena.importers.n8n import catalogue as n8n
from athena.importers.report import Report
from athena.importers.source import ImportRefused
from athena.prompts.schemas import PromptCreate
from athena.tools.schemas import ToolCreate
from athena.workflows.schemas import WorkflowCreate

Convert = Callable[[Any, Collected, Report], None]

CONVERTERS: Final[Mapping[Kind, Convert]] = {
    Kind.N8N: n8n.convert,
    Kind.DIFY: dify.convert,
    Kind.FLOWISE: flowise.convert,
    Kind.LANGFLOW: langflow.convert,
    Kind.ASSISTANTS: assistants.convert,
}


CREATED: Final[Mapping[str, type[BaseModel]]] = {
    "agents": AgentCreate,
    "prompts": PromptCreate,
    "tools": ToolCreate,
    "workflows": WorkflowCreate,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file became."""

    kind: Kind
    bundle: Bundle
    report: Report
    conversations: tuple[Conversation, ...] = ()


def convert(content: bytes, kind: Kind | None = None, name: str = "") -> Imported:
    """What a file becomes; :class:`ImportRefused` says why nothing does. ``name`` is for files that have none."""
    document = source.parse(content)
    kind = kind or source.detect(document)
    collected = Collected(name or kind.value, f"Imported from {kind.value}.")
    report = Report()
    try:
        CONVERTERS[kind](document, collected, report)
    except RecursionError as error:
        raise ImportRefused("It is nested too deeply.") from error
    _hide_keys(collected, report)
    return Imported(kind, _checked(collected.bundle()), report, tuple(collected.conversations))


def _hide_keys(collected: Collected, report: Report) -> None:
    """Takes out what looks like a key, wherever it stands, and says so."""
    for entry in report.entries:
        entry.why = without_secrets(entry.why)
    hidden: list[str] = []
    for (kind, key), spec in collected.resources.items():
        collected.resources[kind, key] = without_secrets(spec)
        if collected.resources[kind, key] != spec:
            hidden.append(f"{kind}/{key}")
    if hidden:
        entry = report.begin("keys in texts", "secret")
        entry.dropped(f"What looks like a key was taken out of {', '.join(hidden)}: look for {HIDDEN}.")


def _checked(bundle: Bundle) -> Bundle:
    """Refuses what the API would refuse, such as a name of an agent that is too long; nobody is to find out later."""
    for resource in bundle.resources:
        model = CREATED.get(resource.kind)
        if model is None:
            continue
        try:
            model.model_validate_json(orjson.dumps(resolved(resource.spec)))
        except ValidationError as error:
            issue = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, issue["loc"]))
            raise ImportRefused(f"{resource.name} cannot be made: {place}: {issue['msg']}.") from error
    return bundle
