"""What an HTTP answer becomes: JSON, text, base64, or a file of the workspace."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from email.message import Message
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import orjson

from athena.kit.db import Session
from athena.kit.egress import EgressResponse, excerpt_of
from athena.kit.masking import Mask
from athena.media.service import MediaService
from athena.node_types.base import EffectCall, NodeFailed
from athena.node_types.failures import in_transaction, require
from athena.permissions import Permission

Format = Literal["auto", "json", "text", "file", "base64"]
_JSON = re.compile(r"[/+]json$", re.IGNORECASE)
_TEXTUAL = re.compile(
    r"^text/|[/+](xml|yaml|javascript|csv|x-www-form-urlencoded|x-ndjson|html|graphql)$", re.IGNORECASE
)


def joined(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with names in lower case; several of the same name are joined by a comma."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        known = found.get(name.lower())
        found[name.lower()] = value if known is None else f"{known}, {value}"
    return found


async def read(
    response: EgressResponse, wanted: Format, call: EffectCall, mask: Mask, file_name: str | None = None
) -> dict[str, Any]:
    """What a node gives for an answer: ``status``, ``headers``, ``body``, and the ``format`` that the body has.

    A server may tell what it was sent: ``mask`` hides it.
    """
    headers = joined(response.headers)
    kind = _content_type(headers)
    form = _detected(response.body, kind) if wanted == "auto" else wanted
    body: Any
    match form:
        case "json":
            body = mask.of(_json(response, mask))
        case "text":
            body = mask.text(_text(response.body, kind))
        case "file":
            body = await _stored(response, mask.content(response.body), call, file_name)
        case _:
            body = base64.b64encode(mask.content(response.body)).decode()
    return {"status": response.status, "headers": mask.of(headers), "body": body, "format": form}


def _content_type(headers: Mapping[str, str]) -> Message:
    parsed = Message()
    parsed["content-type"] = headers.get("content-type", "") or "application/octet-stream"
    parsed["content-disposition"] = headers.get("content-disposition", "")
    return parsed


def _detected(body: bytes, kind: Message) -> Format:
    name = kind.get_content_type()
    if _JSON.search(name) or not body:
        return "json"
    if _TEXTUAL.search(name):
        return "text"
    try:
        return "base64" if "\0" in body.decode() else "text"
    except UnicodeDecodeError:
        return "base64"


def _json(response: EgressResponse, mask: Mask) -> Any:
    if not response.body.strip():
        return None
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError as error:
        raise NodeFailed(
            "invalid_json",
            "The answer is not the JSON that it is meant to be.",
            status=response.status,
            body=excerpt_of(mask.content(response.body)),
        ) from error


def _text(body: bytes, kind: Message) -> str:
    try:
        return body.decode(kind.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


async def _stored(response: EgressResponse, content: bytes, call: EffectCall, file_name: str | None) -> dict[str, Any]:
    """The body as a file of the workspace."""
    path = unquote(urlsplit(response.url).path).rstrip("/").rpartition("/")[2]
    name = file_name or _content_type(joined(response.headers)).get_filename() or path or "file"

    require(call, Permission.MEDIA_CREATE)

    async def store(session: Session) -> dict[str, Any]:
        row = await MediaService(session, call.access).upload(name.replace("\0", ""), content)
        facts = {key: row[key] for key in ("name", "mime_type", "size", "sha256")}
        return {"media_uuid": str(row["uuid"]), **facts}

    return await in_transaction(call, store)
