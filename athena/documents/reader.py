"""Reads a file: what is text in this process, what is not in a process of its own, within limits."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from athena.documents.document import Document, DocumentError, Section
from athena.documents.text import markdown_sections, plain_sections, table_sections

PROGRAM: Final = Path(__file__).with_name("child.py")
READ_BYTES: Final = 1 << 16
# What else it needs of this process's environment; no secret of it is handed on.
ENVIRONMENT: Final = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
# One thread each: every further one would take address space and the processor of others.
ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FORMATS: Final[Mapping[str, str]] = {
    "application/pdf": "pdf",
    DOCX: "docx",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "text/csv": "table",
    "text/plain": "plain",
    "application/json": "plain",
    "application/xml": "plain",
    "application/yaml": "plain",
    "text/css": "plain",
    "text/xml": "plain",
}
"""How files are read, by their type."""
MESSAGES: Final[Mapping[str, str]] = {
    "document_reader_missing": "What reads such documents (markitdown) is not installed, or not made for this platform."
    " Text, Markdown and CSV are read everywhere.",
    "document_damaged": "The document is damaged, or not what its type says.",
    "document_too_large": "The document needs more memory than is allowed.",
}
OUT_OF_TIME: Final = frozenset({-24, -9})
"""Ended by the kernel: SIGXCPU, or SIGKILL where its limit is the same."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take: seconds, of time and of the processor; megabytes; bytes of text."""

    seconds: float = 300.0
    memory_mb: int = 1536
    text_bytes: int = 40_000_000


DEFAULT_LIMITS: Final = Limits()


async def read_document(
    content: bytes, mime_type: str, *, charset: str = "", limits: Limits = DEFAULT_LIMITS
) -> Document:
    """The text of a file with its positions; :class:`DocumentError` when it has none, or cannot be read.

    ``charset`` is what came with the file; left out, it is UTF-8, or what HTML says. Cancelling ends the reading.
    """
    kind = FORMATS.get(mime_type)
    if kind is None:
        raise DocumentError("document_unsupported", f"Files of type {mime_type} cannot be read.")
    if kind in {"pdf", "docx", "html"}:
        document = await _read_apart(content, kind, charset, limits)
    else:
        document = await asyncio.to_thread(_read_text, content, kind, charset)
    if not document.sections:
        hint = " A scan needs text recognition first." if kind == "pdf" else ""
        raise DocumentError("document_empty", f"There is no text in the document.{hint}")
    return document


def _read_text(content: bytes, kind: str, charset: str) -> Document:
    try:
        text = content.decode(charset or "utf-8-sig", "replace")
    except LookupError:
        text = content.decode("utf-8-sig", "replace")
    readers = {"markdown": markdown_sections, "table": table_sections, "plain": plain_sections}
    return Document(readers[kind](text.replace("\0", "")))


async def _read_apart(content: bytes, kind: str, charset: str, limits: Limits) -> Document:
    """What the program in a process of its own makes of it."""
    command = (sys.executable, "-I", str(PROGRAM), kind, charset, str(math.ceil(limits.seconds)))
    process = await asyncio.create_subprocess_exec(
        *command,
        str(limits.memory_mb),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ} | ONE_THREAD,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limits.seconds):
            _, output = await asyncio.gather(_feed(process, content), _output(process, limits.text_bytes))
            status = await process.wait()
    except TimeoutError as error:
        raise _too_slow(limits) from error
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if status in OUT_OF_TIME:
        raise _too_slow(limits)
    try:
        found: dict[str, Any] = orjson.loads(output)
    except orjson.JSONDecodeError:
        found = {"code": "document_damaged"}
    return _document(found)


async def _feed(process: asyncio.subprocess.Process, content: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(content)
        await process.stdin.drain()
    process.stdin.close()


async def _output(process: asyncio.subprocess.Process, most: int) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    parts: list[bytes] = []
    room = most
    while part := await process.stdout.read(READ_BYTES):
        room -= len(part)
        if room < 0:
            raise DocumentError("document_too_large", f"The document has more than {most:,} bytes of text.")
        parts.append(part)
    return b"".join(parts)


def _too_slow(limits: Limits) -> DocumentError:
    return DocumentError("document_too_slow", f"Reading the document took longer than {limits.seconds:g} seconds.")


def _document(found: Mapping[str, Any]) -> Document:
    if "code" in found:
        raise DocumentError(found["code"], found.get("message") or MESSAGES[found["code"]])
    if "pages" in found:
        pages: list[str] = found["pages"]
        return Document([Section(text, f"page {n}") for n, text in enumerate(map(_clean, pages), 1) if text.strip()])
    title = found["title"]
    return Document(markdown_sections(_clean(found["markdown"])), None if title is None else _clean(title))


def _clean(text: str) -> str:
    """Without what no database takes."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
