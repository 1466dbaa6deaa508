"""n8n's nodes that lead the way: conditions, loops, waits, answers. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.n8n import graph
from athena.importers.n8n.conditions import as_template, condition_or_never, single
from athena.importers.n8n.shapes import Shape
from athena.importers.n8n.site import Site
from athena.importers.texts import Untranslatable
from athena.node_types.respond_to_webhook import REFUSED

UNITS: Final = frozenset({"seconds", "minutes", "hours", "days"})
MOST_CASES: Final = 50


def if_(site: Site) -> None:
    """Two ways; of a list the items are parted."""
    if site.shape.many:
        return filter_(site, ports=("output", "rest"))
    given = site.parameters.get("conditions")
    combinator = "any" if site.word("combineOperation") == "any" else "and"
    data = {"condition": as_template(condition_or_never(site, given, combinator))}
    node_id = site.add("if", data)
    site.done(node_id, site.shape, ports=("true", "false"))
    return site.entry.finished("if")


def filter_(site: Site, ports: tuple[str, ...] = ("output",)) -> None:
    """The items for which a condition holds."""
    combinator = "any" if site.word("combineOperation") == "any" else "and"
    items = site.list_data()
    with site.each_item():
        data = {
            **items,
            "condition": as_template(condition_or_never(site, site.parameters.get("conditions"), combinator)),
        }
    site.done(site.add("filter", data), Shape(many=True), ports=ports)
    site.entry.finished("filter")


def switch(site: Site) -> None:
    """Several ways."""
    if foreign.text(site.parameters, "mode") == "expression":
        site.placeholder("Its output is chosen by a number that an expression gives; a switch here has conditions.")
        return
    rules = foreign.mappings(site.parameters, "rules", "values") or foreign.mappings(site.parameters, "rules", "rules")
    if not rules or len(rules) > MOST_CASES:
        site.placeholder(f"It has {len(rules)} rules; one to {MOST_CASES} can be kept.")
        return
    if site.shape.many:
        _chain(site, rules)
    else:
        cases = [
            {"name": f"case_{number}", "condition": as_template(_rule(site, rule))} for number, rule in enumerate(rules)
        ]
        match = "all" if foreign.flag(site.parameters, "options", "allMatchingOutputs") else "first"
        node_id = site.add("switch", {"cases": cases, **({"match": match} if match == "all" else {})})
        outputs = _outputs(rules)
        ports = tuple(f"case_{outputs.index(n)}" if n in outputs else "default" for n in range(max(outputs) + 1))
        site.done(node_id, site.shape, ports=(*ports, "default"))
    site.entry.finished("switch", *(f"case_{n}: {name}" for n, name in enumerate(map(_name, rules)) if name))


def _outputs(rules: list[dict[str, Any]]) -> list[int]:
    """The output of each rule; before version 3 each rule names its own."""
    found = [foreign.whole(rule, "output") for rule in rules]
    if any(each is None or not 0 <= each < MOST_CASES for each in found):
        return list(range(len(rules)))
    return [each or 0 for each in found]


def _name(rule: dict[str, Any]) -> str:
    return foreign.text(rule, "outputKey")


def _rule(site: Site, rule: dict[str, Any]) -> str:
    if "conditions" in rule:
        return condition_or_never(site, rule["conditions"])
    kind = site.word("dataType", default="number")
    try:
        return single(
            site, kind, foreign.text(rule, "operation") or "equal", site.parameters.get("value1"), rule.get("value2")
        )
    except Untranslatable as error:
        site.never(error)
        return "false"


def _chain(site: Site, rules: list[dict[str, Any]]) -> None:
    """Of a list: a filter for each case, which hands on the rest."""
    items = site.list_data()
    before: str | None = None
    for number, rule in enumerate(rules):
        with site.each_item():
            data = {"condition": as_template(_rule(site, rule))}
        node_id = site.add("filter", data if before else {**items, **data}, name=f"{site.node.name} {number}")
        if before is None:
            site.building.enter(site.node.name, node_id)
        else:
            site.building.draft.link(before, node_id, "rest")
        site.building.leave(site.node.name, number, node_id, "output", Shape(many=True))
        before = node_id
    site.building.leave(site.node.name, len(rules), before or "", "rest", Shape(many=True))


def merge(site: Site) -> None:
    """Several ways come together."""
    mode = site.word("mode", default="append")
    by = site.word("combineBy") or site.word("combinationMode") or "mergeByFields"
    shapes = [site.building.shape_of(way) for way in site.building.source.into(site.node.name)]
    many = {shape.many for shape in shapes}
    site.building.normalise(site.node.name)
    match mode:
        case "append" | "passThrough" if many == {True}:
            _merged(site, "concat", Shape(many=True))
        case "append" if many in ({False}, set()):
            _merged(site, "list", Shape(many=True))
        case "combine" | "multiplex" if many == {False} and by in {
            "combineByPosition",
            "combineAll",
            "mergeByPosition",
            "multiplex",
        }:
            _merged(site, "object", Shape())
        case "chooseBranch" | "wait":
            chosen = (foreign.whole(site.parameters, "useDataOfInput") or 1) - 1
            chosen = chosen if 0 <= chosen < len(shapes) else 0
            kept = shapes[chosen].normalised() if shapes else Shape()
            _merged(site, "list", replace(kept, prefix=f"[{chosen}]"))
            site.entry.remark("Where a branch brings nothing, the others move up in the list that it chooses from.")
        case _:
            site.placeholder(f"Merging by {mode} ({by}) has no counterpart; a code node can do it.")


def _merged(site: Site, mode: str, shape: Shape) -> None:
    site.done(site.add("merge", {"mode": mode}), shape)
    site.entry.finished("merge")


def wait(site: Site) -> None:
    """A pause, or a call."""
    match site.word("resume", default="timeInterval"):
        case "timeInterval":
            unit = site.word("unit", default="hours")
            amount = foreign.number({"value": site.option("amount")}, "value")
            data: dict[str, Any] = {
                "duration": 1 if amount is None else max(0, amount),
                "unit": unit if unit in UNITS else "hours",
            }
            text = site.parameters.get("amount")
            if isinstance(text, str) and text.startswith("="):
                data["duration"] = site.text(text)
        case "specificTime":
            data = {"mode": "until", "until": site.text(site.option("dateTime"))}
        case _:
            data = {"mode": "webhook"}
            site.entry.remark("It goes on when its resume address is called, with what was posted as answer.")
    shape = Shape(".answer") if data.get("mode") == "webhook" else site.shape
    site.done(site.add("wait", data), shape)
    site.entry.finished("wait")


def nothing(site: Site) -> None:
    """A node that only passes on."""
    site.done(site.add("set", {}, disabled=True), site.shape)
    site.entry.mapped("a disabled node", "It passes on what comes in, as it did.")


def stop(site: Site) -> None:
    """The end, with an error."""
    message = site.text(site.option("errorMessage")) or "Stopped."
    if site.word("errorType") == "errorObject":
        message = site.text(site.option("errorObject")) or message
    site.done(site.add("stop_with_error", {"message": message}), Shape(), ports=())
    site.entry.finished("stop_with_error")


def respond(site: Site) -> None:
    """The answer to a webhook."""
    with_ = site.word("respondWith", default="firstIncomingItem")
    status = foreign.whole(site.parameters, "options", "responseCode") or 200
    data: dict[str, Any] = {"status": status if 200 <= status <= 599 else 200}  # noqa: PLR2004 - as it may be here
    headers = foreign.mappings(site.parameters, "options", "responseHeaders", "entries")
    named = {foreign.text(each, "name"): site.text(each.get("value")) for each in headers if each.get("name")}
    if refused := [name for name in named if name.lower() in REFUSED]:
        site.entry.remark(f"Headers that a workflow does not set are left out: {', '.join(refused)}.")
    if kept := {name: value for name, value in named.items() if name not in refused}:
        data["headers"] = kept
    match with_:
        case "json":
            data["body"] = site.json(site.parameters.get("responseBody"))
        case "text":
            data |= {"body_type": "text", "body": site.text(site.parameters.get("responseBody"))}
        case "noData":
            data["body_type"] = "none"
        case "redirect":
            data |= {"status": 302, "body_type": "none"}
            data["headers"] = {**data.get("headers", {}), "Location": site.text(site.parameters.get("redirectURL"))}
        case "allIncomingItems":
            data["body"] = as_template(site.shape.as_list(site.root))
        case "binary" | "jwt":
            site.placeholder(f"Answering with {with_} has no counterpart.")
            return
        case _:
            first = f"{site.shape.normal(site.root)}[0]" if site.shape.many else site.shape.normal(site.root)
            data["body"] = as_template(first)
    site.done(site.add("respond_to_webhook", data), Shape(names={"body": ".body", "headers": ".headers"}))
    site.building.pass_by(site.node.name)
    site.entry.finished("respond_to_webhook")


def loop(site: Site) -> None:
    """A loop over batches."""
    name, version = site.node.name, site.node.version
    usual = 1 if version >= 2 else 10  # noqa: PLR2004 - what it is where nothing is said
    size = foreign.whole(site.parameters, "batchSize") or usual
    body = graph.loop_output(site.node)
    items = site.items()
    building = site.building
    if size == 1:
        node_id = site.add("loop", {"items": items})
        entrance, inner, after = node_id, Shape(), Shape(".results", many=True)
    else:
        entrance = site.add(
            "split", {"value": items, "chunk_size": max(1, min(size, 1_000_000))}, name=f"{name} batches"
        )
        node_id = site.add("loop", {"items": "{{ input }}"})
        building.draft.link(entrance, node_id)
        inner, after = Shape(many=True), Shape(".results.flatten()", many=True)
        site.entry.remark("A batch whose last node gives one value adds that one value to the results.")
    building.enter(name, entrance)
    building.come_back(name, node_id, "next")
    building.leave(name, body, node_id, "item", inner)
    building.leave(name, 1 - body, node_id, "done", after)
    building.redirect(name, node_id)
    if foreign.at(site.parameters, "options", "reset"):
        site.entry.remark("It does not begin anew while it runs.")
    site.entry.finished("loop")


def sub_workflow(site: Site) -> None:
    """Another workflow."""
    site.placeholder(
        "The other workflow is not in this file. Bring it in as well, and name it in a node Run a workflow."
    )


def sticky(site: Site) -> None:
    """A note."""
    color = {1: "yellow", 3: "pink", 4: "green", 5: "blue", 7: "grey"}.get(foreign.whole(site.parameters, "color") or 1)
    sizes = {side: foreign.number(site.parameters, side) for side in ("width", "height")}
    data: dict[str, Any] = {"text": foreign.text(site.parameters, "content")[:20_000], "color": color or "yellow"}
    data |= {side: max(40.0, min(4_000.0, size)) for side, size in sizes.items() if size is not None}
    site.building.draft.add(site.entry, site.node.name, "note", data, site.node.position)
    site.entry.mapped("note")


def code(site: Site) -> None:
    """A program."""
    language = site.word("language", default="javaScript")
    program = foreign.text(site.parameters, "jsCode") or foreign.text(site.parameters, "pythonCode")
    program = program or foreign.text(site.parameters, "functionCode")
    site.building.draft.note(
        site.entry, f"{texts.label(site.node.name, 'Code')}, {language}:\n\n{program}", site.node.position
    )
    which = "Python with n8n's names" if "ython" in language else "JavaScript"
    site.placeholder(f"It is {which}, and code here is Python of its own; the program is kept in a note.")
