"""The items of a request as they are kept: checked, with their files stored, and references followed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from athena.dialects.openai.folding import output_text
from athena.dialects.openai.ids import id_of
from athena.dialects.openai.items import (
    FunctionCallItem,
    FunctionOutputItem,
    InputFile,
    InputImage,
    Item,
    MessageItem,
    Part,
    ReferenceItem,
)
from athena.dialects.openai.uploads import Uploads
from athena.kit.db import Row
from athena.kit.errors import ValidationFailed

Follow = Callable[[str], Awaitable[dict[str, Any] | None]]
"""Finds an item by its id."""


async def no_references(_item_id: str) -> None:
    """Finds none."""


async def read(
    given: str | Sequence[Item], uploads: Uploads, where: str, follow: Follow = no_references
) -> list[dict[str, Any]]:
    """``given`` as it is kept; ``where``: the request's field, for errors."""
    if isinstance(given, str):
        return [_message("user", [{"type": "input_text", "text": given}])]
    items: list[dict[str, Any]] = []
    for number, item in enumerate(given):
        place = f"{where}.{number}"
        match item:
            case MessageItem():
                items.append(_message(item.role, await _content(item, uploads, place)))
            case FunctionCallItem():
                items.append({**item.model_dump(include={"type", "call_id", "name", "arguments"}), **_DONE})
            case FunctionOutputItem():
                items.append({"type": item.type, "call_id": item.call_id, "output": item.text, **_DONE})
            case ReferenceItem():
                found = await follow(item.id)
                if found is None:
                    raise ValidationFailed.of(f"{place}.id", "There is no such item in a stored response's output.")
                items.append({key: value for key, value in found.items() if key != "id"})
    return items


_DONE = {"status": "completed"}


def _message(role: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "message", "status": "completed", "role": role, "content": content}


async def _content(item: MessageItem, uploads: Uploads, place: str) -> list[dict[str, Any]]:
    if isinstance(item.content, str):
        return [_text(item.role, item.content)]
    return [
        await _part(item.role, part, uploads, f"{place}.content.{number}") for number, part in enumerate(item.content)
    ]


async def _part(role: str, part: Part, uploads: Uploads, where: str) -> dict[str, Any]:
    match part:
        case InputImage(file_id=str(file_id)):
            return _image(await uploads.named(file_id, f"{where}.file_id"), f"{where}.file_id", part)
        case InputImage():
            row = await uploads.stored(part.image_url or "", f"{where}.image_url")
            return _image(row, f"{where}.image_url", part)
        case InputFile(file_id=str(file_id)):
            return _file(await uploads.named(file_id, f"{where}.file_id"))
        case InputFile():
            return _file(await uploads.stored(part.file_data or "", f"{where}.file_data", part.filename))
        case _:
            return _text(role, part.text)


def _text(role: str, text: str) -> dict[str, Any]:
    return output_text(text) if role == "assistant" else {"type": "input_text", "text": text}


def _image(row: Row, where: str, part: InputImage) -> dict[str, Any]:
    if not row["mime_type"].startswith("image/"):
        raise ValidationFailed.of(where, "This file is no image.")
    return {"type": "input_image", "file_id": id_of("file-", row["uuid"]), "detail": part.detail or "auto"}


def _file(row: Row) -> dict[str, Any]:
    return {"type": "input_file", "file_id": id_of("file-", row["uuid"]), "filename": row["name"]}
