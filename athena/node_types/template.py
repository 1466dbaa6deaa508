"""Writes a text."""

from __future__ import annotations

from typing import Annotated, ClassVar

import orjson
from pydantic import BeforeValidator, Field

from athena.node_types.base import Call, Config, NodeFailed, PureNode, Result
from athena.node_types.values import as_text


class TemplateConfig(Config):
    """The text."""

    text: Annotated[
        str,
        BeforeValidator(as_text),
        Field(
            max_length=1_000_000,
            description="Text with `{{ expressions }}` in it. What is no text is written as JSON, and null as nothing.",
            examples=["Dear {{ input.name }},\nyour order {{ input.id }} is on its way."],
        ),
    ]
    parse_json: Annotated[bool, Field(description="Read the text as JSON, and give its value.")] = False


class Template(PureNode[TemplateConfig]):
    """A text; with ``parse_json`` its value, or ``invalid_json``."""

    type = "template"
    name = "Template"
    description = "Gives a text with values filled in, or the JSON value that the text stands for."
    category = "data"
    config = TemplateConfig
    output_schema: ClassVar = {"description": "A string; with `parse_json`, any value."}

    def compute(self, config: TemplateConfig, call: Call) -> Result:  # noqa: ARG002 - the text is filled in already
        """The text, or its value."""
        if not config.parse_json:
            return Result.of(config.text)
        try:
            return Result.of(orjson.loads(config.text))
        except orjson.JSONDecodeError as error:
            raise NodeFailed("invalid_json", f"The text is no JSON: {error.msg}, at character {error.pos}.") from error
