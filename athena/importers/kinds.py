"""Where a source comes from."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """A product, or a protocol."""

    N8N = "n8n"
    DIFY = "dify"
    LANGFLOW = "langflow"
    FLOWISE = "flowise"
    ASSISTANTS = "assistants"
