"""What a run came to, as the result of a tool's call. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def answered(message: Mapping[str, Any], *, structured: bool) -> dict[str, Any]:
    """The result of an agent that has answered."""
    return said(message["content"], message.get("data") if structured else None)


def given(value: Any, *, structured: bool) -> dict[str, Any]:
    """The result of a workflow that has given something: text as it is, all else as JSON."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return said(text, value if structured else None)


def said(text: str, value: Any = None) -> dict[str, Any]:
    """A result of text, and of a value beside it where the tool has one."""
    content = {"content": [{"type": "text", "text": text}], "isError": False}
    return content if value is None else {**content, "structuredContent": value}


def failed(text: str) -> dict[str, Any]:
    """The result of a call that failed: the model that made it is told why."""
    return {"content": [{"type": "text", "text": text}], "isError": True}


def waits(title: str | None, run_uuid: object, address: str, *, structured: bool) -> dict[str, Any]:
    """The result of a call whose run asks people, while the client cannot ask its own."""
    uri = f"athena://runs/{run_uuid}"
    question = f": “{title}”" if title else ""
    text = (
        f"Not finished: the run waits for people to answer its question{question}. It is answered at {address}. "
        f"Do not call again; once it is answered, the run goes on, and its result is at {uri}."
    )
    link = {"type": "resource_link", "uri": uri, "name": f"Run {run_uuid}", "mimeType": "application/json"}
    # A tool that promises a structure may answer without one only as an error.
    return {"content": [{"type": "text", "text": text}, link], "isError": structured}
