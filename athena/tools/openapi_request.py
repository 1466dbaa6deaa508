"""An operation's request: its address, headers and body, written as the OpenAPI specification says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit, urlunsplit

import orjson

from athena.tools.base import ToolFailed
from athena.tools.openapi_document import BODY, Operation, Parameter, RequestBody, Style

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_RESERVED: Final = ":/?@!$'()*,;"
"""What stays as it is where a parameter allows reserved characters; the others would begin something new."""
_NESTED: Final = 5
_FORM: Final = Style("form", explode=True)
_SEPARATORS: Final = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}

Quote = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. Its parts may be secret, so nothing of it is shown."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


def written(operation: Operation, base_url: str, arguments: Mapping[str, Any]) -> Request:
    """The request of a call; :class:`ToolFailed` when the arguments do not make one."""
    path = operation.path
    query: list[str] = []
    headers = {"accept": "application/json, text/*;q=0.9, */*;q=0.5"}
    for parameter in operation.parameters:
        value = arguments.get(parameter.argument)
        if value is None:
            if parameter.required:
                raise ToolFailed("invalid_arguments", f"{parameter.argument} is required.")
            continue
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", _in_path(parameter, value))
        elif parameter.place == "query":
            query += _in_query(parameter.name, value, parameter.style)
        else:
            headers[parameter.name.lower()] = _in_header(parameter, value)
    body = None
    if operation.body is not None and arguments.get(BODY) is not None:
        body = _body(operation.body, arguments[BODY])
        headers["content-type"] = _content_type(operation.body)
    elif operation.body is not None and operation.body.required:
        raise ToolFailed("invalid_arguments", "body is required.")
    return Request(operation.method, _joined(base_url, path, query), headers, body)


def with_query(url: str, more: Mapping[str, str]) -> str:
    """``url`` with further query parameters."""
    return _joined(url, "", [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in more.items()])


def _joined(base_url: str, path: str, query: Iterable[str]) -> str:
    parts = urlsplit(base_url)
    base = parts.path.rstrip("/") if path else parts.path
    return urlunsplit((parts.scheme, parts.netloc, base + path, "&".join(filter(None, (parts.query, *query))), ""))


def _in_path(parameter: Parameter, value: Any) -> str:
    style = parameter.style
    if style.as_json:
        text = _quote(_text(value, as_json=True))
    elif style.name == "simple":
        text = _flat(value, ",", _quote, explode=style.explode)
    elif style.name == "label":
        text = f".{_flat(value, '.' if style.explode else ',', _quote, explode=style.explode)}"
    else:
        name = quote(parameter.name, safe="")
        pairs = _pairs(name, value, _quote) if style.explode else [f"{name}={_flat(value, ',', _quote)}"]
        text = "".join(f";{pair}" for pair in pairs)
    if text in {"", ".", ".."}:
        # These would make another path of it.
        raise ToolFailed("invalid_arguments", f"{parameter.argument} must not be empty, or dots alone.")
    return text


def _in_header(parameter: Parameter, value: Any) -> str:
    style = parameter.style
    text = _text(value, as_json=True) if style.as_json else _flat(value, ",", str, explode=style.explode)
    if _CONTROL.search(text):
        raise ToolFailed("invalid_arguments", f"{parameter.argument} must not hold line breaks or control characters.")
    return text


def _in_query(name: str, value: Any, style: Style) -> list[str]:
    written_value = _quote_reserved if style.reserved else _quote
    quoted = quote(name, safe="[]")
    if style.as_json:
        return [f"{quoted}={_quote(_text(value, as_json=True))}"]
    if style.name == "deepObject":
        return [f"{quote(key, safe='[]')}={written_value(text)}" for key, text in _deep(name, value, 0)]
    if style.explode:
        return _pairs(quoted, value, written_value)
    return [f"{quoted}={_flat(value, _SEPARATORS[style.name], written_value)}"]


def _pairs(name: str, value: Any, written_value: Quote) -> list[str]:
    """Each item, or each field, as a pair of its own."""
    match value:
        case list():
            return [f"{name}={written_value(_text(each))}" for each in cast("list[Any]", value)]
        case dict():
            fields = cast("dict[str, Any]", value)
            return [f"{quote(key, safe='')}={written_value(_text(each))}" for key, each in fields.items()]
        case _:
            return [f"{name}={written_value(_text(value))}"]


def _flat(value: Any, separator: str, written_value: Quote, *, explode: bool = False) -> str:
    """Everything in one text; ``explode`` writes fields as ``name=value`` rather than as ``name,value``."""
    match value:
        case list():
            return separator.join(written_value(_text(each)) for each in cast("list[Any]", value))
        case dict():
            between = "=" if explode else separator
            fields = cast("dict[str, Any]", value)
            return separator.join(f"{written_value(k)}{between}{written_value(_text(v))}" for k, v in fields.items())
        case _:
            return written_value(_text(value))


def _deep(name: str, value: Any, depth: int) -> list[tuple[str, str]]:
    if depth < _NESTED and isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return [pair for key, each in fields.items() for pair in _deep(f"{name}[{key}]", each, depth + 1)]
    if depth < _NESTED and isinstance(value, list):
        items = cast("list[Any]", value)
        return [pair for index, each in enumerate(items) for pair in _deep(f"{name}[{index}]", each, depth + 1)]
    return [] if value is None else [(name, _text(value))]


def _content_type(body: RequestBody) -> str:
    return "application/json" if body.media_type.strip() == "*/*" else body.media_type


def _body(body: RequestBody, value: Any) -> bytes:
    kind = body.media_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        if not isinstance(value, dict):
            raise ToolFailed("invalid_arguments", "body has to be an object.")
        fields = cast("dict[str, Any]", value)
        pairs = [
            pair
            for name, each in fields.items()
            if each is not None
            for pair in _field(name, each, body.fields.get(name))
        ]
        return "&".join(pairs).encode()
    if kind.startswith("text/"):
        return _text(value).encode("utf-8", "replace")
    return orjson.dumps(value)


def _field(name: str, value: Any, style: Style | None) -> list[str]:
    """A field of a form; one that is an object is written as JSON, unless its style says how else."""
    if style is None and isinstance(value, dict):
        value = _text(value, as_json=True)
    return _in_query(name, value, style or _FORM)


def _text(value: Any, *, as_json: bool = False) -> str:
    match value:
        case str() if not as_json:
            return value
        case None if not as_json:
            return ""
        case _:
            return orjson.dumps(value).decode()


def _quote(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _quote_reserved(text: str) -> str:
    return quote(text, safe=_RESERVED, errors="replace")
