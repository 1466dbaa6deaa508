"""Which of Dify's apps and types of nodes become what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from athena.importers import foreign
from athena.importers.collected import Collected
from athena.importers.dify import ai, apps, flow, graph
from athena.importers.dify.building import Building, Site
from athena.importers.report import Report
from athena.importers.rules import Rule, by_type
from athena.importers.source import ImportRefused

Convert = Callable[[Site], None]

FLOWS: Final = frozenset({"workflow", "advanced-chat"})
APPS: Final = frozenset({"chat", "agent-chat", "completion", "agent"})
RULES: Final[tuple[Rule[Convert], ...]] = (
    Rule(("start",), "`manual_trigger` with an input schema", flow.start, "of a chatflow with `query`"),
    Rule(("trigger-webhook",), "`webhook_trigger`", flow.webhook, "a new address; not active at first"),
    Rule(("trigger-schedule",), "`schedule_trigger`", flow.schedule, "not active at first"),
    Rule(("llm",), "`model_call`", ai.llm, "no memory of former messages; texts alone"),
    Rule(("knowledge-retrieval",), "`memory_search`", ai.knowledge, "documents are trained anew"),
    Rule(("if-else",), "`if`, of several cases `switch`", flow.if_else),
    Rule(("code",), "`code` in Python", flow.code, "JavaScript is dropped and kept in a note"),
    Rule(("template-transform",), "`template`", flow.template, "no conditions and loops of Jinja"),
    Rule(("http-request",), "`http_request`", flow.http, "keys are entered anew; no files"),
    Rule(("question-classifier",), "`classify`", ai.classifier),
    Rule(("parameter-extractor",), "`extract`", ai.extractor),
    Rule(("variable-aggregator", "variable-assigner"), "`template`; of groups `set`", flow.aggregator),
    Rule(("assigner",), "a disabled node", flow.assigner, "dropped: no variables outlast an execution"),
    Rule(("iteration",), "`loop`", flow.iteration),
    Rule(("loop",), "`loop` over its number of rounds", flow.loop, "no end before, and no variables in between"),
    Rule(("agent",), "`agent`, and an agent", ai.agent, "of tools the time, pages and code"),
    Rule(("tool",), "`tool`", ai.tool, "the time, pages and code; others are dropped"),
    Rule(("answer",), "`template`", flow.answer),
    Rule(("end",), "`set`", flow.end),
    Rule(("note",), "`note`", flow.note),
)


def convert(document: Any, collected: Collected, report: Report) -> None:
    """Adds the app to what is collected."""
    mode = foreign.text(document, "app", "mode")
    collected.name = foreign.text(document, "app", "name") or collected.name
    collected.description = foreign.text(document, "app", "description") or collected.description
    if mode in APPS and foreign.mapping(document, "model_config"):
        apps.convert(document, collected, report)
        return
    if mode not in FLOWS:
        raise ImportRefused(
            f"Apps of the mode {mode or '?'} are not known; there are {', '.join(sorted(APPS | FLOWS))}."
        )
    source = graph.read(document, report)
    building = Building(collected.name, source, collected, chat=mode == "advanced-chat")
    _variables(document, building, report)
    collected.add("workflows", collected.name, building.build(by_type(RULES)))


def _variables(document: Any, building: Building, report: Report) -> None:
    """Of the environment and of conversations."""
    for row in foreign.mappings(document, "workflow", "environment_variables"):
        name, kind = foreign.text(row, "name"), foreign.text(row, "value_type")
        entry = report.begin(f"env.{name}", kind or "variable")
        made = building.collected.secret if kind == "secret" else building.collected.variable
        building.environment[name] = made(name, foreign.text(row, "description") or f"env.{name} of Dify.")
        entry.mapped(building.environment[name], "Its value is entered anew.")
    for row in foreign.mappings(document, "workflow", "conversation_variables"):
        entry = report.begin(f"conversation.{foreign.text(row, 'name')}", "variable")
        entry.dropped("A workflow keeps no variables from one message to the next; use memories, or an agent's thread.")
    features = foreign.mapping(document, "workflow", "features")
    for name, why in apps.LEFT_OUT.items():
        given = features.get(name)
        if foreign.flag(given, "enabled") or (isinstance(given, str | list) and given):
            report.begin(name, "feature").dropped(why)
