"""Goes on by one of several ways, or by all that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from athena.node_types.base import ERROR, Call, Config, JsonObject, Port, PureNode, Result
from athena.node_types.lists import PER_ITEM, WRITTEN, Condition, holds

DEFAULT = Port("default", "Default", "When no case fits.")
RESERVED = frozenset({DEFAULT.name, ERROR})


class Case(Config):
    """A way, and when it is taken."""

    name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The name of the case's port.", examples=["urgent"]),
    ]
    condition: Annotated[Condition, Field(examples=["{{ input.priority == 'high' }}"])]


class SwitchConfig(Config):
    """What decides."""

    cases: Annotated[
        list[Case],
        Field(
            min_length=1,
            max_length=50,
            description="The cases, in the order in which they are looked at.",
            json_schema_extra=PER_ITEM,
        ),
    ]
    match: Annotated[
        Literal["first", "all"],
        Field(
            description="`first`: goes on by the first case that fits; the conditions after it are not evaluated. "
            "`all`: by each that fits.",
            json_schema_extra=WRITTEN,
        ),
    ] = "first"


class Switch(PureNode[SwitchConfig]):
    """A port for each case, and ``default``."""

    type = "switch"
    name = "Switch"
    description = "Passes its input on by the case whose condition holds, or by `default` when none does."
    category = "flow"
    config = SwitchConfig
    outputs = (DEFAULT,)

    def output_ports(self, data: JsonObject) -> tuple[Port, ...]:
        """One for each case that has a name, and ``default``."""
        names = dict.fromkeys(name for _, name in _names(data) if name not in RESERVED)
        return (*(Port(name, name) for name in names), DEFAULT)

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:
        """Names that two cases have, or that no case may have."""
        problems: list[tuple[str, str]] = []
        seen: set[str] = set()
        for place, name in _names(data):
            if name in RESERVED:
                problems.append((f"cases.{place}.name", f"No case may be called {name}: each node has that port."))
            elif name in seen:
                problems.append((f"cases.{place}.name", f"There is another case called {name}."))
            seen.add(name)
        return problems

    def compute(self, config: SwitchConfig, call: Call) -> Result:
        """The input, by each port that is taken."""
        taken: list[str] = []
        for case in config.cases:
            if holds(call.evaluate(case.condition), f"the case {case.name}"):
                taken.append(case.name)
                if config.match == "first":
                    break
        return Result(dict.fromkeys(taken or [DEFAULT.name], call.input))


def _names(data: JsonObject) -> Iterator[tuple[int, str]]:
    """The cases' places and names, as far as a draft has any."""
    cases = data.get("cases")
    for place, case in enumerate(cast("list[Any]", cases) if isinstance(cases, list) else ()):
        name = cast("dict[str, Any]", case).get("name") if isinstance(case, dict) else None
        if isinstance(name, str) and name:
            yield place, name
