"""What an execution is interpreted with: its plan, how it begins, and what is around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from athena.budgets.spending import Spender
from athena.kit.access import Access
from athena.kit.db import Database, Session
from athena.workflow_executions.scope import ScopePlan
from athena.workflows.graph import Graph, GraphNode

Secrets = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]


@dataclass(slots=True)
class Plan:
    """A compiled version of a workflow, shared by its executions."""

    graph: Graph
    variables: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    scopes: dict[str | None, ScopePlan] = field(default_factory=dict[str | None, ScopePlan])
    addressed: list[GraphNode] = field(default_factory=list[GraphNode])
    """Nodes that have a resume address."""

    def __post_init__(self) -> None:
        self.addressed = [node for node in self.graph.nodes.values() if node.has_address]
        self.scopes = {scope: ScopePlan(scope, nodes) for scope, nodes in self.graph.scopes.items()}


@dataclass(frozen=True, slots=True)
class Start:
    """How an execution begins, and which part of its graph it runs."""

    trigger: GraphNode
    output: Any
    names: Mapping[str, Any]
    seeds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])
    """Outputs that are known from another execution, by the node's place in the loops around it."""
    mocked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])
    """Outputs that nodes give without being run, in each pass."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What nodes outside of loops get, whatever leads to them, by their ids."""
    wanted: frozenset[str] | None = None
    """The only nodes to run; ``None``: all."""
    test: bool = False
    """Whether pinned outputs count."""
    budget: float | None = None
    """US dollars that the execution may cost."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What effects need of the process and of the caller."""

    database: Database
    access: Access
    spender: Spender
    session: Callable[[], Session]
    secrets: Secrets
    start_workflow: Callable[..., Awaitable[UUID]]
    stop_run: Callable[[UUID], Awaitable[None]]
    ancestors: Sequence[UUID] = ()
    """The agents and workflows that led here, and this one last."""
