"""What a caller may wish of one answer beyond a model's common settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from athena.llm.structured import Schema
from athena.llm.types import NamedTool, ToolSpec
from athena.runs.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Wishes:
    """Frozen with the run. ``schema`` is what the answer must fit, in place of the agent's.

    ``tools`` are functions of the caller's own (``name``, ``description``, ``parameters``): a turn that calls them ends
    the run, and the caller goes on with their results. Runs with abilities, whose tools are Athena's, take none.
    """

    top_p: float | None = None
    stop: Sequence[str] = ()
    schema: Mapping[str, Any] | None = None
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: Literal["auto", "none", "required"] | None = None
    forced_tool: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The request as it came, where another dialect shows it again."""

    @property
    def stored(self) -> dict[str, Any]:
        """As the run's input holds it: nothing, if nothing is wished."""
        wishes = replace(self, request={})
        kept = {} if wishes == Wishes() else {"wishes": asdict(wishes)}
        return {**kept, **({"request": dict(self.request)} if self.request else {})}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Wishes:
        """From a run's input."""
        return cls(**given.get("wishes", {}))

    @property
    def tool_specs(self) -> tuple[ToolSpec, ...]:
        """The caller's functions as a model is offered them."""
        return tuple(ToolSpec(each["name"], each["description"], dict(each["parameters"])) for each in self.tools)

    def put_into(self, prompt: Prompt) -> None:
        """Has the model asked so."""
        prompt.top_p, prompt.stop = self.top_p, tuple(self.stop)
        prompt.tool_choice = NamedTool(self.forced_tool) if self.forced_tool else self.tool_choice
        prompt.schema = None if self.schema is None else Schema(self.schema)
