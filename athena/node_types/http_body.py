"""The bodies of HTTP requests: how they are configured, and their bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from athena.kit.schemas import Uuid
from athena.media.service import MediaService
from athena.node_types import fields
from athena.node_types.base import EffectCall, NodeFailed
from athena.node_types.failures import patient, require
from athena.permissions import Permission

MAXIMUM_BYTES: Final = 50_000_000

Scalar = str | int | float | bool
Parameter = Scalar | list[Scalar] | None
ContentType = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$", examples=["text/csv"])]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class JsonBody(_Body):
    """A value as JSON."""

    type: Literal["json"]
    value: Annotated[Any, Field(examples=[{"name": "{{ input.name }}"}])]


class FormBody(_Body):
    """Fields as a browser's form sends them."""

    type: Literal["form"]
    fields: Annotated[dict[str, Parameter], Field(max_length=500, description="A list is sent as several fields.")]


class Part(_Body):
    """A field, or a file, of a form with files."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    value: Annotated[fields.Text | None, Field(description="A field's text.")] = None
    media_uuid: Annotated[Uuid | None, Field(description="A file of the workspace, in place of `value`.")] = None
    filename: Annotated[str | None, Field(min_length=1, max_length=255, description="Left out: the file's own.")] = None
    content_type: Annotated[ContentType | None, Field(description="Left out: the file's own.")] = None

    @model_validator(mode="after")
    def _one_content(self) -> Part:
        if (self.value is None) == (self.media_uuid is None):
            raise ValueError("Give either value or media_uuid.")
        return self


class MultipartBody(_Body):
    """A form with files."""

    type: Literal["multipart"]
    parts: Annotated[list[Part], Field(min_length=1, max_length=100)]


class TextBody(_Body):
    """Text."""

    type: Literal["text"]
    text: fields.Text
    content_type: ContentType = "text/plain; charset=utf-8"


class Base64Body(_Body):
    """Bytes, given in base64."""

    type: Literal["base64"]
    data: str
    content_type: ContentType = "application/octet-stream"


class MediaBody(_Body):
    """A file of the workspace."""

    type: Literal["media"]
    media_uuid: Uuid
    content_type: Annotated[ContentType | None, Field(description="Left out: the file's own.")] = None


Body: TypeAlias = Annotated[
    JsonBody | FormBody | MultipartBody | TextBody | Base64Body | MediaBody, Field(discriminator="type")
]


@dataclass(frozen=True, slots=True)
class File:
    """A file of the workspace with its bytes."""

    name: str
    mime_type: str
    content: bytes


def text_of(value: Scalar) -> str:
    """A parameter as it is sent."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def pairs(parameters: Mapping[str, Parameter]) -> list[tuple[str, str]]:
    """Names and values as they are sent; what is null is left out."""
    found: list[tuple[str, str]] = []
    for name, value in parameters.items():
        values: Sequence[Scalar] = value if isinstance(value, list) else [] if value is None else [value]
        found += [(name, text_of(each)) for each in values]
    return found


async def encode(body: Body, call: EffectCall) -> tuple[bytes, str]:
    """The bytes of a body, and their content type; :class:`NodeFailed` when it cannot be sent."""
    match body:
        case JsonBody():
            content, kind = _json(body.value), "application/json"
        case FormBody():
            content, kind = urlencode(pairs(body.fields)).encode(), "application/x-www-form-urlencoded"
        case TextBody():
            content, kind = body.text.encode("utf-8", "replace"), body.content_type
        case Base64Body():
            content, kind = _decoded(body.data), body.content_type
        case MediaBody():
            file = (await _files(call, [body.media_uuid]))[body.media_uuid]
            content, kind = file.content, body.content_type or file.mime_type
        case MultipartBody():
            files = await _files(call, [part.media_uuid for part in body.parts if part.media_uuid])
            # From the key, so that each try of the same request sends the same bytes.
            boundary = f"athena-{hashlib.sha256(call.idempotency_key.encode()).hexdigest()[:40]}"
            content, kind = _multipart(body.parts, files, boundary), f"multipart/form-data; boundary={boundary}"
    if len(content) > MAXIMUM_BYTES:
        raise NodeFailed("request_too_large", f"The body has {len(content):,} bytes; {MAXIMUM_BYTES:,} are the most.")
    return content, kind


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError as error:
        text = f"data.body.value: This cannot be written as JSON: {error}."
        raise NodeFailed("invalid_configuration", text, path="data.body.value") from error


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NodeFailed(
            "invalid_configuration", "data.body.data: This is not base64.", path="data.body.data"
        ) from error


async def _files(call: EffectCall, uuids: Sequence[UUID]) -> dict[UUID, File]:
    """Files of the workspace; :class:`NodeFailed` when one is missing."""
    if not uuids:
        return {}

    require(call, Permission.MEDIA_VIEW)

    async def load() -> dict[UUID, File]:
        async with call.session() as session:
            media = MediaService(session, call.access)
            rows = await media.rows(uuids)
            await session.commit()
            if sum(row["size"] for row in rows.values()) > MAXIMUM_BYTES:
                raise NodeFailed("request_too_large", f"The files have more than {MAXIMUM_BYTES:,} bytes.")
            return {uuid: File(row["name"], row["mime_type"], await media.content(row)) for uuid, row in rows.items()}

    found = await patient(load)
    missing = [str(uuid) for uuid in uuids if uuid not in found]
    if missing:
        raise NodeFailed("not_found", f"The workspace has no file {missing[0]}.")
    return found


def _multipart(parts: Sequence[Part], files: Mapping[UUID, File], boundary: str) -> bytes:
    content = bytearray()
    for part in parts:
        file = files.get(part.media_uuid) if part.media_uuid else None
        filename = part.filename or (file.name if file else None)
        disposition = f'form-data; name="{_quoted(part.name)}"'
        if filename:
            disposition += f'; filename="{_quoted(filename)}"'
        kind = part.content_type or (file.mime_type if file else None)
        head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n"
        head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
        content += head.encode()
        content += file.content if file else (part.value or "").encode("utf-8", "replace")
        content += b"\r\n"
    return bytes(content + f"--{boundary}--\r\n".encode())


def _quoted(text: str) -> str:
    """As browsers write names of fields and files."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
