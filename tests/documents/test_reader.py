"""Files are read with their positions, and hostile ones do no harm."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import psutil
import pytest

from athena.documents import Document, DocumentError, Limits, Section, read_document
from tests.documents.files import DOCX, PDF, bomb, docx, packed, pdf

SECONDS = 30.0


async def refusal(content: bytes, mime_type: str, limits: Limits | None = None) -> DocumentError:
    with pytest.raises(DocumentError) as refused:
        await read_document(content, mime_type, limits=limits or Limits(seconds=SECONDS))
    return refused.value


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "child.py" in " ".join(each.cmdline())]


async def test_a_pdf_is_read_by_its_pages() -> None:
    found = await read_document(pdf(["Welcome to the shop.\nWe open at nine.", "", "Returns take thirty days."]), PDF)
    assert found.sections == [
        Section("Welcome to the shop.\nWe open at nine.", "page 1"),
        Section("Returns take thirty days.", "page 3"),
    ]


async def test_a_docx_is_read_by_its_headings() -> None:
    content = docx([("", "Hello."), ("Heading1", "Returns"), ("", "Within thirty days."), ("Heading2", "Refunds")])
    found = await read_document(content, DOCX)
    assert found.sections == [
        Section("Hello.", "beginning"),
        Section("Within thirty days.", "Returns", "Returns"),
        Section("Refunds", "Returns > Refunds", "Returns"),
    ]


async def test_a_page_is_read_without_what_surrounds_it() -> None:
    page = """<html><head><title> The\n shop </title><style>p {}</style></head><body><nav>Home</nav>
        <header><h1>Returns</h1></header><p>Within <a href="/x">thirty</a> days.<script>steal()</script></p>
        <h2>Refunds</h2><p>By card.<img src="data:x" alt="card"></p><footer>Imprint</footer></body></html>"""
    found = await read_document(page.encode(), "text/html")
    assert found == Document(
        [
            Section("Within thirty days.", "Returns", "Returns"),
            Section("By card.", "Returns > Refunds", "Returns > Refunds"),
        ],
        "The shop",
    )


async def test_a_page_in_another_charset_is_read_as_it_says() -> None:
    found = await read_document("<p>Fahrräder</p>".encode("latin-1"), "text/html", charset="iso-8859-1")
    assert found.sections[0].text == "Fahrräder"


@pytest.mark.parametrize(
    ("mime_type", "content", "location"),
    [
        ("text/markdown", b"# Hours\nFrom nine.", "Hours"),
        ("text/csv", b"item,price\nbell,9", "row 2"),
        ("text/plain", b"\xef\xbb\xbfFrom nine.", ""),
        ("application/json", b'{"a": 1}', ""),
    ],
)
async def test_text_needs_no_other_process(mime_type: str, content: bytes, location: str) -> None:
    [section] = (await read_document(content, mime_type)).sections
    assert section.location == location
    assert "\ufeff" not in section.text


@pytest.mark.parametrize(
    ("mime_type", "content", "code"),
    [
        (PDF, b"%PDF-1.7 and nothing else", "document_damaged"),
        (PDF, pdf([""]), "document_empty"),
        (DOCX, b"PK\x03\x04 and nothing else", "document_damaged"),
        (DOCX, packed({"a.txt": "no document"}), "document_damaged"),
        ("text/html", b"<script>only()</script>", "document_empty"),
        ("text/plain", b" \n", "document_empty"),
        ("image/png", b"\x89PNG", "document_unsupported"),
    ],
)
async def test_what_cannot_be_read_says_why(mime_type: str, content: bytes, code: str) -> None:
    error = await refusal(content, mime_type)
    assert error.code == code
    assert error.message.endswith(".")


async def test_a_zip_bomb_is_refused() -> None:
    content = bomb(101)
    assert len(content) < 1_000_000
    assert (await refusal(content, DOCX)).code == "document_too_large"


async def test_a_document_gets_no_more_memory_than_it_may() -> None:
    limits = Limits(seconds=SECONDS, memory_mb=250)
    assert (await read_document(docx([("", "Hello.")]), DOCX, limits=limits)).sections
    assert (await refusal(bomb(90), DOCX, limits)).code in {"document_too_large", "document_damaged"}


async def test_a_stream_of_a_pdf_that_unpacks_without_end_is_refused() -> None:
    content = pdf(["x"], extra=b" " * 300_000_000)
    assert len(content) < 1_000_000
    error = await refusal(content, PDF, Limits(seconds=SECONDS, memory_mb=300))
    assert error.code in {"document_too_large", "document_damaged"}


async def test_more_text_than_is_allowed_is_refused() -> None:
    content = pdf(["many words " * 100] * 3)
    assert (await refusal(content, PDF, Limits(seconds=SECONDS, text_bytes=1000))).code == "document_too_large"


async def test_reading_takes_no_longer_than_it_may() -> None:
    content = pdf(["\n".join(["many words"] * 40)] * 400)
    assert (await refusal(content, PDF, Limits(seconds=1))).code == "document_too_slow"
    assert not children()


async def test_who_is_cancelled_leaves_no_process() -> None:
    reading = asyncio.create_task(read_document(pdf(["\n".join(["many words"] * 40)] * 400), PDF))
    until = time.monotonic() + SECONDS
    while not children() and time.monotonic() < until:  # noqa: ASYNC110 - the process comes from outside the loop
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not children()


async def test_entities_that_grow_are_refused() -> None:
    entities = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    document = f'{entities}]><w:document xmlns:w="w"><w:body><w:p>&i;</w:p></w:body></w:document>'
    content = docx([], **{"word/document.xml": document.encode()})
    assert (await refusal(content, DOCX)).code in {"document_damaged", "document_too_large", "document_empty"}


async def test_the_reader_sees_no_secret_of_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATHENA_SECRET_KEY", "canary")
    seen: list[str] = []
    original = asyncio.create_subprocess_exec

    async def noted(*command: str, **options: object) -> asyncio.subprocess.Process:
        seen.append(repr((command, options)))
        return await original(*command, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    await read_document(pdf(["Hello"]), PDF)
    assert seen
    assert "canary" not in seen[0]
    assert not set(os.environ) & {"canary"}
