"""The difference between two versions of a workflow, part by part and field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

Parts = Mapping[str, Any]
Found = dict[str, Any]

SHOWN = 80


def compare(before: Parts, after: Parts) -> list[Found]:
    """What was added, removed and changed; ``before`` and ``after`` hold nodes, edges, variables and settings."""
    found: list[Found] = []
    for part, key, parts in (
        ("node", _node_key, "nodes"),
        ("edge", _edge_key, "edges"),
        ("variable", _variable_key, "variables"),
    ):
        found += _compare_parts(part, _by_key(before[parts], key), _by_key(after[parts], key))
    found += [
        {
            "kind": "changed",
            "part": "setting",
            "name": path.partition(".")[0],
            "path": path,
            "before": old,
            "after": new,
        }
        for path, old, new in _differences(before["settings"], after["settings"])
    ]
    return found


def in_words(changes: Sequence[Found]) -> list[str]:
    """The changes as lines for people."""
    lines: list[str] = []
    for change in changes:
        name = f"{change['part']} {change['name']}"
        if change["kind"] != "changed":
            lines.append(f"{name} was {change['kind']}")
        else:
            lines.append(f"{name}: {change['path']} from {_short(change['before'])} to {_short(change['after'])}")
    return lines


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _node_key(node: Parts) -> str:
    return node["id"]


def _variable_key(variable: Parts) -> str:
    return variable["name"]


def _edge_key(edge: Parts) -> str:
    source = f"{edge['source']}.{edge['source_handle']}" if edge["source_handle"] else edge["source"]
    target = f"{edge['target']}.{edge['target_handle']}" if edge["target_handle"] else edge["target"]
    return f"{source} → {target}"


def _by_key(parts: Sequence[Parts], key: Any) -> dict[str, Parts]:
    return {key(part): part for part in parts}


def _compare_parts(part: str, before: Mapping[str, Parts], after: Mapping[str, Parts]) -> Iterator[Found]:
    for name in before.keys() - after.keys():
        yield {"kind": "removed", "part": part, "name": name, "path": None, "before": before[name], "after": None}
    for name, new in after.items():
        if name not in before:
            yield {"kind": "added", "part": part, "name": name, "path": None, "before": None, "after": new}
            continue
        for path, old_value, new_value in _differences(before[name], new):
            # Where a node stands on the canvas is no change of what the workflow does.
            if not path.startswith("position.") and not (part == "edge" and path == "id"):
                yield {
                    "kind": "changed",
                    "part": part,
                    "name": name,
                    "path": path,
                    "before": old_value,
                    "after": new_value,
                }


def _differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for key in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif before != after:
        yield path, before, after
