"""Sends an HTTP request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from athena.accounts.credentials import Authentication
from athena.accounts.service import AccountService
from athena.kit.egress import SAFE_METHODS, Egress, EgressResponse, Outgoing, excerpt_of
from athena.kit.masking import Mask
from athena.kit.schemas import Uuid
from athena.node_types.base import Config, EffectCall, EffectNode, JsonObject, NodeFailed, Result
from athena.node_types.failures import in_transaction, require
from athena.node_types.http_body import MAXIMUM_BYTES, Body, Parameter, Scalar, encode, pairs, text_of
from athena.node_types.http_pages import Page, Pages, first_page, items_of, next_page
from athena.node_types.http_response import Format, read
from athena.node_types.outgoing import origin, send, status_failed
from athena.permissions import Permission
from athena.tools.outgoing import CONTROL, HEADER_NAME, REFUSED_HEADERS

SECRETS: Final[dict[str, Any]] = {"x-secrets": True}
NONE: Final[dict[str, Any]] = {"x-expression": "none"}


class HttpRequestConfig(Config):
    """The request, and what becomes of the answer."""

    method: Annotated[
        str,
        Field(
            pattern=r"^[A-Z]{1,20}$",
            description="Any but CONNECT and TRACE.",
            examples=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
        ),
    ] = "GET"
    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=16_000,
            pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://",
            description="The address. Private addresses are refused, unless the installation allows them.",
            examples=["https://api.example.com/v1/orders/{{ input.id }}"],
            json_schema_extra=SECRETS,
        ),
    ]
    query: Annotated[
        dict[str, Parameter],
        Field(
            max_length=200,
            description="Query parameters beside those in `url`. A list is sent as several; null is left out.",
            examples=[{"page": 1, "tag": ["new", "paid"]}],
            json_schema_extra=SECRETS,
        ),
    ] = Field(default_factory=dict[str, Parameter])
    headers: Annotated[
        dict[str, Scalar | None],
        Field(
            max_length=100,
            description="Null is left out.",
            examples=[{"Authorization": "Bearer {{ secrets.API_TOKEN }}"}],
            json_schema_extra=SECRETS,
        ),
    ] = Field(default_factory=dict[str, Scalar | None])
    body: Annotated[Body | None, Field(description="What is sent along.", json_schema_extra=SECRETS)] = None
    account_uuid: Annotated[
        Uuid | None,
        Field(
            description="An account, of a provider of any kind, whose credentials go along. They are sent to the "
            "server of the account's or its provider's base URL alone; where neither has one, to that of `url`."
        ),
    ] = None
    response_format: Annotated[
        Format,
        Field(
            description="What `body` is to be. `auto`: as the answer says, JSON, text, or else base64. `file`: a file "
            "of the workspace (an image, or text), given by its uuid.",
            json_schema_extra=NONE,
        ),
    ] = "auto"
    file_name: Annotated[
        str | None, Field(min_length=1, max_length=255, description="For `file`. Left out: as the answer says.")
    ] = None
    fail_on_status: Annotated[
        list[Annotated[str, Field(pattern=r"^([1-5]xx|[1-5][0-9]{2})$")]],
        Field(
            max_length=100,
            description="Statuses with which the node fails. 408, 425, 429 and 5xx are tried again, as the node's "
            "`retry` says, after what the answer's `Retry-After` asks for.",
            examples=[["4xx", "5xx"]],
            json_schema_extra=NONE,
        ),
    ] = Field(default_factory=lambda: ["4xx", "5xx"])
    follow_redirects: Annotated[
        bool, Field(description="Up to five. To another server, no headers, credentials among them, go along.")
    ] = True
    max_bytes: Annotated[
        int, Field(ge=1, le=MAXIMUM_BYTES, description="The largest answer that is taken, of all pages together.")
    ] = 5_000_000
    pagination: Annotated[
        Pages | None,
        Field(
            description="The answer comes in pages: all are fetched. The output is then `items`, `pages`, and whether "
            "that is `complete`. Pages stay on the first one's server.",
            json_schema_extra={"x-expression": "item"},
        ),
    ] = None
    idempotency_header: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$",
            description="The header for a key that is the same whenever the same request is repeated after a crash or "
            "a broken connection, with methods other than GET, HEAD and OPTIONS. Null: none is sent.",
            json_schema_extra=NONE,
        ),
    ] = "Idempotency-Key"

    @field_validator("method")
    @classmethod
    def _of_requests(cls, method: str) -> str:
        if method in {"CONNECT", "TRACE"}:
            raise ValueError(f"{method} is not sent.")
        return method

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, Scalar | None]) -> dict[str, Scalar | None]:
        for name, value in headers.items():
            if not HEADER_NAME.fullmatch(name):
                raise ValueError("A header's name has letters, digits and hyphens.")
            if name.lower() in REFUSED_HEADERS:
                raise ValueError(f"The header {name} is set by itself.")
            if isinstance(value, str) and CONTROL.search(value):
                raise ValueError(f"The header {name} must not hold line breaks or control characters.")
        return headers

    @model_validator(mode="after")
    def _pages_are_read(self) -> HttpRequestConfig:
        if self.pagination is not None and self.response_format in {"file", "base64"}:
            raise ValueError(f"Pages have no items with the response_format {self.response_format}.")
        return self


class HttpRequest(EffectNode[HttpRequestConfig]):
    """One request, or one for each page."""

    type = "http_request"
    name = "HTTP request"
    description = "Calls a web address, and gives what it answers."
    category = "action"
    config = HttpRequestConfig
    output_schema: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "status": {"type": "integer"},
            "headers": {"type": "object", "description": "By name, in lower case."},
            "body": {
                "description": "As `format` says; of a file, `media_uuid`, `name`, `mime_type`, `size`, `sha256`."
            },
            "format": {"enum": ["json", "text", "base64", "file"]},
            "items": {"type": "array", "description": "With `pagination`, in place of the above: those of all pages."},
            "pages": {"type": "integer", "description": "How many were fetched."},
            "complete": {"type": "boolean", "description": "Whether there are no pages beyond `max_pages`."},
        },
    }

    async def execute(self, config: HttpRequestConfig, call: EffectCall) -> Result:
        """The answer, or the items of all pages."""
        work = await Work.prepared(config, call)
        if config.pagination is not None:
            return await _all_pages(work, config.pagination)
        response = await work.send(Page(config.url), 0)
        output = await read(response, config.response_format, call, work.mask, config.file_name)
        return Result({"output": output}, details={"status": response.status, "bytes": len(response.body)})


@dataclass(slots=True)
class Work:
    """A request that is ready to be sent, once or for several pages. ``mask`` hides the account's secrets."""

    config: HttpRequestConfig
    call: EffectCall
    deadline: float
    room: int
    body: bytes | None
    content_type: str | None
    account: Authentication | None
    mask: Mask

    @classmethod
    async def prepared(cls, config: HttpRequestConfig, call: EffectCall) -> Work:
        """With its body and its account's credentials at hand."""
        deadline = asyncio.get_running_loop().time() + call.seconds
        account = None if config.account_uuid is None else await _authentication(call, config.account_uuid)
        if account is not None and account.base_url and origin(account.base_url) != origin(config.url):
            scheme, host, port = origin(account.base_url)
            text = f"The account's credentials are for {scheme}://{host}:{port} alone; the request goes elsewhere."
            raise NodeFailed("wrong_server", text)
        body, kind = (None, None) if config.body is None else await encode(config.body, call)
        mask = account.mask if account else Mask({})
        return cls(config, call, deadline, config.max_bytes, body, kind, account, mask)

    async def send(self, page: Page, index: int) -> EgressResponse:
        """The answer; :class:`NodeFailed` with a status that fails."""
        config, account = self.config, self.account
        query = {**config.query, **page.query, **(account.query if account else {})}
        request = Outgoing(
            config.method, with_query(page.url, query), self._headers(index), self.body, config.follow_redirects
        )
        left = self.deadline - asyncio.get_running_loop().time()
        response = await send(self.call.database.provided(Egress), request, seconds=left, max_bytes=self.room)
        self.room -= len(response.body)
        if {str(response.status), f"{response.status // 100}xx"}.intersection(config.fail_on_status):
            raise status_failed(response, excerpt_of(self.mask.content(response.body)))
        return response

    def _headers(self, index: int) -> dict[str, str]:
        config = self.config
        headers: dict[str, str] = {}
        if self.content_type is not None:
            headers["content-type"] = self.content_type
        if config.idempotency_header is not None and config.method not in SAFE_METHODS:
            key = self.call.idempotency_key
            headers[config.idempotency_header.lower()] = f"{key}-{index}" if index else key
        headers |= {name.lower(): text_of(value) for name, value in config.headers.items() if value is not None}
        if self.account is not None:
            headers |= {name.lower(): value for name, value in self.account.headers.items()}
        return headers


async def _authentication(call: EffectCall, account_uuid: UUID) -> Authentication:
    require(call, Permission.ACCOUNTS_VIEW)
    return await in_transaction(call, lambda session: AccountService(session, call.access).authentication(account_uuid))


async def _all_pages(work: Work, pages: Pages) -> Result:
    call = work.call
    page: Page | None = first_page(pages, work.config.url)
    seen: dict[Any, int] = {}
    items: list[Any] = []
    size = 0
    while page is not None and len(seen) < pages.max_pages:
        index = len(seen)
        first = seen.setdefault((page.url, *page.query.items()), index)
        if first < index:
            raise NodeFailed("pages_repeat", f"Page {index} leads back to page {first + 1}.")
        response = await work.send(page, index)
        size += len(response.body)
        answer = await read(response, work.config.response_format, call, work.mask)
        found = items_of(pages, call, answer, index)
        items += found
        page = next_page(pages, call, page, answer, found, index)
    output = {"items": items, "pages": len(seen), "complete": page is None}
    return Result({"output": output}, details={"pages": len(seen), "bytes": size})


def with_query(url: str, query: Mapping[str, Parameter]) -> str:
    """``url`` with more query parameters; its fragment, which no server gets, is dropped."""
    parts = urlsplit(url)
    given = urlencode(pairs(query))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join(filter(None, (parts.query, given))), ""))
