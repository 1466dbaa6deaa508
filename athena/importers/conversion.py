"""From a file to a bundle and a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from athena.bundles.format import Bundle
from athena.importers import source
from athena.importers.collected import Collected
from athena.importers.dify import catalogue as dify
from athena.importers.flowise import catalogue as flowise
from athena.importers.langflow import catalogue as langflow
from athena.importers.n8n import catalogue as n8n
from athena.importers.report import Report
from athena.importers.source import ImportRefused, Kind

Convert = Callable[[Any, Collected, Report], None]

CONVERTERS: Final[Mapping[Kind, Convert]] = {
    Kind.N8N: n8n.convert,
    Kind.DIFY: dify.convert,
    Kind.FLOWISE: flowise.convert,
    Kind.LANGFLOW: langflow.convert,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file became."""

    kind: Kind
    bundle: Bundle
    report: Report


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
    return Imported(kind, collected.bundle(), report)
