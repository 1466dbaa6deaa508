"""Pages made of the code: the node types of workflows, the events of runs and webhooks, and the examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from athena.engine.events import TERMINAL
from athena.node_types.catalogue import catalogue
from athena.webhooks.event_types import catalogue as webhook_events
from scripts.documentation_api import row

ROOT: Final = Path(__file__).resolve().parent.parent
WRITTEN: Final = re.compile(r'(?:\b(?:Event|emit|append_text)\(\s*|\b_thought\([^)]*|\bevent=)"([a-z_]+\.[a-z_]+)"')
CATEGORIES: Final[Mapping[str, str]] = {
    "trigger": "What starts a workflow",
    "flow": "Ways",
    "data": "Data",
    "ai": "Models and agents",
    "action": "Effects outside",
    "human": "People",
}
KINDS: Final[Mapping[str, str]] = {
    "trigger": "It starts the workflow.",
    "effect": "It has an effect outside, or costs something: its result is kept, and it is done once.",
    "wait": "It waits; meanwhile the execution costs no process anything.",
    "loop": "It runs the nodes behind it for each item.",
    "pure": "It is computed, and has no effect outside.",
}


def reference_pages() -> Iterator[tuple[str, str, str]]:
    """Each page's name, its title and its text."""
    yield "reference/node-types.md", "Node types", _node_types()
    yield "reference/events.md", "Events", _events()
    yield "reference/examples.md", "Examples", _examples()


def _node_types() -> str:
    lines = [
        "# Node types",
        "",
        "All that workflows are made of. [How they behave](../node-types.md) is told apart.",
        "",
    ]
    for category, title in CATEGORIES.items():
        lines += [f"## {title}", ""]
        for kind in catalogue():
            if kind["category"] == category:
                lines += _node_type(kind)
    return "\n".join(lines) + "\n"


def _node_type(kind: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {kind['name']} {{ #{kind['type']} }}", "", f"`{kind['type']}`: {kind['description']}", "")
    ports = ", ".join(f"`{port['name']}`" for port in kind["outputs"])
    more = " Its configuration may add others." if kind["dynamic_outputs"] else ""
    leaves = f"Its ports: {ports}.{more}" if ports else f"Nothing follows it.{more}"
    limit = f" It may take {kind['seconds']:g} seconds, unless its `timeout` says otherwise." if kind["seconds"] else ""
    yield from (f"{KINDS[kind['kind']]} {leaves}{limit}", "")
    schema = kind["config_schema"]
    if schema.get("properties"):
        yield from ("| field | type | |", "|---|---|---|")
        for name, each in schema["properties"].items():
            yield row(name, each, each.get("description", ""), schema, is_needed=name in schema.get("required", ()))
        yield ""


def run_events() -> Sequence[str]:
    """Every event that the code of runs and executions writes, by name."""
    texts = (path.read_text("utf-8") for path in (ROOT / "athena").rglob("*.py"))
    found = {name for text in texts for name in WRITTEN.findall(text)}
    return sorted(found | set(TERMINAL.values()))


def _events() -> str:
    lines = [
        "# Events",
        "",
        "## Of runs",
        "",
        "What [streams](../api.md#streams) have of runs, of agents as of workflows. Exactly one of the last three ends",
        "each of them; clients pass over what they do not know.",
        "",
        *(f"- `{name}`" for name in run_events() if name not in TERMINAL.values()),
        *(f"- `{name}`" for name in TERMINAL.values()),
        "",
        "## Of webhooks",
        "",
        "What [webhooks](../webhooks.md) and the `event_trigger` of workflows can be told of.",
        "",
        "| event | family |",
        "|---|---|",
        *(f"| `{name}` | `{family}` |" for name, family in webhook_events()),
    ]
    return "\n".join(lines) + "\n"


def _examples() -> str:
    lines = ["# Examples", "", "Complete programs that use [the client for Python](../clients.md).", ""]
    for path in sorted((ROOT / "examples").glob("*.py")):
        text = path.read_text("utf-8")
        lines += [f"## {path.stem.replace('_', ' ').capitalize()}", "", f"`examples/{path.name}`", ""]
        lines += ["```python", text.rstrip(), "```", ""]
    return "\n".join(lines) + "\n"
