"""Tools from an OpenAPI document: each operation that was chosen is a function."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import orjson
from pydantic import Field, JsonValue, model_validator

from athena.accounts.credentials import Authentication
from athena.kit.access import Access
from athena.kit.db import Database, Session
from athena.kit.egress import Egress, EgressError, EgressResponse
from athena.kit.masking import Mask
from athena.tools import foreign
from athena.tools.base import (
    Discovery,
    JsonObject,
    ToolCall,
    ToolConfig,
    ToolFailed,
    ToolFunction,
    ToolKind,
    ToolResult,
)
from athena.tools.function_schema import plain_text
from athena.tools.openapi_document import JSON_BYTES, REPEATABLE, Document, Operation, read, taken_apart
from athena.tools.openapi_request import Request, with_query, written

ANSWER_BYTES: Final = 2 * 1024 * 1024
FUNCTIONS: Final = 128
FETCH_SECONDS: Final = 20.0
KEPT_SECONDS: Final = 300.0
"""How long a document that was fetched is taken for the present one."""
KEPT_DOCUMENTS: Final = 32
_GATEWAYS: Final = frozenset({502, 504})
_TEXT_TYPES: Final = ("text/", "application/xml", "application/yaml", "application/javascript")

HttpUrl = Annotated[str, Field(min_length=8, max_length=2_000, pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://")]


class OpenapiConfig(ToolConfig):
    """Where the document is, and what of it is used."""

    document: Annotated[
        str | dict[str, JsonValue] | None,
        Field(description="The document: JSON, as text or as an object, or YAML. OpenAPI 3.0 or 3.1."),
    ] = None
    url: Annotated[
        HttpUrl | None, Field(description="Where the document is, in place of `document`; read again in time.")
    ] = None
    operations: Annotated[
        Literal["all"] | Annotated[list[str], Field(min_length=1, max_length=FUNCTIONS)],
        Field(
            description="The operations that are offered, by their `operationId`; those without one as in "
            "`GET /pets/{id}`.",
            examples=[["listPets", "GET /pets/{id}"]],
        ),
    ] = "all"
    base_url: Annotated[
        HttpUrl | None,
        Field(
            description="Where the operations are. Left out: the account's or its provider's base URL, else the first "
            "of the document's servers."
        ),
    ] = None

    @model_validator(mode="after")
    def _one_document(self) -> OpenapiConfig:
        if (self.document is None) == (self.url is None):
            raise ValueError("Give either document or url.")
        return self


@dataclass(slots=True)
class _Kept:
    """Documents that were taken apart, the one that was used last at the end."""

    documents: OrderedDict[object, tuple[float, Document]] = field(
        default_factory=OrderedDict[object, tuple[float, Document]]
    )

    def get(self, key: object, seconds: float = float("inf")) -> Document | None:
        found = self.documents.get(key)
        if found is None or found[0] + seconds < time.monotonic():
            return None
        self.documents.move_to_end(key)
        return found[1]

    def put(self, key: object, document: Document) -> None:
        self.documents[key] = (time.monotonic(), document)
        self.documents.move_to_end(key)
        while len(self.documents) > KEPT_DOCUMENTS:
            self.documents.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Work:
    """What reading a document and calling it need."""

    config: OpenapiConfig
    access: Access
    database: Database
    session: Callable[[], Session]
    account_uuid: UUID | None
    seconds: float

    async def account(self) -> Authentication | None:
        return await foreign.authentication(self.account_uuid, self.access, self.session)


class OpenapiTool(ToolKind[OpenapiConfig]):
    """A document's operations, called over HTTP."""

    type = "openapi"
    config = OpenapiConfig
    asks_server = True

    def __init__(self) -> None:
        self._kept = _Kept()

    async def functions(
        self, config: OpenapiConfig, parameters: JsonObject | None, call: Discovery
    ) -> Sequence[ToolFunction]:
        """The operations that were chosen."""
        del parameters
        work = _Work(config, call.access, call.database, call.session, call.account_uuid, FETCH_SECONDS)
        account = await work.account()
        document = await self._document(work, account, fresh=True)
        operations = document.chosen(_ids(config))
        if not operations:
            raise ToolFailed("unknown_function", "The document has no operation that can be called.")
        if len(operations) > FUNCTIONS:
            text = f"The document has {len(operations)} operations; choose at most {FUNCTIONS} of them."
            raise ToolFailed("too_many_functions", text)
        for operation in operations.values():
            _base_url(config, account, operation)
        return [operation.function(name) for name, operation in operations.items()]

    async def call(self, config: OpenapiConfig, call: ToolCall) -> ToolResult:
        """One request, and what its answer says."""
        deadline = asyncio.get_running_loop().time() + call.seconds
        work = _Work(
            config, call.access, call.database, call.session, call.account_uuid, min(FETCH_SECONDS, call.seconds)
        )
        account = await work.account()
        document = await self._document(work, account, fresh=False)
        operation = document.chosen(_ids(config)).get(call.function)
        if operation is None:
            raise ToolFailed("unknown_function", "The document has no such operation any more; refresh the tool.")
        request = written(operation, _base_url(config, account, operation), call.arguments)
        request = _authenticated(request, account, call.idempotency_key)
        seconds = deadline - asyncio.get_running_loop().time()
        if seconds <= 0:
            raise ToolFailed("timeout", "The time was up before the request could be sent.")
        try:
            response = await call.database.provided(Egress).request(
                request.method,
                request.url,
                headers=request.headers,
                body=request.body,
                timeout=seconds,
                max_bytes=ANSWER_BYTES,
                allow_redirects=request.method in REPEATABLE,
            )
        except EgressError as error:
            raise foreign.failed(error) from error
        return _result(response, account.mask if account else Mask({}), repeatable=request.method in REPEATABLE)

    async def _document(self, work: _Work, account: Authentication | None, *, fresh: bool) -> Document:
        config = work.config
        if config.document is not None:
            given = config.document
            content = given.encode("utf-8", "replace") if isinstance(given, str) else orjson.dumps(given)
            key: tuple[UUID, str] | bytes = hashlib.sha256(content).digest()
            found = self._kept.get(key)
        else:
            key, content = (work.access.workspace_uuid, config.url or ""), b""
            found = None if fresh else self._kept.get(key, KEPT_SECONDS)
            if found is None:
                content = await _fetched(work, account)
        if found is None:
            # Minutes of a large one's parsing are nobody else's.
            found = await asyncio.to_thread(lambda: taken_apart(read(content)))
            self._kept.put(key, found)
        return found


async def _fetched(work: _Work, account: Authentication | None) -> bytes:
    url = work.config.url or ""
    own = account is not None and account.base_url and foreign.origin(account.base_url) == foreign.origin(url)
    headers = {"accept": "application/json, application/yaml, text/yaml, */*;q=0.5"}
    if account is not None and own:
        headers |= dict(account.headers)
    try:
        response = await work.database.provided(Egress).request(
            "GET", url, headers=headers, timeout=work.seconds, max_bytes=JSON_BYTES, allow_redirects=True
        )
    except EgressError as error:
        failure = foreign.failed(error)
        raise ToolFailed(failure.code, f"The document could not be fetched: {failure.message}") from error
    if response.status != 200:  # noqa: PLR2004
        raise ToolFailed("http_status", f"The document could not be fetched: the status is {response.status}.")
    return response.body


def _ids(config: OpenapiConfig) -> list[str] | None:
    return None if config.operations == "all" else config.operations


def _base_url(config: OpenapiConfig, account: Authentication | None, operation: Operation) -> str:
    """Where an operation is; :class:`ToolFailed` when nobody says, or the account is for another server."""
    given = config.base_url or (account.base_url if account else None)
    url = given or operation.server or ""
    if config.url and given is None:
        url = urljoin(config.url, url or "/")
    if urlsplit(url).scheme.lower() not in {"http", "https"}:
        raise ToolFailed(
            "address_missing", "The document names no server with an http or https address; give base_url."
        )
    foreign.origin(url)
    foreign.check_server(account, url)
    if account is not None and config.url and given is None and foreign.origin(url) != foreign.origin(config.url):
        # Who serves the document could else have the credentials sent wherever he likes.
        text = "The document's operations are on another server than the document; give base_url to send credentials."
        raise ToolFailed("wrong_server", text)
    return url


def _authenticated(request: Request, account: Authentication | None, key: str) -> Request:
    headers = dict(request.headers)
    if request.method not in REPEATABLE:
        headers.setdefault("idempotency-key", key)
    url = request.url
    if account is not None:
        headers |= {name.lower(): value for name, value in account.headers.items()}
        url = with_query(url, account.query) if account.query else url
    return Request(request.method, url, headers, request.body)


def _result(response: EgressResponse, mask: Mask, *, repeatable: bool) -> ToolResult:
    body = mask.content(response.body)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    details: dict[str, Any] = {"status": response.status, "bytes": len(response.body)}
    if not 200 <= response.status < 300:  # noqa: PLR2004
        begin = plain_text(body[: foreign.EXCERPT * 4].decode("utf-8", "replace"), foreign.EXCERPT)
        text = f"{urlsplit(response.url).hostname} answered with the status {response.status}"
        unknown = response.status in _GATEWAYS and not repeatable
        raise ToolFailed("http_status", f"{text}: {begin}" if begin else f"{text}.", unknown=unknown)
    if not body:
        return ToolResult(f"Done, with the status {response.status} and no content.", details=details)
    if kind == "application/json" or kind.endswith("+json"):
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ToolFailed("malformed_response", "The answer says that it is JSON, and is not.") from error
        return ToolResult(orjson.dumps(data).decode(), data, details=details)
    if kind.startswith(_TEXT_TYPES) or kind.endswith("+xml"):
        return ToolResult(body.decode("utf-8", "replace").replace("\0", "\ufffd"), details=details)
    shown = plain_text(kind, 100) or "no type"
    return ToolResult(f"[{len(response.body):,} bytes of {shown}, which are not shown]", details=details)
