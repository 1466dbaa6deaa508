"""Ends an execution as failed."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from athena.node_types.base import Call, Config, NodeFailed, PureNode, Result
from athena.node_types.lists import WRITTEN
from athena.node_types.values import as_text

LONGEST: Final = 2_000


class StopWithErrorConfig(Config):
    """The error."""

    message: Annotated[
        str,
        BeforeValidator(as_text),
        Field(
            min_length=1,
            description=f"What happened, for who reads the execution; of a longer one the first {LONGEST} characters.",
            examples=["The order {{ input.id }} has no items."],
        ),
    ]
    code: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9_]{0,63}$",
            description="By which such errors are found and told apart.",
            examples=["empty_order"],
            json_schema_extra=WRITTEN,
        ),
    ] = "stopped"


class StopWithError(PureNode[StopWithErrorConfig]):
    """Fails as any node may: the execution ends, unless its ``on_error`` or the loop around it says otherwise."""

    type = "stop_with_error"
    name = "Stop with error"
    description = "Ends the execution as failed, with a message and a code."
    category = "flow"
    config = StopWithErrorConfig
    outputs = ()

    def compute(self, config: StopWithErrorConfig, call: Call) -> Result:  # noqa: ARG002 - it is the same whatever came
        """Never gives anything; :class:`NodeFailed`."""
        long = len(config.message) > LONGEST
        raise NodeFailed(config.code, f"{config.message[: LONGEST - 1]}…" if long else config.message)
