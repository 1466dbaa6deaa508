"""``/hooks/resume``: where a waiting execution is called from outside."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from athena.kit.access import State, public
from athena.kit.db import Session
from athena.kit.errors import MalformedRequest, TooLarge, UnsupportedMediaType
from athena.kit.routing import JsonResponse, parse_json, refuse_nul
from athena.workflow_executions.resume import PATH, resume

MAXIMUM_BODY: Final = 1_000_000

router = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(min_length=1, max_length=400)]
Anybody = Annotated[Session, public()]


@router.post(f"{PATH}/{{token}}")
async def resume_execution(request: Request, token: Token, session: Anybody) -> Response:
    """Ends the wait with the body: JSON, text, or nothing. The first call counts."""
    state: State = request.app.state
    payload = await _payload(request)
    told = await resume(session, token, payload, partial(state.authorize.count_link, request))
    return JsonResponse({"data": told}, 202)


async def _payload(request: Request) -> Any:
    body = await request.body()
    if len(body) > MAXIMUM_BODY:
        raise TooLarge(f"The body has more than {MAXIMUM_BODY} bytes.")
    if not body:
        return None
    content_type = request.headers.get("content-type", "")
    if not content_type.startswith("text/"):
        try:
            return parse_json(body, content_type)
        except UnsupportedMediaType as error:
            raise UnsupportedMediaType("The body must be JSON or text.") from error
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise MalformedRequest("The text is not UTF-8.") from error
    refuse_nul(text)
    return text
