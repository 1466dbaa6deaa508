"""From settings and stored messages to what a model is asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from athena.engine import Event
from athena.llm.types import ImagePart, Message, TextPart, ToolCall

VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")

CALL = "model_call"
"""The key of the step that calls the model."""


class Fields(Protocol):
    """A stored row, or a mapping."""

    def __getitem__(self, key: str, /) -> Any:
        """A field by its name."""
        ...


def call_started(message_uuid: UUID | str, model: str) -> Event:
    """The event with which the model's call begins."""
    return Event("message.started", {"message_uuid": str(message_uuid), "role": "assistant", "model": model})


@dataclass(frozen=True, slots=True)
class Instructions:
    """The settings of one run, after the run's own have gone over the thread's, and those over the agent's."""

    model: str | None
    system_prompt: str | None
    temperature: float | None
    max_tokens: int | None


def instructions(
    agent: Fields | None,
    thread: Mapping[str, Any] | None,
    run: Mapping[str, Any],
    variables: Mapping[str, str],
) -> Instructions:
    """What holds for one run. ``agent`` is a row, ``thread`` and ``run`` are metadata with ``model`` among them."""
    settings: dict[str, Any] = {}
    if agent is not None:
        settings.update(agent["metadata"])
        settings.update({key: agent[key] for key in ("model", "system_prompt") if agent[key] is not None})
    for layer in (thread or {}, run):
        settings.update({key: value for key, value in layer.items() if value is not None})
    return Instructions(
        model=settings.get("model"),
        system_prompt=_system_prompt(settings, variables),
        temperature=settings.get("temperature"),
        max_tokens=settings.get("max_tokens"),
    )


def abilities_of(agent: Fields) -> dict[str, Any] | None:
    """What an agent can do beside answering; nothing for most."""
    uuids = {name: [str(uuid) for uuid in agent[name]] for name in ("tool_uuids", "guardrail_uuids", "team_uuids")}
    settings = {name: agent[name] for name in ("output_schema", "fallback_models", "memory", "limits", "reflection")}
    return {**uuids, **settings} if any((*uuids.values(), *settings.values())) else None


def _system_prompt(settings: Mapping[str, Any], variables: Mapping[str, str]) -> str | None:
    prompt = settings.get("system_prompt") or ""
    prompt = VARIABLE.sub(lambda match: variables.get(match[1], match[0]), prompt)
    style = settings.get("conversation_style")
    if style:
        prompt = f"{prompt}\n\nConversation style: {style}".strip()
    return prompt or None


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file with its bytes."""

    name: str
    mime_type: str
    content: bytes

    @property
    def is_image(self) -> bool:
        """Whether a model that sees can see it."""
        return self.mime_type.startswith("image/")


def to_messages(
    rows: Sequence[Fields],
    attached: Mapping[Any, Sequence[File]],
    inline: Mapping[str, File],
    *,
    vision: bool,
) -> list[Message]:
    """Stored messages as a model takes them. What was cut off is kept as far as it came, what failed is left out.

    ``attached`` holds the files of each message by its uuid, ``inline`` those that content names, by their uuid.
    """
    messages: list[Message] = []
    for row in rows:
        if row["status"] in {"failed", "pending"} or (row["role"] == "assistant" and not row["content"]):
            continue
        files = attached.get(row["uuid"], ())
        messages.extend(_to_messages(row["role"], row["content"], files, inline, vision=vision))
    return messages


def _to_messages(
    role: Any, content: Any, files: Sequence[File], inline: Mapping[str, File], *, vision: bool
) -> list[Message]:
    if isinstance(content, str):
        return [Message(role, _joined([TextPart(content), *_files(files, vision=vision)]))]
    turns = [_Turn()]
    for part in content:
        if part["type"] != "tool_result" and turns[-1].results:
            # What the tools answered lies behind it: the next turn begins.
            turns.append(_Turn())
        turn = turns[-1]
        match part["type"]:
            case "text":
                turn.parts.append(TextPart(part["text"]))
            case "tool_call":
                turn.calls.append(ToolCall(part["id"], part["name"], part["arguments"]))
            case "tool_result":
                is_error = part.get("is_error", False)
                turn.results.append(
                    Message("tool", part["content"], tool_call_id=part["tool_call_id"], is_error=is_error)
                )
            case _ if part["media_uuid"] in inline:
                turn.parts.extend(_files([inline[part["media_uuid"]]], vision=vision))
            case _:
                pass
    turns[-1].parts.extend(_files(files, vision=vision))
    return [message for turn in turns for message in turn.messages(role)]


@dataclass(slots=True)
class _Turn:
    """What was said at once, and what the tools answered that it called."""

    parts: list[TextPart | ImagePart] = field(default_factory=list[TextPart | ImagePart])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    results: list[Message] = field(default_factory=list[Message])

    def messages(self, role: Any) -> list[Message]:
        own = [Message(role, _joined(self.parts), tool_calls=tuple(self.calls))] if self.parts or self.calls else []
        return [*own, *self.results]


def _files(files: Sequence[File], *, vision: bool) -> list[TextPart | ImagePart]:
    parts: list[TextPart | ImagePart] = []
    for file in files:
        if not file.is_image:
            text = file.content.decode("utf-8", "replace")
            parts.append(TextPart(f'<file name="{file.name}">\n{text}\n</file>'))
        elif vision:
            parts.append(ImagePart(file.mime_type, file.content))
        else:
            parts.append(TextPart(f"[The image {file.name} is attached, but this model does not see images.]"))
    return parts


def _joined(parts: Sequence[TextPart | ImagePart]) -> str | tuple[TextPart | ImagePart, ...]:
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        return parts[0].text
    return tuple(part for part in parts if not isinstance(part, TextPart) or part.text)
