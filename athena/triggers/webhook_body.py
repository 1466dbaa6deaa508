"""The body of a request to a workflow's webhook as a value, and what of the request the workflow sees. Pure.

JSON becomes its value; a form, urlencoded or multipart, an object in which a name that comes again has a list; text a
string; whatever else its bytes in Base64; no body at all ``null``.
"""

from __future__ import annotations

import base64
import codecs
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from athena.kit.errors import MalformedRequest, TooLarge, UnsupportedMediaType
from athena.kit.nesting import is_nested_within

MAXIMUM_DEPTH = 100
MAXIMUM_FIELDS = 1_000
MAXIMUM_FILES = 20

FORM_TYPE = "application/x-www-form-urlencoded"
MULTIPART_TYPE = "multipart/form-data"
TEXT_TYPES = frozenset({"application/xml", "application/yaml", "application/x-ndjson"})
# Those of the decoders that cannot be made to do much work, or something else than decoding.
CHARSETS = frozenset(
    {"utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "iso8859-1", "iso8859-15", "cp1252", "shift_jis", "gb18030"}
)
# Athena's own session and tokens among them.
CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-multiplai-authorization"})

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file of a form, to be stored."""

    field: str
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """``body`` is JSON; ``content_type`` has no parameters and is ``None`` where the request does not say."""

    body: Any
    content_type: str | None
    files: Sequence[IncomingFile] = ()


def parse_body(content_type: str | None, body: bytes, maximum_bytes: int) -> ParsedBody:
    """The body's value by its type.

    :class:`TooLarge` beyond ``maximum_bytes``, :data:`MAXIMUM_FIELDS` or :data:`MAXIMUM_FILES`;
    :class:`MalformedRequest` when it is not what it says; :class:`UnsupportedMediaType` for an unknown character set.
    """
    if len(body) > maximum_bytes:
        raise TooLarge(f"The body may have {maximum_bytes:,} bytes.")
    kind, options = _content_type(content_type)
    if not body:
        return ParsedBody(None, kind)
    if kind == MULTIPART_TYPE:
        return _multipart(body, options.get(b"boundary"), kind)
    return ParsedBody(_value(kind or "", options.get(b"charset"), body), kind)


def request_payload(
    method: str, headers: Pairs, query: Pairs, parsed: ParsedBody, *, without: Collection[str] = ()
) -> dict[str, Any]:
    """What the workflow sees of a request: ``{method, headers, query, body, content_type, files}``.

    Credentials are left out: the usual headers for them, and those ``without`` names in lower case. A header that
    comes again is joined by commas, a query parameter that does is a list. ``files`` are ``{field, name, content_type,
    size}`` in the order of ``parsed.files``.
    """
    hidden = CREDENTIAL_HEADERS.union(without)
    shown: dict[str, str] = {}
    for given, value in headers:
        name = given.lower()
        if name not in hidden:
            shown[name] = f"{shown[name]}, {value}" if name in shown else value
    files = [
        {"field": each.field, "name": each.name, "content_type": each.content_type, "size": len(each.content)}
        for each in parsed.files
    ]
    return {
        "method": method.upper(),
        "headers": {clean(name): clean(value) for name, value in shown.items()},
        "query": _gathered(query),
        "body": parsed.body,
        "content_type": parsed.content_type,
        "files": files,
    }


def clean(text: str) -> str:
    """Text that PostgreSQL takes: NUL and lone surrogates become U+FFFD, as they do in the log of a run."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _content_type(value: str | None) -> tuple[str | None, dict[bytes, bytes]]:
    try:
        kind, options = parse_options_header(value)
    except UnicodeEncodeError as error:
        raise MalformedRequest("The header Content-Type cannot be read.") from error
    return clean(kind.decode("latin-1").strip()) or None, options


def _value(kind: str, charset: bytes | None, body: bytes) -> Any:
    if kind in {"application/json", "text/json"} or kind.endswith("+json"):
        return _json(body)
    if kind == FORM_TYPE:
        return _form(body, _charset(charset))
    if kind.startswith("text/") or kind in TEXT_TYPES or kind.endswith("+xml"):
        return clean(_text(body, _charset(charset)))
    return base64.b64encode(body).decode()


def _charset(name: bytes | None) -> str | None:
    if name is None:
        return None
    try:
        known = codecs.lookup(name.decode("latin-1")).name
    except (LookupError, ValueError):
        known = ""
    if known not in CHARSETS:
        raise UnsupportedMediaType("The body's character set is not known here; send UTF-8.")
    return known


def _text(body: bytes, charset: str | None) -> str:
    """The body in its character set. Without one it is UTF-8, and what is not UTF-8 is Latin-1, which loses nothing."""
    try:
        return body.decode(charset or "utf-8")
    except UnicodeDecodeError as error:
        if charset is None:
            return body.decode("latin-1")
        raise MalformedRequest(f"The body is not text in {charset}.") from error


def _json(body: bytes) -> Any:
    try:
        value = orjson.loads(body.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The body is not valid JSON: {error.msg} (position {error.pos}).") from error
    # Each level has a bracket, so that most bodies need no closer look.
    if body.count(b"[") + body.count(b"{") > MAXIMUM_DEPTH and not is_nested_within(value, MAXIMUM_DEPTH):
        raise MalformedRequest(f"The body's JSON may be nested {MAXIMUM_DEPTH} deep.")
    return _cleaned(value) if b"\\u0000" in body else value


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(name): _cleaned(part) for name, part in cast("dict[str, Any]", value).items()}
        case list():
            return [_cleaned(part) for part in cast("list[Any]", value)]
        case _:
            return value


def _form(body: bytes, charset: str | None) -> dict[str, str | list[str]]:
    text = _text(body, charset)
    try:
        return _gathered(_fields(text, charset or "utf-8"))
    except UnicodeDecodeError as error:
        if charset is None:
            return _gathered(_fields(text, "latin-1"))
        raise MalformedRequest(f"The form is not text in {charset}.") from error
    except ValueError as error:
        raise TooLarge(f"A form may have {MAXIMUM_FIELDS:,} fields.") from error


def _fields(text: str, charset: str) -> Pairs:
    return parse_qsl(text, keep_blank_values=True, encoding=charset, errors="strict", max_num_fields=MAXIMUM_FIELDS)


def _gathered(pairs: Pairs) -> dict[str, str | list[str]]:
    """An object of names and values; a name that comes again has the list of its values."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(clean(name), []).append(clean(value))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


@dataclass(slots=True)
class _Part:
    header_name: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    content: list[bytes] = field(default_factory=list[bytes])


@dataclass(slots=True)
class _Form:
    """The parts of a multipart body, as the parser finds them."""

    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    files: list[IncomingFile] = field(default_factory=list[IncomingFile])
    part: _Part = field(default_factory=_Part)
    complete: bool = False

    def begin(self) -> None:
        self.part = _Part()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self.part.header_name = data[start:end].lower()

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.part.headers[self.part.header_name.decode("latin-1")] = data[start:end].decode("latin-1")

    def data(self, data: bytes, start: int, end: int) -> None:
        self.part.content.append(data[start:end])

    def end(self) -> None:
        content = b"".join(self.part.content)
        _, options = parse_options_header(self.part.headers.get("content-disposition"))
        if b"name" not in options:
            raise MalformedRequest("A part of the form has no name.")
        name = clean(_text(options[b"name"], None))
        file_name = options.get(b"filename")
        if file_name == b"" and not content:
            return  # What a browser sends for a file that nobody chose.
        kind, parameters = _content_type(self.part.headers.get("content-type"))
        if file_name is None:
            try:
                self.fields.append((name, content.decode(_charset(parameters.get(b"charset")) or "utf-8")))
            except UnicodeDecodeError:
                file_name = b""
        if file_name is not None:
            file = clean(_text(file_name, None)) or "file"
            self.files.append(IncomingFile(name, file, kind or "application/octet-stream", content))
        if len(self.files) > MAXIMUM_FILES or len(self.fields) > MAXIMUM_FIELDS:
            raise TooLarge(f"A form may have {MAXIMUM_FIELDS:,} fields and {MAXIMUM_FILES} files.")

    def finish(self) -> None:
        self.complete = True


def _multipart(body: bytes, boundary: bytes | None, kind: str) -> ParsedBody:
    if not boundary:
        raise MalformedRequest("The header Content-Type has no boundary.")
    form = _Form()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_header_field": form.header_name,
                "on_header_value": form.header_value,
                "on_part_data": form.data,
                "on_part_end": form.end,
                "on_end": form.finish,
            },
        )
        parser.write(body)
    except FormParserError as error:
        raise MalformedRequest(f"The form cannot be read: {error}.") from error
    if not form.complete:
        raise MalformedRequest("The form ends before its last boundary.")
    return ParsedBody(_gathered(form.fields), kind, form.files)
