"""Documents written by hand: PDF in bytes, DOCX as a ZIP file."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_PARTS = {
    "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-'
    'types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="'
    f'{DOCX}.main+xml"/></Types>',
    "_rels/.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="word/document.xml"/></Relationships>',
}


def pdf(pages: Sequence[str], *, extra: bytes = b"") -> bytes:
    """A PDF with the lines of each page in Helvetica. ``extra`` comes before what each page draws."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids: list[int] = []
    for page in pages:
        shown = "T* ".join(f"({line}) Tj " for line in page.replace("(", "").replace(")", "").split("\n"))
        drawn = zlib.compress(extra + f"BT /F1 11 Tf 14 TL 50 780 Td {shown}ET".encode("latin-1"))
        head = f"<< /Length {len(drawn)} /Filter /FlateDecode >>".encode()
        objects.append(head + b"\nstream\n" + drawn + b"\nendstream")
        kids.append(len(objects) + 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{listed}] >>".encode()
    whole = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places: list[int] = []
    for number, each in enumerate(objects, 1):
        places.append(len(whole))
        whole += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    tail = (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(whole)}"
    )
    return bytes(whole) + f"{tail}\n%%EOF\n".encode()


def docx(paragraphs: Sequence[tuple[str, str]], **parts: bytes) -> bytes:
    """A DOCX of paragraphs, each with its style: ``Heading1``, or none. ``parts`` are further files in it."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    document = f'<?xml version="1.0" encoding="UTF-8"?><w:document {_W}><w:body>{body}</w:body></w:document>'
    return packed({**_PARTS, "word/document.xml": document, **parts})


def packed(files: dict[str, str | bytes]) -> bytes:
    """A ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def bomb(megabytes: int) -> bytes:
    """A DOCX of a few kilobytes whose document unpacks to so much."""
    head = f"<w:document {_W}><w:body><w:p><w:r><w:t>".encode()
    return packed({**_PARTS, "word/document.xml": head + b" " * megabytes * 1_000_000})
