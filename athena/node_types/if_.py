"""Goes on by one of two ways."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from athena.node_types.base import Call, Config, Port, PureNode, Result


class IfConfig(Config):
    """What decides."""

    condition: Annotated[
        bool, Field(description="Usually one `{{ expression }}`.", examples=["{{ input.total > 100 }}"])
    ]


class If(PureNode[IfConfig]):
    """Two ways."""

    type = "if"
    name = "If"
    description = "Passes its input on by `true` or by `false`, as the condition says."
    category = "flow"
    config = IfConfig
    outputs = (Port("true", "True"), Port("false", "False"))

    def compute(self, config: IfConfig, call: Call) -> Result:
        """The input, by one of the ports."""
        return Result({"true" if config.condition else "false": call.input})
