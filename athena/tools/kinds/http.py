"""Tools of one HTTP request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson
from pydantic import Field, JsonValue, field_validator

from athena.accounts.credentials import Authentication
from athena.expressions import references
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.egress import SAFE_METHODS, EgressResponse, Outgoing
from athena.kit.masking import Mask
from athena.tools.base import (
    ANY_ARGUMENTS,
    Discovery,
    JsonObject,
    ToolCall,
    ToolConfig,
    ToolFailed,
    ToolFunction,
    ToolKind,
    ToolResult,
)
from athena.tools.naming import function_name
from athena.tools.outgoing import (
    CONTROL,
    HEADER_NAME,
    REFUSED_HEADERS,
    authentication,
    content_type,
    decoded,
    facts,
    is_json,
    send,
)
from athena.tools.results import json_result
from athena.tools.templates import (
    NAMES,
    address,
    arguments_in,
    check_address,
    check_values,
    filled,
    places_in,
    plain,
    secrets_in,
)
from athena.tools.transactions import in_transaction
from athena.variables.service import WorkspaceValues, load

MOST_BYTES: Final = 5_000_000
IN_QUERY: Final = frozenset({"GET", "HEAD", "DELETE"})


class HttpConfig(ToolConfig):
    """The request. Texts may have expressions over ``arguments``, ``variables`` and ``secrets``."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = "GET"
    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=8_000,
            pattern=r"^([Hh][Tt][Tt][Pp][Ss]?://|\{\{)",
            description="The address; `{name}` is an argument's place.",
            examples=["https://api.example.com/v1/orders/{order}"],
        ),
    ]
    query: Annotated[
        dict[str, JsonValue],
        Field(max_length=100, description="A list is sent as several; null is left out."),
    ] = Field(default_factory=dict[str, JsonValue])
    headers: Annotated[dict[str, str], Field(max_length=50)] = Field(default_factory=dict[str, str])
    body: Annotated[
        JsonValue,
        Field(
            description="Null: the arguments that nothing else names, as JSON; with GET, HEAD and DELETE they are "
            "query parameters.",
        ),
    ] = None
    body_type: Literal["json", "form", "text"] = "json"
    follow_redirects: bool = True
    max_bytes: Annotated[int, Field(ge=1, le=MOST_BYTES, description="The largest answer that is taken.")] = 1_000_000
    idempotency_header: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$",
            description="The header for a key that is the same whenever the same call is repeated, with methods other "
            "than GET and HEAD. With it, a call whose outcome is unknown is made again. Null: none is sent.",
        ),
    ] = None

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if not HEADER_NAME.fullmatch(name):
                raise ValueError("A header's name has letters, digits and hyphens.")
            if name.lower() in REFUSED_HEADERS:
                raise ValueError(f"The header {name} is set by itself.")
        return headers

    @property
    def texts(self) -> dict[str, Any]:
        """What may have expressions, beside the address."""
        return {"query": self.query, "headers": self.headers, "body": self.body}


class HttpTool(ToolKind[HttpConfig]):
    """Sends the request, and gives what is answered."""

    type = "http"
    config = HttpConfig
    seconds = 30.0
    takes_parameters = True

    async def check(self, config: HttpConfig, session: Session, access: Access) -> None:
        """Expressions must be such; that the address names parameters is seen when the functions are found."""
        del session, access
        for name, value in config.texts.items():
            check_values(f"config.{name}", value)

    async def functions(
        self, config: HttpConfig, parameters: JsonObject | None, call: Discovery
    ) -> Sequence[ToolFunction]:
        """One, named as the tool is."""
        given = parameters or ANY_ARGUMENTS
        check_address(config.url, frozenset(given.get("properties", {})))
        repeatable = config.method in SAFE_METHODS or config.idempotency_header is not None
        return [ToolFunction(function_name(call.name), call.description, given, repeatable)]

    async def call(self, config: HttpConfig, call: ToolCall) -> ToolResult:
        """The answer as JSON or text; :class:`ToolFailed` with a status of 400 or more."""
        values = await _values(config, call)
        names = {f"[secret {name}]": value for name, value in values.secrets.items()}
        work = _Request(config, call, {**_unset(config), **call.arguments}, values)
        url = work.url()
        account = None if call.account_uuid is None else await authentication(call, url, call.account_uuid)
        masks = [Mask({value: shown for shown, value in names.items()}), *([account.mask] if account else [])]
        response = await send(call, work.outgoing(url, account), max_bytes=config.max_bytes, masks=masks)
        return _read(response, masks)


def _unset(config: HttpConfig) -> dict[str, None]:
    """The arguments that the request names, as if none were given."""
    named = places_in(config.url) | (arguments_in([config.url, config.texts]) or frozenset())
    return dict.fromkeys(named)


async def _values(config: HttpConfig, call: ToolCall) -> WorkspaceValues:
    """The workspace's variables and those secrets that the request names, if it names any."""
    texts = [config.url, config.texts]
    if all(found[0] == "arguments" for found in references(texts, NAMES)):
        return WorkspaceValues({}, {})
    names = secrets_in(texts)
    return await in_transaction(call, lambda session: load(session, call.access.workspace_uuid, names))


@dataclass(slots=True)
class _Request:
    """A request on its way from the configuration to what is sent."""

    config: HttpConfig
    call: ToolCall
    arguments: Mapping[str, Any]
    values: WorkspaceValues

    @property
    def scope(self) -> dict[str, Any]:
        """What expressions read."""
        variables, secrets = dict(self.values.variables), dict(self.values.secrets)
        return {"arguments": dict(self.arguments), "variables": variables, "secrets": secrets}

    def url(self) -> str:
        """The address, with the query parameters that the configuration has, or that are left over."""
        config = self.config
        query = filled("query", config.query, self.scope)
        if config.method in IN_QUERY and config.body is None:
            query |= self._rest()
        parts = urlsplit(address(config.url, self.scope))
        added = urlencode(_pairs(query))
        return urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join(filter(None, (parts.query, added))), ""))

    def outgoing(self, url: str, account: Authentication | None) -> Outgoing:
        """What is sent to ``url``."""
        config = self.config
        headers = {name.lower(): value for name, value in filled("headers", config.headers, self.scope).items()}
        body, kind = self._body()
        sent: dict[str, str] = {} if kind is None else {"content-type": kind}
        if config.idempotency_header is not None and config.method not in SAFE_METHODS:
            sent[config.idempotency_header.lower()] = self.call.idempotency_key
        for name, value in headers.items():
            if value is not None:
                sent[name] = plain(value)
                if CONTROL.search(sent[name]):
                    raise ToolFailed("invalid_arguments", f"The header {name} would hold line breaks.")
        if account is not None:
            sent |= {name.lower(): value for name, value in account.headers.items()}
            parts = urlsplit(url)
            query = "&".join(filter(None, (parts.query, urlencode(account.query))))
            url = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
        return Outgoing(config.method, url, sent, body, config.follow_redirects)

    def _body(self) -> tuple[bytes | None, str | None]:
        config = self.config
        if config.body is None:
            rest = {} if config.method in IN_QUERY else self._rest()
            return (orjson.dumps(rest), "application/json") if rest else (None, None)
        value = filled("body", config.body, self.scope)
        match config.body_type:
            case "form" if isinstance(value, dict):
                return urlencode(_pairs(cast("dict[str, Any]", value))).encode(), "application/x-www-form-urlencoded"
            case "text":
                text = value if isinstance(value, str) else orjson.dumps(value).decode()
                return text.encode(), "text/plain; charset=utf-8"
            case "json":
                return orjson.dumps(value), "application/json"
            case _:
                raise ToolFailed("invalid_configuration", "A form's body is an object.")

    def _rest(self) -> dict[str, Any]:
        """The arguments that nothing names."""
        named = arguments_in([self.config.url, self.config.texts])
        if named is None:
            return {}
        placed = named | places_in(self.config.url)
        return {name: value for name, value in self.call.arguments.items() if name not in placed}


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as they are sent: null is left out, a list is sent as several, an object as JSON."""
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        several = cast("list[Any]", value) if isinstance(value, list) else [] if value is None else [value]
        found += [(name, orjson.dumps(each).decode() if isinstance(each, dict) else plain(each)) for each in several]
    return found


def _read(response: EgressResponse, masks: Sequence[Mask]) -> ToolResult:
    mime_type, charset = content_type(response)
    details = facts(response)
    if not response.body.strip():
        return ToolResult(f"Status {response.status}, without content.", details=details)
    value: Any = None
    if is_json(mime_type):
        try:
            value = orjson.loads(response.body)
        except orjson.JSONDecodeError:
            mime_type = "text/plain"
    if is_json(mime_type):
        for mask in masks:
            value = mask.of(value)
        return json_result(value, details=details)
    text = decoded(response.body, mime_type, charset)
    if text is None:
        return ToolResult(
            f"Status {response.status}, with {len(response.body):,} bytes of {mime_type}.", details=details
        )
    for mask in masks:
        text = mask.text(text)
    return ToolResult(text, details=details)
