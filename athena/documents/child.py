"""The program that reads one file, which may be hostile, in a process of its own. It imports nothing of Athena.

``child.py <kind> <charset> <seconds> <memory MB>``: the file comes on its input, and JSON goes to its output.
It can open no socket, start no program, write no file, and read none but those of Python's own libraries.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Callable
from typing import Any

MAX_PAGES = 20_000
MAX_UNPACKED = 100_000_000
NICENESS = 10
DROPPED = ("script", "style", "nav", "aside", "form", "noscript", "template", "svg", "iframe")
FRAME = ("header", "footer")
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "ctypes.")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

Read = dict[str, Any]


class Refused(Exception):
    """The file is not read; the code is that of a ``DocumentError``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def confine(seconds: int, memory_mb: int) -> None:
    """Limits that the kernel holds, where there is one that does; and the lowest claim to the processor."""
    try:
        resource: Any = importlib.import_module("resource")
    except ImportError:
        return
    os.nice(NICENESS)
    limits = [(resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)]
    if sys.platform == "linux":
        limits.append((resource.RLIMIT_AS, memory_mb * 1_000_000))
    for what, most in limits:
        resource.setrlimit(what, (most, most))


def shut_in() -> None:
    """From now on Python itself refuses whatever a reader of documents has no need for."""
    own = tuple(os.path.realpath(each) for each in {sys.prefix, sys.base_prefix, *sys.path} if each)

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise PermissionError(event)
        if event == "open" and isinstance(args[0], str | bytes):
            path = os.path.realpath(os.fsdecode(args[0]))
            if (isinstance(args[2], int) and args[2] & WRITING) or not path.startswith(own):
                raise PermissionError(event)

    sys.addaudithook(refuse)


def read_pdf(content: bytes, _charset: str) -> Read:
    """The text of each page; it is laid out anew, so that columns are read one after the other."""
    from pdfminer.high_level import extract_pages  # noqa: PLC0415
    from pdfminer.layout import LTTextContainer  # noqa: PLC0415
    from pdfminer.pdfdocument import PDFEncryptionError  # noqa: PLC0415

    shut_in()
    pages: list[str] = []
    try:
        for page in extract_pages(io.BytesIO(content)):
            if len(pages) == MAX_PAGES:
                raise Refused("document_too_large", f"The document has more than {MAX_PAGES:,} pages.")
            boxes = [box.get_text().strip() for box in page if isinstance(box, LTTextContainer)]
            pages.append("\n\n".join(filter(None, boxes)))
    except PDFEncryptionError as error:
        raise Refused("document_encrypted", "The document is protected by a password.") from error
    return {"pages": pages}


def read_docx(content: bytes, _charset: str) -> Read:
    """As Markdown, by markitdown."""
    converters: Any = importlib.import_module("markitdown.converters")
    markitdown: Any = importlib.import_module("markitdown")
    shut_in()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MAX_UNPACKED:
            raise Refused("document_too_large", "The document is too large when it is unpacked.")
    info = markitdown.StreamInfo(extension=".docx")
    result = converters.DocxConverter().convert(io.BytesIO(content), info, strip=["a", "img"])
    return {"markdown": result.markdown, "title": None}


def read_html(content: bytes, charset: str) -> Read:
    """As Markdown, without what surrounds a page's text, and without links and pictures."""
    bs4: Any = importlib.import_module("bs4")
    markdownify: Any = importlib.import_module("markdownify")
    shut_in()
    soup = bs4.BeautifulSoup(content, "html.parser", from_encoding=charset or None)
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    body = soup.find("main") or soup.find("body") or soup
    for each in body.find_all((*DROPPED, *FRAME)):
        # An article's own header holds its title.
        if not each.decomposed and (each.name in DROPPED or each.find("h1") is None):
            each.decompose()
    try:
        text = markdownify.MarkdownConverter(heading_style="ATX", strip=["a", "img"]).convert_soup(body)
    except RecursionError:
        text = body.get_text("\n", strip=True)
    return {"markdown": text, "title": title or None}


READERS: dict[str, Callable[[bytes, str], Read]] = {"pdf": read_pdf, "docx": read_docx, "html": read_html}


def outcome(kind: str, charset: str, content: bytes) -> Read:
    """What is read, or why nothing is."""
    try:
        return READERS[kind](content, charset)
    except Refused as error:
        return {"code": error.code, "message": str(error)}
    except ImportError:
        return {"code": "document_reader_missing"}
    except MemoryError:
        return {"code": "document_too_large"}
    except Exception as error:  # noqa: BLE001 - whatever a reader makes of a damaged file
        # A parser in C says in words that it got no memory.
        return {"code": "document_too_large" if "out of memory" in str(error) else "document_damaged"}


def main() -> None:
    """Reads one file."""
    kind, charset, seconds, memory_mb = sys.argv[1:]
    confine(int(seconds), int(memory_mb))
    result = outcome(kind, charset, sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(result).encode())


if __name__ == "__main__":
    main()
