"""A bundle's plan, for people: a line for each resource that changes, and its fields below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from athena.commands import output

SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "conflict": ("!", "red"), "left": ("?", "blue")}
WORDS = {
    "create": "to create",
    "update": "to change",
    "conflict": "changed by hand",
    "left": "no longer in the bundle",
    "unchanged": "unchanged",
}


def pending(plan: Mapping[str, Any]) -> bool:
    """Whether carrying the plan out would change anything."""
    return any(each["action"] in {"create", "update", "conflict"} for each in plan["resources"])


def told(plan: Mapping[str, Any]) -> str:
    """The plan as text; colours are left out where no terminal shows it."""
    return "\n".join(_lines(plan))


def _lines(plan: Mapping[str, Any]) -> Iterator[str]:
    yield typer.style(output.clean(f"{plan['name']} {plan['version']}"), bold=True)
    for each in plan["resources"]:
        if each["action"] in SIGNS:
            sign, color = SIGNS[each["action"]]
            yield typer.style(f"  {sign} {each['kind']}/{each['key']}  {output.cell(each['name'])}", fg=color)
            for change in each["changes"]:
                yield from _change(change)
    for each in plan["missing_variables"]:
        yield _missing(f"The {each['kind']} {each['name']} is missing", each["description"])
    for each in plan["problems"]:
        place = f"{each['resource']}: " if each["resource"] else ""
        text = output.clean(f"  {'Error' if each['blocking'] else 'Note'}: {place}{each['message']}")
        yield typer.style(text, fg="red" if each["blocking"] else "yellow")
    counts = {action: sum(each["action"] == action for each in plan["resources"]) for action in WORDS}
    yield ", ".join(f"{count} {WORDS[action]}" for action, count in counts.items() if count) or "nothing in it"


def _missing(text: str, description: str) -> str:
    return typer.style(output.clean(f"  Note: {text}{f': {description}' if description else '.'}"), fg="yellow")


def _change(change: Mapping[str, Any]) -> Iterator[str]:
    if change["lines"] is not None:
        yield f"      {output.clean(change['path'])}"
        for line in change["lines"]:
            color = {"+": "green", "-": "red"}.get(line[:1])
            yield typer.style(f"        {output.clean(line)}", fg=color)
        return
    shown = ["as usual" if each is None else output.cell(each) for each in (change["before"], change["after"])]
    yield f"      {output.clean(change['path'])}: {shown[0]} → {shown[1]}"
