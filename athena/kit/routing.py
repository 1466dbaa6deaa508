"""Routes: FastAPI's, with the conventions that every operation has, so that no handler repeats them.

Bodies are parsed by orjson (which refuses NaN, lone surrogates and deep nesting), text may not hold NUL, query
parameters that a route does not know are errors, and every route documents its problems.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Header, Request, Response
from fastapi import Query as QueryParameter
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Form, Query
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from athena.kit import clock
from athena.kit.db import Row
from athena.kit.errors import AthenaError, MalformedRequest, TooManyRequests, UnsupportedMediaType, ValidationFailed
from athena.kit.idempotency import PARAMETER, answered_once
from athena.kit.pagination import RowPage
from athena.kit.schemas import Data

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PROBLEM_TYPE = "application/problem+json"
JSON_TYPE = "application/json"

TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An `ETag` that is known already; 304 without a body while the resource still has it.",
    "schema": {"type": "string"},
}

NOT_MODIFIED: Mapping[int | str, dict[str, Any]] = {
    304: {"description": "The resource is still as `If-None-Match` has it."}
}

_DESCRIPTIONS = {
    400: "The body is malformed.",
    401: "No credentials, or none that hold.",
    402: "A budget is exhausted.",
    403: "A permission is missing; the problem names it.",
    404: "It does not exist, or not for this caller.",
    409: "The present state does not allow it.",
    412: "`If-Match` names another version than the present one.",
    413: "The body is too large.",
    415: "The body's type is not taken here.",
    422: "Something in the request is not valid; `errors` says what.",
    429: "Too many requests; `Retry-After` says when to come back.",
    502: "The model or tool provider failed.",
    503: "Athena cannot answer at this moment.",
    504: "The model or tool provider did not answer in time.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of error responses; `athena.openapi` adds the schema that they refer to."""
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


class JsonRequest(Request):
    """A request whose JSON body is read strictly."""

    async def json(self) -> Any:
        """The body's value; the errors are the contract's."""
        if not hasattr(self, "_json"):
            body = await self.body()
            self._json = parse_json(body, self.headers.get("content-type", "")) if body else None
        return self._json


def parse_json(body: bytes, content_type: str) -> Any:
    """The value of a JSON body, or the error that says why it is none."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON_TYPE and not media_type.endswith("+json"):
        raise UnsupportedMediaType("The body must be application/json.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The body is not valid JSON: {error.msg} (position {error.pos}).") from error
    if b"\\u0000" in body:
        refuse_nul(value)
    return value


def refuse_nul(value: Any, path: str = "") -> None:
    """:class:`ValidationFailed` when a text anywhere in ``value`` holds NUL, which no text column can store."""
    match value:
        case str() if "\0" in value:
            raise ValidationFailed.of(path or "body", "Text must not contain the NUL character.")
        case dict():
            for key, item in cast("dict[str, Any]", value).items():
                refuse_nul(key, path)
                refuse_nul(item, f"{path}.{key}".lstrip("."))
        case list():
            for index, item in enumerate(cast("list[Any]", value)):
                refuse_nul(item, f"{path}.{index}".lstrip("."))
        case _:
            pass


class Route(APIRoute):
    """A route that knows its query parameters, and takes no others."""

    def get_route_handler(self) -> Handler:
        """FastAPI's handler behind the checks of this module."""
        handle = super().get_route_handler()
        documented = [each for part in self.dependant.dependencies for each in getattr(part.call, "documented", ())]
        if documented:
            stated = self.openapi_extra or {}
            self.openapi_extra = {**stated, "parameters": [*stated.get("parameters", ()), *documented]}
        declared = [field.alias for field in get_flat_params(self.dependant) if isinstance(field.field_info, Query)]
        known = frozenset([*declared, *(each["name"] for each in documented)])
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, Form)
        gets = "GET" in (self.methods or ())

        async def checked(request: Request) -> Response:
            if takes_json:
                request = JsonRequest(request.scope, request.receive)
            try:
                if request.scope["query_string"]:
                    _check_query(request, known)
                if takes_json:
                    await request.json()
            except AthenaError:
                await _count(request)
                raise
            response = await handle(request)
            if gets and "if-none-match" in request.headers and _is_known(request, response):
                return Response(status_code=304, headers={"ETag": response.headers["etag"]})
            return response

        return checked


async def _count(request: Request) -> None:
    """Counts a request that is refused before anybody asks who calls, if its caller is known."""
    try:
        await request.app.state.authorize.authenticate(request)
    except TooManyRequests:
        raise
    except AthenaError:
        pass


def _is_known(request: Request, response: Response) -> bool:
    """Whether the client has this version of a single resource already (RFC 9110, 13.1.2: the weak comparison)."""
    present = response.headers.get("etag")
    if present is None or response.status_code != HTTPStatus.OK:
        return False
    given = ", ".join(request.headers.getlist("if-none-match"))
    return given.strip() == "*" or any(tag == present for _, tag in TAG.findall(given))


def _check_query(request: Request, known: frozenset[str]) -> None:
    seen: set[str] = set()
    errors: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            errors[name] = ["Unknown query parameter."]
        elif name in seen:
            errors[name] = ["Given more than once."]
        elif "\0" in value:
            errors[name] = ["Text must not contain the NUL character."]
        seen.add(name)
    if errors:
        name, [message] = next(iter(errors.items()))
        raise ValidationFailed(f"{name}: {message}", errors=errors)


class Router(APIRouter):
    """The routes of one resource, under one tag: the group of ``operations.tsv``."""

    def __init__(self, tag: str, *, documented: bool = True) -> None:
        """``documented``: whether they stand in ``/openapi.json``."""
        super().__init__(tags=[tag], route_class=Route, redirect_slashes=False, include_in_schema=documented)

    def operation(  # noqa: PLR0913 - one argument per fact of an operation
        self,
        method: str,
        path: str,
        *,
        summary: str,
        response: Any = None,
        status: int = 200,
        errors: Sequence[int] = (),
        extra: Mapping[str, Any] | None = None,
        responses: Mapping[int | str, dict[str, Any]] | None = None,
        public: bool = False,
        keyed: bool = True,
        repeat: Callable[..., Any] | None = None,
    ) -> Decorator:
        """Declares an operation. Its id is the handler's name; the errors that all can have are added.

        ``public``: it needs no credentials, or checks them by itself. ``keyed=False``: a POST that takes no
        `Idempotency-Key`, because nobody is known yet or a repetition does no harm. ``repeat``: see `answered_once`.
        """
        keyed = keyed and method == "POST" and not public
        single = method == "GET" and isinstance(response, type) and issubclass(response, Data)
        stated: dict[str, Any] = {"security": []} if public else {}
        if keyed or single:
            stated["parameters"] = [PARAMETER if keyed else IF_NONE_MATCH]
        common = _common_errors(method, path, public=public, keyed=keyed)
        documented = {**problems(*sorted({*common, *errors})), **(NOT_MODIFIED if single else {}), **(responses or {})}

        def declare(function: Callable[..., Any]) -> Callable[..., Any]:
            self.add_api_route(
                path,
                answered_once(function, repeat) if keyed else function,
                methods=[method],
                summary=summary,
                operation_id=function.__name__,
                response_model=response,
                status_code=status,
                responses=documented,
                openapi_extra={**stated, **(extra or {})} or None,
                response_class=Response if response is None else JsonResponse,
            )
            return function

        return declare


def keep_apart(routes: Sequence[Any]) -> None:
    """Has an address without parameters be no other route's, whatever the method: `/agents/leaderboard` is no agent."""
    plain = [each.path for each in routes if isinstance(each, APIRoute) and "{" not in each.path]
    for route in routes:
        if isinstance(route, APIRoute) and "{" in route.path:
            others = "|".join(re.escape(path) for path in plain if route.path_regex.match(path))
            if others:
                route.path_regex = re.compile(f"^(?!({others})$){route.path_regex.pattern.removeprefix('^')}")


def _common_errors(method: str, path: str, *, public: bool, keyed: bool) -> set[int]:
    """The errors that all such operations can have."""
    # 404 also where nothing is named: for a workspace that is not the caller's.
    common = {503} if public else {401, 403, 404, 429, 503}
    if method in {"POST", "PUT", "PATCH"}:
        common |= {400, 413, 415, 422}
    if "{" in path:
        common |= {404, 422}
    if method == "GET":
        common |= {422}
    return common | {409} if keyed else common


class JsonResponse(JSONResponse):
    """Bytes of JSON, made by orjson from plain values, times and UUIDs.

    A kind of FastAPI's own, since that documents the model of no other kind.
    """

    def render(self, content: Any) -> bytes:
        """``content`` as bytes."""
        return content if isinstance(content, bytes) else dumps(content)


def dumps(value: object) -> bytes:
    """JSON bytes; times become RFC 3339 with milliseconds, whatever else is not JSON becomes its text."""
    return orjson.dumps(value, default=_as_json, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _as_json(value: Any) -> object:
    if isinstance(value, clock.datetime):
        return clock.rfc3339(value)
    return str(value)


def resource(
    value: Mapping[str, Any], row: Row, *, status: int = 200, location: str | None = None, state: str = ""
) -> Response:
    """``{"data": value}`` with the row's ETag; ``location`` for what was created.

    ``state`` stands for what is shown and changes without the row: ``If-None-Match`` heeds it, ``If-Match`` does not.
    """
    headers = {"ETag": etag(row, state)}
    if location:
        headers["Location"] = location
    return JsonResponse({"data": value}, status, headers)


def listing(page: RowPage, items: Sequence[Mapping[str, Any]]) -> Response:
    """A list's page in its envelope."""
    return JsonResponse({"data": items, "links": page.links, "meta": page.meta})


def no_content() -> Response:
    """204."""
    return Response(status_code=204)


def etag(row: Row, state: str = "") -> str:
    """A strong tag of a row's present version, and of ``state`` beside it."""
    return f'"{row["revision"]}.{state}"' if state else f'"{row["revision"]}"'


async def if_match(
    value: Annotated[
        str | None, Header(alias="If-Match", description="The `ETag` that the resource must still have; 412 otherwise.")
    ] = None,
) -> int | None:
    """The revision that ``If-Match`` names; ``None`` without the header or with ``*``, -1 for tags of no version.

    Of a list it is the newest: a revision never comes back, so whoever has seen a newer one cannot mean an older one.
    Weak tags match nothing (RFC 9110, 13.1.1: the strong comparison).
    """
    if value is None or value.strip() == "*":
        return None
    tags = [tag.strip('"').partition(".")[0] for weak, tag in TAG.findall(value) if not weak]
    return max((int(tag) for tag in tags if tag.isdigit() and len(tag) < 19), default=-1)  # noqa: PLR2004 - 63 bits


WithQuery = Annotated[
    str | None,
    QueryParameter(alias="with", max_length=255, description="Relations to load, separated by commas."),
]


def problem(error: AthenaError, path: str, request_id: str) -> Response:
    """The problem document of ``error``."""
    content: dict[str, Any] = {
        "type": f"/docs/errors#{error.error_code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": path,
        "message": error.detail,
        "code": error.error_code,
        "request_id": request_id,
    }
    if error.errors is not None:
        content["errors"] = {key: list(messages) for key, messages in error.errors.items()}
    return Response(orjson.dumps(content), error.status, dict(error.headers), PROBLEM_TYPE)
