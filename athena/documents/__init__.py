"""Files as text with positions: pages of a PDF, headings of Markdown, HTML and DOCX, rows of a table."""

from athena.documents.document import Document, DocumentError, DocumentErrorCode, Section
from athena.documents.reader import FORMATS, Limits, read_document
from athena.documents.text import BEFORE_HEADINGS, markdown_sections, plain_sections, table_sections

__all__ = [
    "BEFORE_HEADINGS",
    "FORMATS",
    "Document",
    "DocumentError",
    "DocumentErrorCode",
    "Limits",
    "Section",
    "markdown_sections",
    "plain_sections",
    "read_document",
    "table_sections",
]
