"""A workflow's graph, checked and made ready to run. Pure.

Edges carry values from output ports to input ports. Without those that lead back into a loop's port ``next`` the graph
has no circle. A loop's body is what its port ``item`` leads to; nothing leads into a body but its loop, and out of it
but back to its loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from athena.expressions import ExpressionError, Template, compile_text
from athena.node_types.base import ERROR, LoopNode, NodeType, Trigger, WaitNode
from athena.workflows.configuration import NAMES, Configuration
from athena.workflows.graph_schemas import Edge, GraphProblem, Node, WorkflowVariable

ITEM, NEXT, DONE = "item", "next", "done"
CONDITION_NAMES = NAMES | {"item", "index"}


@dataclass(slots=True)
class Link:
    """An edge between two nodes that there are, with its ports named."""

    order: int
    source: str
    source_port: str
    target: str
    target_port: str
    condition: Template | None = None


@dataclass(slots=True)
class GraphNode:
    """A node with its place in the graph."""

    order: int
    spec: Node
    type: NodeType[Any]
    configuration: Configuration
    incoming: list[Link] = field(default_factory=list[Link])
    outgoing: dict[str, list[Link]] = field(default_factory=dict[str, list[Link]])
    loop: str | None = None
    """The innermost loop in whose body it stands."""
    first_input: str = ""
    first_output: str = ""
    hasty: bool = False
    """Whether it begins with the first value that arrives."""

    @property
    def id(self) -> str:
        """The node's id."""
        return self.spec.id

    @property
    def has_address(self) -> bool:
        """Whether each execution has a resume address for it."""
        kind: NodeType[Any] = self.type
        if not isinstance(kind, WaitNode) or self.loop is not None or self.spec.disabled:
            return False
        return kind.has_address(self.spec.data)


@dataclass(slots=True)
class Graph:
    """What the interpreter runs. ``scopes`` maps a loop's id, or ``None`` for the whole, to the nodes right in it."""

    nodes: dict[str, GraphNode]
    scopes: dict[str | None, list[GraphNode]]
    links: list[Link]
    uses_workspace: bool = False
    """Whether an expression names the workspace's variables."""

    def triggers(self) -> list[GraphNode]:
        """Where an execution may begin."""
        return [node for node in self.nodes.values() if isinstance(node.type, Trigger) and not node.spec.disabled]

    def after(self, node_id: str) -> set[str]:
        """A node and all that depend on it."""
        return _reach([node_id], self._onward)

    def before(self, node_id: str) -> set[str]:
        """A node and all that it depends on."""
        return _reach([node_id], self._back)

    def _onward(self, node_id: str) -> list[str]:
        return [link.target for links in self.nodes[node_id].outgoing.values() for link in links]

    def _back(self, node_id: str) -> list[str]:
        return [link.source for link in self.nodes[node_id].incoming]


class Compiler:
    """Turns nodes and edges into a :class:`Graph`, and collects what is wrong with them."""

    def __init__(
        self,
        nodes: Sequence[Node],
        edges: Sequence[Edge],
        variables: Sequence[WorkflowVariable],
        types: Mapping[str, NodeType[Any]],
    ) -> None:
        self.problems: list[GraphProblem] = []
        self._variables = frozenset(variable.name for variable in variables)
        self._types = types
        self._nodes: dict[str, GraphNode] = {}
        self._links: list[Link] = []
        self._bodies: dict[str, set[str]] = {}
        for order, spec in enumerate(nodes):
            self._add_node(order, spec)
        for order, edge in enumerate(edges):
            self._add_edge(order, edge)

    def compile(self) -> Graph:
        """The graph, as far as it makes sense; complete when there are no problems."""
        self._find_bodies()
        self._check_bodies()
        order = self._in_order()
        self._check_reached()
        self._check_references()
        scopes: dict[str | None, list[GraphNode]] = {None: []}
        for loop in self._bodies:
            scopes[loop] = []
        for node_id in order:
            node = self._nodes[node_id]
            scopes[node.loop].append(node)
        for node in self._nodes.values():
            node.incoming.sort(key=lambda link: link.order)
        uses = any(
            place.path_in_scope[0] == "workspace"
            for node in self._nodes.values()
            for place in node.configuration.references
        )
        return Graph(self._nodes, scopes, self._links, uses)

    # -- the parts --------------------------------------------------------------------------------------------------

    def _add_node(self, order: int, spec: Node) -> None:
        if spec.id in self._nodes:
            self._problem("duplicate_node", f"There is another node {spec.id}.", node_id=spec.id)
            return
        kind = self._types.get(spec.type)
        if kind is None:
            self._problem("unknown_node_type", f"There is no node type {spec.type}.", node_id=spec.id, path="type")
            return
        configuration = Configuration(kind, spec.data)
        node = GraphNode(order, spec, kind, configuration)
        node.first_input = kind.inputs[0].name if kind.inputs else ""
        outputs = kind.output_ports(spec.data)
        node.first_output = outputs[0].name if outputs else ""
        node.hasty = kind.is_hasty(spec.data)
        self._nodes[spec.id] = node
        if not spec.disabled:
            for path, position, message, code in configuration.problems:
                self._problem(code, message, node_id=spec.id, path=path, position=position)

    def _add_edge(self, order: int, edge: Edge) -> None:
        edge_id = edge.id or f"{edge.source}-{edge.target}"
        source, target = self._nodes.get(edge.source), self._nodes.get(edge.target)
        for end, node in (("source", source), ("target", target)):
            if node is None:
                name = edge.source if end == "source" else edge.target
                self._problem("unknown_node", f"There is no node {name}.", edge_id=edge_id, path=end)
        if source is None or target is None:
            return
        outputs = [port.name for port in source.type.output_ports(source.spec.data)]
        if source.spec.on_error == "branch":
            outputs.append(ERROR)
        inputs = [port.name for port in target.type.inputs]
        source_port, target_port = edge.source_handle or source.first_output, edge.target_handle or target.first_input
        for end, node, port, known in (
            ("source_handle", source, source_port, outputs),
            ("target_handle", target, target_port, inputs),
        ):
            if port not in known:
                text = (
                    f"The node {node.id} has no such port: {port or 'none at all'}; it has: {', '.join(known) or '-'}."
                )
                self._problem("unknown_port", text, edge_id=edge_id, path=end)
                return
        link = Link(order, source.id, source_port, target.id, target_port, self._condition(edge, edge_id))
        self._links.append(link)
        source.outgoing.setdefault(source_port, []).append(link)
        target.incoming.append(link)

    def _condition(self, edge: Edge, edge_id: str) -> Template | None:
        if not edge.condition:
            return None
        try:
            return compile_text(edge.condition, CONDITION_NAMES)
        except ExpressionError as error:
            self._problem("expression_error", error.message, edge_id=edge_id, path="condition", position=error.position)
            return None

    # -- loops ------------------------------------------------------------------------------------------------------

    def _find_bodies(self) -> None:
        loops = [node for node in self._nodes.values() if isinstance(node.type, LoopNode)]
        for loop in loops:
            first = [link.target for link in loop.outgoing.get(ITEM, ()) if link.target != loop.id]

            def onward(node_id: str, loop_id: str = loop.id) -> list[str]:
                links = (link for links in self._nodes[node_id].outgoing.values() for link in links)
                return [link.target for link in links if link.target != loop_id]

            self._bodies[loop.id] = _reach(first, onward)
        for node_id, node in self._nodes.items():
            around = [loop for loop, body in self._bodies.items() if node_id in body and loop != node_id]
            node.loop = min(around, key=lambda loop: len(self._bodies[loop]), default=None)

    def _check_bodies(self) -> None:
        for link in self._links:
            into, out_of = self._nodes[link.target].loop, self._nodes[link.source].loop
            target = self._nodes[link.target]
            if isinstance(target.type, LoopNode) and link.target_port == NEXT:
                if link.source not in self._bodies[link.target]:
                    self._edge_problem(
                        link, "loop_entered", f"Only the body of the loop {link.target} leads back to it."
                    )
                elif out_of != link.target:
                    text = f"{link.source} stands in a loop within {link.target}, and leads back to that one first."
                    self._edge_problem(link, "loop_left", text)
            elif link.source_port == ITEM and link.source == into:
                continue
            elif into != out_of:
                text = f"The body of the loop {into or out_of} is entered from the loop alone, and left to it alone."
                self._edge_problem(link, "loop_entered", text)

    # -- order and reach --------------------------------------------------------------------------------------------

    def _in_order(self) -> list[str]:
        """The nodes, each after those that it depends on; those on a circle come last, and are a problem."""
        forward = [link for link in self._links if not self._leads_back(link)]
        left = dict.fromkeys(self._nodes, 0)
        onward: dict[str, list[str]] = {node_id: [] for node_id in self._nodes}
        for link in forward:
            left[link.target] += 1
            onward[link.source].append(link.target)
        ready = deque(node_id for node_id, count in left.items() if count == 0)
        order: list[str] = []
        while ready:
            node_id = ready.popleft()
            order.append(node_id)
            for target in onward[node_id]:
                left[target] -= 1
                if left[target] == 0:
                    ready.append(target)
        circle = [node_id for node_id in self._nodes if left[node_id]]
        if circle:
            text = f"These nodes lead back to themselves outside of a loop: {', '.join(circle[:10])}."
            self._problem("cycle", text, node_id=circle[0])
        return [*order, *circle]

    def _leads_back(self, link: Link) -> bool:
        return isinstance(self._nodes[link.target].type, LoopNode) and link.target_port == NEXT

    def _check_reached(self) -> None:
        triggers = [node.id for node in self._nodes.values() if isinstance(node.type, Trigger)]
        if not triggers:
            self._problem("no_trigger", "Nothing starts this workflow; add a trigger.")
        reached = _reach(triggers, self._targets)
        for node_id, node in self._nodes.items():
            if node_id not in reached and not node.spec.disabled and (node.type.inputs or node.type.outputs):
                self._problem("unreachable_node", f"No trigger leads to {node_id}.", node_id=node_id)

    def _targets(self, node_id: str) -> list[str]:
        return [link.target for links in self._nodes[node_id].outgoing.values() for link in links]

    def _check_references(self) -> None:
        for node in self._nodes.values():
            if node.spec.disabled:
                continue
            seen = _reach([node.id], self._sources)
            for place in node.configuration.references:
                problem = self._wrong_reference(node, place.path_in_scope, seen)
                if problem:
                    code, text = problem
                    self._problem(code, text, node_id=node.id, path=place.field, position=place.position)

    def _sources(self, node_id: str) -> list[str]:
        """What is known to a node: what leads to it, and what leads to the loop around it."""
        node = self._nodes[node_id]
        return [link.source for link in node.incoming if not self._leads_back(link)]

    def _wrong_reference(self, node: GraphNode, path: tuple[str, ...], seen: set[str]) -> tuple[str, str] | None:
        root, name = path[0], path[1] if len(path) > 1 else None
        if root in {"item", "index"} and node.loop is None:
            return "expression_error", f"{root} is there in the body of a loop only."
        if root == "variables" and name is not None and name not in self._variables:
            return "unknown_variable", f"The workflow declares no variable {name}."
        if path[:2] == ("execution", "resume_urls") and len(path) > 2:  # noqa: PLR2004 - a name within
            waits = self._nodes.get(path[2])
            if waits is None or not waits.has_address:
                return "unknown_node", f"There is no node {path[2]} outside of loops that waits for a call."
        if root == "nodes" and name is not None:
            return self._wrong_node(node, name, seen)
        return None

    def _wrong_node(self, node: GraphNode, name: str, seen: set[str]) -> tuple[str, str] | None:
        if name not in self._nodes:
            return "unknown_node", f"There is no node {name}."
        around = self._around(node)
        if name not in seen or name == node.id or name in around or self._nodes[name].loop not in around:
            return "not_upstream", f"{name} does not come before {node.id}, so its output is not known there."
        return None

    def _around(self, node: GraphNode) -> set[str | None]:
        """The scopes whose nodes a node can see: its own, and those around it."""
        scopes: set[str | None] = {None}
        loop = node.loop
        while loop is not None:
            scopes.add(loop)
            loop = self._nodes[loop].loop
        return scopes

    # -- problems ---------------------------------------------------------------------------------------------------

    def _edge_problem(self, link: Link, code: str, message: str) -> None:
        self._problem(code, message, node_id=link.target, edge_id=f"{link.source}-{link.target}")

    def _problem(self, code: str, message: str, **place: Any) -> None:
        self.problems.append(GraphProblem(code=code, message=message, **place))


def compile_graph(
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    variables: Sequence[WorkflowVariable],
    types: Mapping[str, NodeType[Any]],
) -> tuple[Graph, list[GraphProblem]]:
    """The graph, and all that is wrong with it; it may be run only if that is nothing."""
    compiler = Compiler(nodes, edges, variables, types)
    graph = compiler.compile()
    return graph, compiler.problems


def _reach(first: Iterable[str], onward: Callable[[str], Iterable[str]]) -> set[str]:
    """What can be reached from ``first``, itself included."""
    seen: set[str] = set()
    left = list(first)
    while left:
        node_id = left.pop()
        if node_id not in seen:
            seen.add(node_id)
            left.extend(onward(node_id))
    return seen
