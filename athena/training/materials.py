"""What a source gives to be learnt: documents with the places that passages name, one after the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from athena.documents import (
    BEFORE_HEADINGS,
    DocumentError,
    Section,
    markdown_sections,
    plain_sections,
    read_document,
)
from athena.kit.access import Access
from athena.kit.db import Database, Row
from athena.kit.egress import Egress
from athena.kit.errors import AthenaError
from athena.media.service import MediaService
from athena.memories.schemas import SourceType
from athena.messages.service import MessageService
from athena.training.seeing import Eyes, Spent
from athena.training.web import PageFailed, Site


class SourceFailed(Exception):
    """A source cannot be learnt; ``message`` is for whoever gave it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.error: Mapping[str, str] = {"code": code, "message": message}


@dataclass(frozen=True, slots=True)
class Material:
    """A document of a source. ``uuid`` and ``parent_uuid`` name what its passages are deleted with."""

    title: str
    sections: Sequence[Section]
    raw: bytes
    type: SourceType
    url: str | None = None
    uuid: UUID | None = None
    parent_uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A page that could not be read. What is known of it stays, unless it is ``gone``."""

    url: str
    gone: bool


QUESTION: Final = "Question: "
ANSWER: Final = "Answer: "


class Materials:
    """Reads sources, in the name of whoever has them learnt."""

    def __init__(self, database: Database, egress: Egress, eyes: Eyes) -> None:
        self._database = database
        self._egress = egress
        self._eyes = eyes

    async def read(self, source: Row, access: Access, spent: Spent) -> AsyncGenerator[Material | Skipped]:
        """What ``source`` gives; :class:`SourceFailed` when that is nothing. ``spent`` is what models took for it."""
        try:
            match source["type"]:
                case "text":
                    yield _text(source)
                case "qa":
                    yield _pairs(source)
                case "media":
                    yield await self._media(source, access, spent)
                case "thread":
                    async for each in self._thread(source, access):
                        yield each
                case _:
                    async for each in self._web(source):
                        yield each
        except DocumentError as error:
            raise SourceFailed(error.code, error.message) from error
        except AthenaError as error:
            raise SourceFailed(error.error_code, error.detail) from error

    async def _media(self, source: Row, access: Access, spent: Spent) -> Material:
        async with self._database.session(access.scope) as session:
            media = MediaService(session, access)
            row = await media.get(source["media_uuid"])
            await session.commit()
            content = await media.content(row)
        name, mime_type = row["name"], row["mime_type"]
        if mime_type.startswith("image/"):
            told = await self._eyes.describe(source, access, mime_type, content, spent)
            sections: Sequence[Section] = [Section(told, "image")]
        else:
            sections = (await read_document(content, mime_type)).sections
        return Material(name, sections, content, "media", uuid=row["uuid"])

    async def _thread(self, source: Row, access: Access) -> AsyncGenerator[Material]:
        async with self._database.session(access.scope) as session:
            messages = MessageService(session, access)
            tip = await messages.tip(source["thread_uuid"])
            rows = [] if tip is None else await messages.branch(tip)
        turns = 0
        for question, answer in _turns(rows):
            turns += 1
            text = f"{QUESTION}{_said(question)}\n\n{ANSWER}{_said(answer)}"
            sections = [Section(text, f"turn {turns}")]
            yield Material(
                source["title"],
                sections,
                text.encode(),
                "message",
                uuid=answer["uuid"],
                parent_uuid=question["uuid"],
            )
        if not turns:
            raise SourceFailed("thread_without_answers", "Nothing was asked and answered in the thread.")

    async def _web(self, source: Row) -> AsyncGenerator[Material | Skipped]:
        options = source["options"]
        site = Site(self._egress, source["url"])
        try:
            if not options["sitemap"]:
                yield await self._page(site, source["url"])
                return
            urls = await site.sitemap(options["max_pages"])
        except PageFailed as error:
            raise SourceFailed(error.code, error.message) from error
        read = 0
        for url in urls:
            await site.pause()
            try:
                page = await self._page(site, url)
            except (PageFailed, DocumentError) as error:
                yield Skipped(url, gone=isinstance(error, PageFailed) and error.gone)
            else:
                read += 1
                yield page
        if not read:
            raise SourceFailed("sitemap_without_pages", "None of the pages that the sitemap names could be read.")

    async def _page(self, site: Site, url: str) -> Material:
        page = await site.page(url)
        document = await read_document(page.content, page.mime_type, charset=page.charset)
        return Material(document.title or url, document.sections, page.content, "url", url=url)


def _text(source: Row) -> Material:
    text: str = source["content"]
    sections = markdown_sections(text)
    if {each.location for each in sections} == {BEFORE_HEADINGS}:
        sections = plain_sections(text)
    return Material(source["title"], sections, text.encode(), "text")


def _pairs(source: Row) -> Material:
    pairs: Sequence[Mapping[str, str]] = source["content"]
    sections = [
        Section(f"{ANSWER}{each['answer']}", f"question {number}", f"{QUESTION}{each['question']}")
        for number, each in enumerate(pairs, start=1)
    ]
    return Material(source["title"], sections, repr(pairs).encode(), "text")


def _turns(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Each of the user's messages with the answer that came to it."""
    turns: list[tuple[Row, Row]] = []
    question: Row | None = None
    for row in rows:
        if row["role"] == "user":
            question = row if _said(row) else None
        elif row["role"] == "assistant" and row["status"] == "completed" and question is not None and _said(row):
            turns.append((question, row))
            question = None
    return turns


def _said(row: Row) -> str:
    """The text of a message."""
    content: Any = row["content"]
    if isinstance(content, str):
        return content.strip()
    return "\n\n".join(part["text"] for part in content if part["type"] == "text").strip()
