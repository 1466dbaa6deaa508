"""OAuth 2.1 with servers of others, as MCP has it: who authorises, a client registered there, codes and tokens.

Pure but for the requests, which are the guarded client's.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast
from urllib.parse import quote, urlencode, urlsplit

import orjson

from athena.kit.egress import Egress, EgressError, EgressResponse
from athena.kit.errors import UpstreamFailed

SECONDS: Final = 15.0
MAX_BYTES: Final = 256 * 1024
TEXT_LENGTH: Final = 4_000
TOKEN_LENGTH: Final = 16_000
MOST_SECONDS: Final = 10 * 365 * 86_400
CLIENT_NAME: Final = "Athena"
METHODS: Final = ("client_secret_basic", "client_secret_post", "none")
"""Ways for a client to show who it is at the token endpoint, the best first."""
_REFUSED: Final = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})
_CHALLENGE: Final = '{}=(?:"([^"]*)"|([^\\s,"]+))'
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


class GrantRefused(Exception):
    """The server does not renew an access any more, or takes a code for wrong."""


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """Where access to a server is granted."""

    authorization_endpoint: str
    token_endpoint: str
    issuer: str | None = None
    registration_endpoint: str | None = None
    methods: Sequence[str] = ()
    """Empty: it does not say, which means ``client_secret_basic``."""
    scope: str | None = None
    resource: str | None = None
    pkce: bool = True
    names_itself: bool = False
    """Whether its answers have to say who it is (RFC 9207)."""

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Client:
    """Athena, as an authorization server knows it."""

    id: str
    secret: str | None = field(default=None, repr=False)
    method: str = "none"

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access that was granted."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    seconds: float | None = None
    """How long it holds; ``None``: the server does not say."""


async def discover(egress: Egress, server_url: str) -> AuthorizationServer:
    """Who grants access to the server at ``server_url``; :class:`UpstreamFailed` when nobody says."""
    # Loaded when it is needed, apart from the event loop, which would stand still for half a second.
    await asyncio.to_thread(importlib.import_module, "mcp.client.auth.utils")
    from mcp.client.auth.utils import (  # noqa: PLC0415
        build_oauth_authorization_server_metadata_discovery_urls,
        build_protected_resource_metadata_discovery_urls,
    )
    from mcp.shared.auth_utils import check_resource_allowed  # noqa: PLC0415

    challenge = await _challenge(egress, server_url)
    resource: Mapping[str, Any] = {}
    for url in build_protected_resource_metadata_discovery_urls(_field(challenge, "resource_metadata"), server_url):
        found = await _document(egress, url)
        if found is not None and isinstance(found.get("authorization_servers"), list):
            named = found.get("resource")
            if not isinstance(named, str) or not check_resource_allowed(server_url, named):
                raise UpstreamFailed("The server's metadata is another server's.", code="oauth_failed")
            resource = found
            break
    issuers = [each for each in cast("list[object]", resource.get("authorization_servers", [])) if _is_url(each)]
    issuer = str(issuers[0]) if issuers else None
    for url in build_oauth_authorization_server_metadata_discovery_urls(issuer, server_url):
        found = await _document(egress, url)
        if found is not None:
            scope = _field(challenge, "scope") or _words(resource.get("scopes_supported"))
            expected = issuer or "{0.scheme}://{0.netloc}".format(urlsplit(server_url))
            return _server(found, expected, scope, resource.get("resource") or server_url)
    raise UpstreamFailed("The server does not say who grants access to it.", code="oauth_failed")


async def register(egress: Egress, server: AuthorizationServer, redirect_uri: str) -> Client:
    """Athena as a client of ``server`` (RFC 7591); :class:`UpstreamFailed` when it takes no new ones."""
    if server.registration_endpoint is None:
        text = (
            "The authorization server registers no clients by itself. Register Athena there, with the address "
            f"{redirect_uri}, and give the account the fields client_id and client_secret."
        )
        raise UpstreamFailed(text, code="oauth_failed")
    method = next((each for each in METHODS if each in server.methods), METHODS[0])
    asked = {
        "client_name": CLIENT_NAME,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        **({"scope": server.scope} if server.scope else {}),
    }
    answer = await _send(
        egress, "POST", server.registration_endpoint, orjson.dumps(asked), {"content-type": "application/json"}
    )
    found = _json(answer)
    identity, secret = _text(found.get("client_id")), _text(found.get("client_secret"))
    given = _text(found.get("token_endpoint_auth_method")) or (method if secret else "none")
    if answer.status not in {200, 201} or not identity or given not in METHODS or (given != "none" and not secret):
        raise UpstreamFailed("The authorization server did not register Athena.", code="oauth_failed")
    return Client(identity, secret, given)


def authorization_url(server: AuthorizationServer, client: Client, redirect_uri: str, state: str, verifier: str) -> str:
    """Where the user's browser is sent."""
    query = {"response_type": "code", "client_id": client.id, "redirect_uri": redirect_uri, "state": state}
    if server.pkce:
        digest = hashlib.sha256(verifier.encode()).digest()
        query["code_challenge"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        query["code_challenge_method"] = "S256"
    query |= {"scope": server.scope} if server.scope else {}
    query |= {"resource": server.resource} if server.resource else {}
    endpoint = server.authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


async def redeem(
    egress: Egress, server: AuthorizationServer, client: Client, code: str, redirect_uri: str, verifier: str
) -> Tokens:
    """The access that a code stands for; :class:`GrantRefused` when the server does not take it."""
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return await _tokens(egress, server, client, fields | ({"code_verifier": verifier} if server.pkce else {}))


async def renew(egress: Egress, server: AuthorizationServer, client: Client, refresh_token: str) -> Tokens:
    """A new access; :class:`GrantRefused` when there is none any more."""
    return await _tokens(egress, server, client, {"grant_type": "refresh_token", "refresh_token": refresh_token})


async def _tokens(egress: Egress, server: AuthorizationServer, client: Client, fields: Mapping[str, str]) -> Tokens:
    form = dict(fields) | ({"resource": server.resource} if server.resource else {})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if client.method == "client_secret_basic" and client.secret:
        pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form["client_id"] = client.id
        if client.method == "client_secret_post" and client.secret:
            form["client_secret"] = client.secret
    answer = await _send(egress, "POST", server.token_endpoint, urlencode(form).encode(), headers)
    found = _json(answer)
    if found.get("error") in _REFUSED:
        raise GrantRefused
    token, kind = found.get("access_token"), str(found.get("token_type", "bearer")).lower()
    if answer.status not in {200, 201} or not _is_token(token) or kind != "bearer":
        raise UpstreamFailed("The authorization server did not give an access token.", code="oauth_failed")
    seconds, renewal = found.get("expires_in"), found.get("refresh_token")
    if isinstance(seconds, str) and seconds.isdecimal():
        seconds = int(seconds[:12])
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return Tokens(
        str(token),
        str(renewal) if _is_token(renewal) else None,
        min(max(float(cast("float", seconds)), 0.0), MOST_SECONDS) if known else None,
    )


def _server(found: Mapping[str, Any], expected: str, scope: str | None, resource: str) -> AuthorizationServer:
    from mcp.client.auth.utils import issuers_match  # noqa: PLC0415 - loaded by now

    issuer = found.get("issuer")
    if not isinstance(issuer, str) or not issuers_match(issuer, expected):
        raise UpstreamFailed("The authorization server's metadata is another one's.", code="oauth_failed")
    authorization, token = found.get("authorization_endpoint"), found.get("token_endpoint")
    if not _is_url(authorization) or not _is_url(token):
        raise UpstreamFailed("The authorization server does not say where it grants access.", code="oauth_failed")
    if "S256" not in (found.get("code_challenge_methods_supported") or ()):
        raise UpstreamFailed("The authorization server has no PKCE, without which codes can be stolen.",
                             code="oauth_failed")  # fmt: skip
    supported = found.get("scopes_supported")
    if scope and isinstance(supported, list) and "offline_access" in supported and "offline_access" not in scope:
        scope = f"{scope} offline_access"
    registration, methods = found.get("registration_endpoint"), found.get("token_endpoint_auth_methods_supported")
    return AuthorizationServer(
        authorization_endpoint=str(authorization),
        token_endpoint=str(token),
        issuer=issuer,
        registration_endpoint=str(registration) if _is_url(registration) else None,
        methods=[str(each) for each in cast("list[object]", methods)] if isinstance(methods, list) else [],
        scope=scope,
        resource=resource,
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


async def _challenge(egress: Egress, server_url: str) -> str:
    """What the server says to who asks without credentials; empty when it does not ask for any."""
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})
    try:
        async with egress.stream("POST", server_url, headers=headers, body=body, timeout=SECONDS) as answer:
            said = answer.headers.get("www-authenticate", "")
            return said[:TEXT_LENGTH] if answer.status in {401, 403} else ""
    except EgressError as error:
        raise UpstreamFailed(str(error), code="oauth_failed") from error


async def _document(egress: Egress, url: str) -> Mapping[str, Any] | None:
    answer = await _send(egress, "GET", url, None, {})
    return _json(answer) or None if answer.status == 200 else None  # noqa: PLR2004


async def _send(
    egress: Egress, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
) -> EgressResponse:
    try:
        return await egress.request(
            method,
            url,
            headers={"accept": "application/json", **headers},
            body=body,
            timeout=SECONDS,
            max_bytes=MAX_BYTES,
        )
    except EgressError as error:
        raise UpstreamFailed(str(error), code="oauth_failed") from error


def _json(answer: EgressResponse) -> Mapping[str, Any]:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _field(challenge: str, name: str) -> str | None:
    match = re.search(rf"(?:^|[\s,]){_CHALLENGE.format(name)}", challenge)
    return (match[1] or match[2] or None) if match else None


def _words(value: object) -> str | None:
    words = [each for each in cast("list[object]", value) if isinstance(each, str)] if isinstance(value, list) else []
    return " ".join(words)[:TEXT_LENGTH] or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= TEXT_LENGTH and value.isprintable() else None


def _is_token(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TOKEN_LENGTH and _PRINTABLE.fullmatch(value) is not None


def _is_url(value: object) -> bool:
    """Whether it is an address that a browser, too, may be sent to."""
    if not isinstance(value, str) or len(value) > TEXT_LENGTH or _PRINTABLE.fullmatch(value) is None:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
