"""What a type of node is: how its nodes are configured, which ports they have, and what they do with their input.

A plugin package adds types of its own by the entry point group ``athena.node_types``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from athena.budgets.spending import Spender
from athena.kit.access import Access
from athena.kit.db import Database, Session

Category = Literal["trigger", "flow", "data", "ai", "action", "human"]
Json = Any
"""A JSON value."""
JsonObject = Mapping[str, Any]
Emit = Callable[[str, JsonObject], None]

INPUT = "input"
OUTPUT = "output"
ERROR = "error"
"""The port by which a node's failure goes on, where its ``on_error`` is ``branch``."""


class Config(BaseModel):
    """A node's ``data``. At run time every text with ``{{ … }}`` in it has been replaced by its value.

    A field may say otherwise in its ``json_schema_extra``: ``{"x-expression": "none"}`` is kept as it is written, and
    ``{"x-expression": "item"}`` is for the type itself to evaluate, once for each item (:meth:`Call.evaluate`).
    ``{"x-secrets": True}`` marks the fields whose expressions may name ``secrets``.
    """

    model_config = ConfigDict(extra="forbid", strict=True)


C = TypeVar("C", bound=Config)


@dataclass(frozen=True, slots=True)
class Port:
    """Where an edge begins or ends."""

    name: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an effect cost: tokens, and US dollars where they are known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens, self.cost + other.cost
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What a node gives: a value for each port that goes on. Ports that are not named lead nowhere this time."""

    outputs: Mapping[str, Json]
    usage: Usage | None = None
    details: JsonObject = field(default_factory=dict[str, Any])
    """Facts about how it was done (a child's run, a status), shown with the execution's data."""

    @classmethod
    def of(cls, value: Json) -> Result:
        """``value`` at the first port."""
        return cls({OUTPUT: value})


class NodeFailed(Exception):
    """A node did not do what it should. Text for who reads the execution; free of secrets.

    ``retryable``: trying again may help. ``unknown``: it may have taken effect all the same, so another try is sent
    under the same idempotency key.
    """

    def __init__(
        self, code: str, message: str, *, retryable: bool = False, unknown: bool = False, **details: Any
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.unknown = unknown
        self.details = details
        self.usage: Usage | None = None
        """What it cost all the same."""

    @property
    def error(self) -> dict[str, Any]:
        """As it stands in the execution's data."""
        return {"code": self.code, "message": self.message, **self.details}


@dataclass(slots=True)
class Call:
    """One call of a node: what it gets."""

    node_id: str
    input: Json
    """The value at its first input port: that of the first edge, in the workflow's order, by which one came."""
    arrivals: Mapping[str, Sequence[Json]]
    """By input port, every value that came, in the order of the workflow's edges."""
    evaluate: Callable[..., Json]
    """``evaluate(text, **names)``: a text with ``{{ … }}`` in it, with ``item`` and ``index`` set to what is given."""


@dataclass(slots=True)
class EffectCall(Call):
    """A call with an effect outside. What it needs of its process it gets by ``database.provided``."""

    access: Access
    """What the execution may do, in the name of who started it."""
    database: Database
    run_uuid: UUID
    spender: Spender
    """On whose account it spends."""
    idempotency_key: str
    """The same for each try whose outcome is unknown, and for a repetition after a crash."""
    seconds: float
    """How long the call may take in all."""
    emit: Emit
    """Shows an event of the execution."""
    session: Callable[[], Session]
    """A new transaction in the workspace, in the name of who started the execution."""
    start_workflow: Callable[..., Awaitable[UUID]]
    """``start_workflow(session, workflow_uuid, input, run_uuid=…, parent=…)``: accepts an execution of a workflow.

    ``parent`` holds ``workspace_uuid``, ``run_uuid`` and ``signal``, by which its end is told. Raises
    :class:`NodeFailed`.
    """
    stop_run: Callable[[UUID], Awaitable[None]]
    """Cancels a run that the node has accepted, unless another process is about to wait for it in this one's place."""
    ancestors: Sequence[UUID] = ()
    """The agents and workflows that led here, outermost first, and this workflow last."""


class NodeType(ABC, Generic[C]):
    """A type of node. One instance serves all nodes of its type, so it keeps nothing."""

    type: ClassVar[str]
    name: ClassVar[str]
    description: ClassVar[str]
    category: ClassVar[Category]
    config: ClassVar[type[Config]]
    inputs: ClassVar[tuple[Port, ...]] = (Port(INPUT, "Input"),)
    outputs: ClassVar[tuple[Port, ...]] = (Port(OUTPUT, "Output"),)
    output_schema: ClassVar[JsonObject] = {}
    """The JSON Schema of what its first port gives."""

    def output_ports(self, data: JsonObject) -> tuple[Port, ...]:  # noqa: ARG002 - a type may have them configured
        """The ports of a node with this configuration, as it is written."""
        return self.outputs

    def is_hasty(self, data: JsonObject) -> bool:  # noqa: ARG002
        """Whether such a node begins with the first value that arrives, rather than wait for all."""
        return False

    def secret_names(self, config: C) -> Collection[str]:  # noqa: ARG002
        """The secrets that a configuration names otherwise than by expressions."""
        return ()

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """What is wrong with a configuration beyond its schema: paths and messages."""
        return ()


class Trigger(NodeType[C]):
    """Where executions begin. It has no input; its output is what it was triggered with."""

    category = "trigger"
    inputs = ()


class PureNode(NodeType[C]):
    """The same output for the same input, at once and without an effect; computed again after a crash."""

    @abstractmethod
    def compute(self, config: C, call: Call) -> Result:
        """The node's outputs; :class:`NodeFailed` when there are none."""


class EffectNode(NodeType[C]):
    """Has an effect outside, takes long, or costs money: a step of the run, done once."""

    seconds: ClassVar[float] = 60.0
    """How long a call may take, unless the node says otherwise."""

    @abstractmethod
    async def execute(self, config: C, call: EffectCall) -> Result:
        """Does it; :class:`NodeFailed` when it did not work. May be cancelled at any moment."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a node waits for: a moment, a signal of the run (named by the interpreter), or whichever comes first."""

    until: datetime | None = None
    for_signal: bool = False
    details: JsonObject = field(default_factory=dict[str, Any])
    """Shown with the event that tells of the wait."""
    event: str = "node.waiting"
    apply: Callable[[Session], Awaitable[None]] | None = None
    """What is written in the transaction in which the wait begins."""


TIMED_OUT: Any = object()
"""What a wait came to when its moment passed without the signal."""


class WaitNode(NodeType[C]):
    """Waits, for days if need be, without costing a process anything."""

    seconds: ClassVar[float] = 60.0
    """How long the begin of a wait may take, unless the node says otherwise."""

    def has_address(self, data: JsonObject) -> bool:  # noqa: ARG002 - a type may have it configured
        """Whether such a node goes on when the execution's resume address for it is called."""
        return False

    @abstractmethod
    async def begin(self, config: C, call: EffectCall, signal: str) -> Wait | Result:
        """What to wait for; or a result, when there is nothing to wait for. ``signal`` ends the wait.

        It may have effects: then it is tried again as the node's ``retry`` says, and repeated after a crash.
        """

    @abstractmethod
    def resume(self, config: C, call: Call, answer: Json) -> Result:
        """The outputs, given the signal's payload, or :data:`TIMED_OUT`; pure.

        Fields of ``config`` that name secrets have their defaults.
        """


class LoopConfig(Config):
    """What the interpreter needs to know of a loop."""

    items: Annotated[list[Any], Field(description="The list; usually one `{{ expression }}`.")]
    concurrency: Annotated[int, Field(ge=1, le=100, description="How many items are at work at a time.")] = 1
    on_item_error: Annotated[
        Literal["fail", "null", "skip"],
        Field(description="When an item fails: the loop fails, the item's result is null, or it has none."),
    ] = "fail"


class LoopNode(NodeType[LoopConfig]):
    """Repeats what follows its port ``item``, up to the edges that lead back into its port ``next``."""

    config = LoopConfig
