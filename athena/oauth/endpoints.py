"""``/oauth`` and what clients find under ``/.well-known``."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from athena.auth.authorization import Authorizer
from athena.auth.cookies import CSRF_COOKIES
from athena.config import Settings
from athena.kit.access import public
from athena.kit.crypto import Keyring
from athena.kit.db import Session
from athena.kit.routing import JsonResponse, parse_json
from athena.oauth import pages
from athena.oauth.clients import Client, leads_to_a_site
from athena.oauth.consent import ConsentService, NotAskable, SentBack
from athena.oauth.errors import OAuthError
from athena.oauth.schemas import Decision, Registration
from athena.oauth.service import SCOPE, GrantService

PREFIX: Final = "/oauth/"
FOR_CLIENTS: Final = tuple(f"{PREFIX}{name}" for name in ("register", "token", "revoke"))
"""Where errors are told in OAuth's form; the user sees pages."""
RESOURCES: Final = "/.well-known/oauth-protected-resource"
FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 32
NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}

# Described by their own standards, which say that what is not known is left aside.
router = APIRouter(include_in_schema=False)

Anybody = Annotated[Session, public()]


@router.get(f"{RESOURCES}/mcp")
@router.get(f"{RESOURCES}/mcp/{{workspace_uuid}}")
@router.get(f"{RESOURCES}/a2a")
async def protected_resource(request: Request) -> Response:
    """Who gives tokens for ``/mcp`` and ``/a2a`` (RFC 9728)."""
    base_url = _base_url(request)
    told = {
        "resource": f"{base_url}{request.url.path.removeprefix(RESOURCES)}",
        "authorization_servers": [base_url],
        "bearer_methods_supported": ["header"],
        "scopes_supported": [SCOPE],
    }
    return JsonResponse(told)


@router.get("/.well-known/oauth-authorization-server")
async def authorization_server(request: Request) -> Response:
    """Where tokens are got (RFC 8414)."""
    base_url = _base_url(request)
    ends = {"authorization": "authorize", "token": "token", "registration": "register", "revocation": "revoke"}
    told: dict[str, Any] = {
        "issuer": base_url,
        **{f"{name}_endpoint": f"{base_url}{PREFIX}{path}" for name, path in ends.items()},
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": [SCOPE],
        "authorization_response_iss_parameter_supported": True,
    }
    return JsonResponse(told)


@router.post(f"{PREFIX}register")
async def register_client(request: Request, session: Anybody) -> Response:
    """Registers a client (RFC 7591): it has no secret, and stands in no table."""
    client = _registered(parse_json(await request.body(), request.headers.get("content-type", "")))
    told = {
        "client_id": client.sealed(session.provided(Keyring)),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    return JsonResponse(told, 201, NO_STORE)


@router.get(f"{PREFIX}authorize")
async def ask_user(request: Request, session: Anybody) -> Response:
    """Asks the user who is signed in whether a client may act for them."""
    service = ConsentService(session)
    try:
        wish = service.wish(dict(request.query_params))
        identity = await _authorizer(request).by_page(request)
        if identity is None:
            return pages.sign_in_first(wish.fields)
        csrf = next((request.cookies[name] for name in CSRF_COOKIES if name in request.cookies), "")
        return pages.consent(await service.page(wish, identity, csrf))
    except NotAskable as reason:
        return pages.refused(str(reason))
    except SentBack as back:
        return _back(back)


@router.post(f"{PREFIX}authorize")
async def take_decision(request: Request, session: Anybody) -> Response:
    """Takes what the user has decided, and sends them back to the client."""
    service, fields = ConsentService(session), await _form(request)
    try:
        wish = service.wish(fields)
        decision = Decision.model_validate(fields)
        identity = await _authorizer(request).by_page(request, decision.csrf)
        if identity is None:
            return pages.sign_in_first(wish.fields)
        return _to(await service.decided(wish, identity, decision))
    except ValidationError:
        return pages.refused("The page was not filled in.")
    except NotAskable as reason:
        return pages.refused(str(reason))
    except SentBack as back:
        return _back(back)


@router.post(f"{PREFIX}token")
async def give_tokens(request: Request, session: Anybody) -> Response:
    """Gives tokens for a code or a refresh token."""
    given, grants = await _form(request), GrantService(session)
    match given.get("grant_type"):
        case "authorization_code":
            told = await grants.exchange(given)
        case "refresh_token":
            told = await grants.refresh(given)
        case _:
            raise OAuthError("Give authorization_code or refresh_token.", code="unsupported_grant_type")
    return JsonResponse(told, 200, NO_STORE)


@router.post(f"{PREFIX}revoke")
async def revoke_tokens(request: Request, session: Anybody) -> Response:
    """Ends what a token or refresh token was given for (RFC 7009)."""
    await GrantService(session).revoke(await _form(request))
    return Response(status_code=200)


def _registered(body: Any) -> Client:
    try:
        given = Registration.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        at_uris = first["loc"][:1] == ("redirect_uris",)
        code = "invalid_redirect_uri" if at_uris else "invalid_client_metadata"
        raise OAuthError(first["msg"].removeprefix("Value error, "), code=code) from error
    return Client(given.client_name, given.redirect_uris)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form, each there once."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError(f"The body must be {FORM}.")
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise OAuthError("The body is no form, or has too many fields.") from error
    fields = dict(pairs)
    if len(fields) < len(pairs) or any("\0" in value for value in fields.values()):
        raise OAuthError("A field is there more than once, or holds NUL.")
    return fields


def _authorizer(request: Request) -> Authorizer:
    return request.app.state.authorizer


def _base_url(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return settings.base_url.rstrip("/")


def _back(back: SentBack) -> Response:
    """Anybody can register a site: where a user was asked nothing, none leads there by itself (RFC 9700, 4.11.2)."""
    address = str(back)
    return pages.sent_back(address, back.reason) if leads_to_a_site(address) else _to(address)


def _to(address: str) -> Response:
    return Response(status_code=303, headers={"Location": address, **NO_STORE})
