"""What a type of tool is: how its tools are configured, which functions they offer, and how these are called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from athena.kit.access import Access
from athena.kit.db import Database, Session

JsonObject = Mapping[str, Any]
Emit = Callable[[str, JsonObject], None]

ANY_ARGUMENTS: JsonObject = {"type": "object", "properties": {}}


class ToolConfig(BaseModel):
    """A tool's ``config``, as it is stored and shown; it holds no secret: these belong to accounts."""

    model_config = ConfigDict(extra="forbid", strict=True)


C = TypeVar("C", bound=ToolConfig)


@dataclass(frozen=True, slots=True)
class ToolFunction:
    """What a model may call. Most tools offer one; an OpenAPI document or an MCP server offers many."""

    name: str
    """Letters, digits, ``_`` and ``-``, at most 64; unique within its tool."""
    description: str = ""
    parameters: JsonObject = field(default_factory=lambda: ANY_ARGUMENTS)
    """A JSON Schema of an object."""
    repeatable: bool = False
    """Whether a call of which nobody knows how far it came may simply be made again: it only reads, or heeds its
    idempotency key."""


@dataclass(frozen=True, slots=True)
class ToolUsage:
    """What a call cost: tokens, and US dollars where they are known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call came to. ``content`` is what the model reads; ``data`` the same as JSON, where there is any."""

    content: str
    data: Any = None
    is_error: bool = False
    usage: ToolUsage | None = None
    details: JsonObject = field(default_factory=dict[str, Any])
    """Facts about how it was done (a child's run, a status, sources), shown with the call's events."""


class ToolFailed(Exception):
    """A call did not work. The text is for the model and the caller; free of secrets.

    ``unknown``: it may have taken effect all the same.
    """

    def __init__(self, code: str, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.unknown = unknown


@dataclass(slots=True)
class ToolCall:
    """One call of a function. What it needs of its process it gets by ``database.provided``."""

    function: str
    arguments: Mapping[str, Any]
    """They fit the function's ``parameters``."""
    access: Access
    """What the call may do: never more than who runs the agent or the workflow may."""
    database: Database
    idempotency_key: str
    """The same for each try whose outcome is unknown, and for a repetition after a crash."""
    seconds: float
    """How long the call may take in all; who calls cuts it off then."""
    session: Callable[[], Session]
    """A new transaction in the workspace."""
    run_uuid: UUID | None = None
    """The run that calls; ``None`` for a test call."""
    agent_uuid: UUID | None = None
    thread_uuid: UUID | None = None
    ancestors: Sequence[UUID] = ()
    """The agents and workflows that led here, outermost first; what is among them is not called again."""
    account_uuid: UUID | None = None
    """The tool's account."""
    tool_uuid: UUID | None = None
    """The tool, where it is a stored one."""


class ToolKind(ABC, Generic[C]):
    """A type of tool. One instance serves all tools of its type, so it keeps nothing about one of them."""

    type: ClassVar[str]
    config: ClassVar[type[ToolConfig]]
    seconds: ClassVar[float] = 60.0
    """How long a call may take, unless the tool says otherwise."""
    takes_parameters: ClassVar[bool] = False
    """Whether the user writes the JSON Schema of the arguments."""
    asks_server: ClassVar[bool] = False
    """Whether finding the functions asks somebody else's server; a new name or description is no reason to."""
    refreshes: ClassVar[bool] = False
    """Whether the functions are found anew by themselves, as :class:`athena.tools.refreshing.Refresher` does it."""

    async def check(self, config: C, session: Session, access: Access) -> None:
        """Refuses a configuration that names what the workspace does not have, when the tool is saved."""

    @abstractmethod
    async def functions(self, config: C, parameters: JsonObject | None, call: Discovery) -> Sequence[ToolFunction]:
        """What the tool offers, found when it is saved or refreshed, and stored with it.

        ``parameters`` is the tool's own JSON Schema, for types whose user writes it. :class:`ToolFailed` when a server
        does not tell.
        """

    @abstractmethod
    async def call(self, config: C, call: ToolCall) -> ToolResult:
        """Calls a function; :class:`ToolFailed` when it did not work. May be cancelled at any moment."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What :meth:`ToolKind.functions` has to find them with."""

    name: str
    """The tool's name and description, for types that offer one function named after it."""
    description: str
    access: Access
    database: Database
    session: Callable[[], Session]
    account_uuid: UUID | None = None
    again: bool = False
    """Whether they were found before, so that some of them may be gone since."""


class ToolKinds:
    """The types of tools of this process; types that stand on upper layers are added at its start."""

    def __init__(self, kinds: Sequence[ToolKind[Any]]) -> None:
        self._kinds = {kind.type: kind for kind in kinds}

    def add(self, kind: ToolKind[Any]) -> None:
        """Adds a type."""
        self._kinds[kind.type] = kind

    def get(self, name: str) -> ToolKind[Any] | None:
        """The type of this name."""
        return self._kinds.get(name)

    def names(self) -> list[str]:
        """Their names, sorted."""
        return sorted(self._kinds)
