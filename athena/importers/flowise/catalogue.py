"""Which of Flowise's nodes become what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from athena.importers import foreign
from athena.importers.collected import Collected
from athena.importers.flowise import agentflows, chatflows
from athena.importers.report import Report
from athena.importers.rules import Rule, by_type
from athena.importers.source import MAXIMUM_NODES, ImportRefused
from athena.importers.wiring import MAXIMUM_WAYS, Flow, FlowNode, Station, Wire, Wiring

Convert = Callable[[Station], None]

RULES: Final[tuple[Rule[Convert], ...]] = (
    Rule((chatflows.CHAIN,), "`model_call` in a workflow", chatflows.chain),
    Rule(("startAgentflow",), "`manual_trigger`", agentflows.start, "no state"),
    Rule(("llmAgentflow",), "`model_call`", agentflows.llm, "no memory of former messages, no state"),
    Rule(("agentAgentflow",), "`agent`, and an agent", agentflows.agent, "no state; few tools"),
    Rule(("conditionAgentAgentflow",), "`classify`", agentflows.condition_agent),
    Rule(("conditionAgentflow",), "`switch`", agentflows.condition, "not of the state"),
    Rule(("directReplyAgentflow",), "`template`", agentflows.reply),
    Rule(("retrieverAgentflow",), "`memory_search`", agentflows.retriever, "documents are trained anew"),
    Rule(("iterationAgentflow",), "`loop`", agentflows.iteration),
    Rule(("humanInputAgentflow",), "`approval`", agentflows.human),
    Rule(("httpAgentflow",), "`http_request`", agentflows.http, "credentials anew"),
    Rule(("toolAgentflow",), "`tool`", agentflows.called_tool, "calculator, time, pages and code; others are dropped"),
    Rule(("customFunctionAgentflow",), "a disabled node", agentflows.program, "dropped; kept in a note"),
    Rule(("loopAgentflow",), "a disabled node", agentflows.back, "dropped: nothing leads back outside of loops"),
    Rule(("executeFlowAgentflow",), "a disabled node", agentflows.other_flow, "dropped: not in the file"),
    Rule(("stickyNoteAgentflow", "stickyNote"), "`note`", agentflows.note),
)


def convert(document: Any, collected: Collected, report: Report) -> None:
    """Adds the flow to what is collected."""
    name = foreign.text(document, "name") or collected.name
    collected.name = name
    collected.description = foreign.text(document, "description") or collected.description
    flow = read(document, report)
    if any(part.type.endswith("Agentflow") for part in flow.parts.values()):
        collected.add("workflows", name, Wiring(name, flow, collected).build(by_type(RULES)))
        return
    chatflows.agents(flow, collected)
    chatflows.chains(name, flow, collected, by_type(RULES))
    chatflows.rest(flow)


def read(document: Any, report: Report) -> Flow:
    """The nodes and wires; :class:`ImportRefused` when there are none."""
    rows, edges = foreign.mappings(document, "nodes"), foreign.mappings(document, "edges")
    if not rows:
        raise ImportRefused("There are no nodes in it.")
    if len(rows) > MAXIMUM_NODES or len(edges) > MAXIMUM_WAYS:
        raise ImportRefused(f"It has {len(rows)} nodes; {MAXIMUM_NODES} are the most.")
    flow = Flow()
    for row in rows:
        data, inputs = foreign.mapping(row, "data"), foreign.mapping(row, "data", "inputs")
        kind = foreign.text(data, "name") or foreign.text(data, "type") or "node"
        entry = report.begin(foreign.text(data, "label") or kind, kind)
        place = foreign.mapping(row, "positionAbsolute") or foreign.mapping(row, "position")
        position = (foreign.number(place, "x") or 0, foreign.number(place, "y") or 0)
        part_id = foreign.text(row, "id") or entry.source
        part = FlowNode(part_id, kind, entry.source, inputs, position, entry, data, foreign.text(row, "parentNode"))
        if part_id in flow.parts:
            entry.dropped("Another node has the same id, and connections lead to that one.")
        else:
            flow.parts[part_id] = part
    for part in flow.parts.values():
        outer = flow.parts.get(part.parent)
        if outer is None or outer.parent or outer is part or outer.type != "iterationAgentflow":
            part.parent = ""
    for edge in edges:
        ends = foreign.text(edge, "source"), foreign.text(edge, "target")
        if ends[0] in flow.parts and ends[1] in flow.parts:
            output = foreign.text(edge, "sourceHandle").rpartition("-output-")[2]
            into = foreign.text(edge, "targetHandle").partition("-input-")[2].partition("-")[0]
            flow.wires.append(Wire(ends[0], output if output.isdigit() else "", ends[1], into))
    return flow
