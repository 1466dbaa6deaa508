"""Tools of Dify's agents and workflows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.collected import Collected
from athena.importers.report import Entry

BUILTINS: Final[Mapping[str, str]] = {
    "current_time": "time",
    "localtime_to_timestamp": "time",
    "webscraper": "fetch",
    "simple_code": "python",
}
"""By the tool's name."""


def tool_of(collected: Collected, entry: Entry, given: Mapping[str, Any]) -> dict[str, str] | None:
    """A tool as a reference; ``None`` where there is none like it, and the entry says so."""
    name = foreign.text(given, "tool_name")
    builtin = BUILTINS.get(name)
    if builtin is None:
        provider = foreign.text(given, "provider_name") or foreign.text(given, "provider_id") or "?"
        entry.remark(f"The tool {provider}/{name} is left out: there is none like it here.")
        return None
    label = texts.label(foreign.text(given, "tool_label") or name, name)
    if foreign.mapping(given, "credentials") or foreign.text(given, "credential_id"):
        entry.remark(f"The credential of {label} is not taken over.")
    return collected.add("tools", label, {"name": label, "type": "builtin", "config": {"name": builtin}})
