"""What a model is asked in one run: the conversation so far, what was said since, and how to answer. No database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from athena.large_language_models.service import ResolvedModel
from athena.llm import structured, tokens
from athena.llm.structured import Schema
from athena.llm.types import Message, ModelRequest, NamedTool, ToolSpec
from athena.runs.conversation import Fields, File, to_messages

DEFAULT_CONTEXT_WINDOW = 8_192
DEFAULT_ANSWER_RESERVE = 1_024


@dataclass(frozen=True, slots=True)
class History:
    """The stored messages that lead to an answer, with the files of each and those that contents name."""

    rows: Sequence[Fields]
    attached: Mapping[Any, Sequence[File]] = field(default_factory=dict[Any, Sequence[File]])
    inline: Mapping[str, File] = field(default_factory=dict[str, File])


@dataclass(slots=True)
class Prompt:
    """What is asked, whichever model is; ``said`` grows with each turn of the run."""

    history: History
    system: str | None
    temperature: float | None
    max_tokens: int | None
    said: list[Message] = field(default_factory=list[Message])
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    schema: Schema | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()

    def texts(self) -> list[Message]:
        """The conversation without its files."""
        return [*to_messages(self.history.rows, {}, {}, vision=False), *self.said]

    @property
    def asked(self) -> str:
        """The text of what the user said last."""
        return next((each.text for each in reversed(self.texts()) if each.role == "user"), "")

    def request(self, model: ResolvedModel, *, with_schema: bool = True) -> ModelRequest:
        """The request to ``model``, cut to what it can read; :class:`athena.llm.errors.ModelError` if that is too long.

        ``with_schema``: a schema goes along in the way that the provider's protocol has for it, beside the words.
        """
        history = self.history
        messages = [
            *to_messages(history.rows, history.attached, history.inline, vision=model.supports_vision),
            *self.said,
        ]
        system = self.system
        if self.schema is not None:
            system = "\n\n".join(filter(None, (system, structured.task(self.schema))))
        tools = self.tools if model.supports_tools else ()
        window = model.context_window or DEFAULT_CONTEXT_WINDOW
        reserve = min(self.max_tokens or model.max_output_tokens or DEFAULT_ANSWER_RESERVE, window // 2)
        taken = sum(tokens.estimate(orjson.dumps([t.name, t.description, t.parameters]).decode()) for t in tools)
        return ModelRequest(
            model=model.model_id,
            messages=tuple(tokens.fit(messages, system, window, reserve + taken)),
            system=system,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            top_p=self.top_p,
            stop=self.stop,
            tools=tools,
            tool_choice=self.tool_choice if tools else None,
            response_schema=self.schema.schema if self.schema and with_schema else None,
        )
