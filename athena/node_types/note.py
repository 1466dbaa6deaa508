"""A note on the canvas."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from athena.node_types.base import Call, Config, PureNode, Result
from athena.node_types.lists import WRITTEN


class NoteConfig(Config):
    """What it says, and how it looks."""

    text: Annotated[str, Field(max_length=20_000, description="The note; Markdown.", json_schema_extra=WRITTEN)] = ""
    color: Annotated[
        Literal["yellow", "blue", "green", "pink", "grey"],
        Field(description="Its colour on the canvas.", json_schema_extra=WRITTEN),
    ] = "yellow"
    width: Annotated[float, Field(ge=40, le=4_000, description="In pixels.", json_schema_extra=WRITTEN)] = 240
    height: Annotated[float, Field(ge=40, le=4_000, description="In pixels.", json_schema_extra=WRITTEN)] = 160


class Note(PureNode[NoteConfig]):
    """No edge leads to it or from it, so it is never run."""

    type = "note"
    name = "Note"
    description = "A note for who reads the workflow; it does nothing."
    category = "flow"
    config = NoteConfig
    inputs = ()
    outputs = ()

    def compute(self, config: NoteConfig, call: Call) -> Result:  # noqa: ARG002 - a note does nothing
        """Nothing."""
        return Result({})
