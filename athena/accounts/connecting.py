"""Accounts whose access a user grants at the provider's own page (OAuth): connected there, and renewed in time."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from athena.accounts import credentials, oauth
from athena.accounts.repository import AccountRepository, ConnectingRepository
from athena.accounts.schemas import AccountStatus
from athena.config import Settings
from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.crypto import Keyring, SecretUnreadable, place
from athena.kit.db import Row, Scope, Session
from athena.kit.egress import Egress
from athena.kit.errors import Conflict, NotFound, Unavailable, UpstreamFailed, ValidationFailed
from athena.kit.finishing import to_the_end
from athena.providers.schemas import AuthenticationConfig, AuthenticationType

PAGE: Final = "/oauth/callback"
STATE_SECONDS: Final = 600
EARLY_SECONDS: Final = 60
"""An access is renewed this long before it ends."""
RENEWAL_SECONDS: Final = 40
"""How long a process may take to renew an access before another one tries."""
POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Started:
    """Where the user goes on, until when."""

    authorization_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A connection that somebody has begun, as it is shown before it is made."""

    account: str
    workspace: str
    email: str
    host: str


class Grants:
    """What accounts know of their authorization servers: sealed in their rows."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def seal(self, workspace_uuid: UUID, uuid: UUID, grant: Mapping[str, Any]) -> bytes:
        """A grant, to be stored in its account's row."""
        return self._keyring.seal(orjson.dumps(dict(grant)), _place(workspace_uuid, uuid))

    def open(self, row: Row) -> dict[str, Any]:
        """The grant of an account's row; empty when there is none that can be read."""
        sealed = row["sealed_grant"]
        if sealed is None:
            return {}
        try:
            return orjson.loads(self._keyring.open(sealed, _place(row["workspace_uuid"], row["account_uuid"])))
        except SecretUnreadable:
            return {}

    @property
    def _keyring(self) -> Keyring:
        return self._session.provided(Keyring)


def _place(workspace_uuid: UUID, uuid: UUID) -> str:
    return place("accounts", workspace_uuid, uuid, "grant")


async def start(session: Session, found: Row, given: Mapping[str, Any]) -> Started:
    """Begins to connect the account of ``found``, whose credentials are ``given``; whatever was begun is void.

    Holds no connection while the servers are asked.
    """
    config = AuthenticationConfig.model_validate(found["authentication_config"])
    if config.type is not AuthenticationType.OAUTH2:
        raise ValidationFailed("The account's provider is not one of the type oauth2.", code="not_oauth")
    base_url = given.get("base_url") or found["base_url"]
    former = Grants(session).open(found)
    redirect_uri = f"{session.provided(Settings).base_url}{PAGE}"
    egress = session.provided(Egress)
    await session.commit()
    server = _configured(config) or await oauth.discover(egress, _needed(base_url))
    if config.scopes:
        server = replace(server, scope=" ".join(config.scopes))
    client = _client(server, former, given, redirect_uri) or await oauth.register(egress, server, redirect_uri)
    secret, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    until = clock.now() + timedelta(seconds=STATE_SECONDS)
    pending = {
        "digest": hashlib.sha256(secret.encode()).hexdigest(),
        "verifier": verifier,
        "until": until.timestamp(),
        "server": server.stored(),
        "client": client.stored(),
        "redirect_uri": redirect_uri,
        "user_uuid": str(session.scope.user_uuid),
    }
    accounts = AccountRepository(session, WorkspaceId(found["workspace_uuid"]))
    # The access that there is may have been renewed meanwhile.
    now = await accounts.connection(found["account_uuid"])
    grant = Grants(session).seal(
        found["workspace_uuid"], found["account_uuid"], {**Grants(session).open(now), "pending": pending}
    )
    if not await accounts.store_grant(found["account_uuid"], grant, now["sealed_grant"]):
        raise Conflict("The account was changed meanwhile; try again.", code="concurrent_change")
    state = f"{found['workspace_uuid'].hex}.{found['account_uuid'].hex}.{secret}"
    return Started(oauth.authorization_url(server, client, redirect_uri, state, verifier), until)


class Callback:
    """What a browser brings back from an authorization server. Needs a session of the system's scope."""

    def __init__(self, session: Session, state: str) -> None:
        self._session = session
        self._workspace_uuid, self._uuid, self._secret = _parts(state)

    async def waiting(self) -> Waiting:
        """What would be connected; :class:`NotFound` when nobody began it, or too long ago."""
        row, _, pending = await self._pending()
        about = await ConnectingRepository(self._session).about(row["workspace_uuid"], UUID(pending["user_uuid"]))
        endpoint: str = pending["server"]["authorization_endpoint"]
        return Waiting(row["name"], about["workspace"], about["email"], urlsplit(endpoint).netloc)

    async def complete(self, code: str, issuer: str | None) -> None:
        """Connects the account; each state does so once.

        :class:`NotFound` as :meth:`waiting`; :class:`UpstreamFailed` when the server does not take the code.
        """
        row, grant, pending = await self._pending()
        workspace, uuid = row["workspace_uuid"], row["account_uuid"]
        self._session.scope = Scope(workspace)
        self._session.actor = replace(self._session.actor, user_uuid=UUID(pending["user_uuid"]))
        accounts = AccountRepository(self._session, WorkspaceId(workspace))
        server = oauth.AuthorizationServer(**pending["server"])
        client = oauth.Client(**pending["client"])
        grants = Grants(self._session)
        kept = {name: value for name, value in grant.items() if name != "pending"}
        if not await accounts.store_grant(uuid, grants.seal(workspace, uuid, kept), row["sealed_grant"]):
            raise _unknown()
        await self._session.commit()
        if issuer != server.issuer and (issuer is not None or server.names_itself):
            raise UpstreamFailed("The answer is another authorization server's.", code="oauth_failed")
        egress = self._session.provided(Egress)
        try:
            tokens = await oauth.redeem(egress, server, client, code, pending["redirect_uri"], pending["verifier"])
        except oauth.GrantRefused as error:
            raise UpstreamFailed("The authorization server does not take the code.", code="oauth_failed") from error
        connected = {"server": pending["server"], "client": pending["client"], "redirect_uri": pending["redirect_uri"]}
        await _store(self._session, await accounts.connection(uuid), connected, tokens, verb="connected")

    async def _pending(self) -> tuple[Row, dict[str, Any], dict[str, Any]]:
        row = await ConnectingRepository(self._session).begun(self._workspace_uuid, self._uuid)
        grant = {} if row is None else Grants(self._session).open(row)
        pending = grant.get("pending")
        given = hashlib.sha256(self._secret.encode("utf-8", "replace")).hexdigest()
        if row is None or pending is None or not hmac.compare_digest(pending["digest"], given):
            raise _unknown()
        if pending["until"] < clock.now().timestamp():
            raise _unknown()
        return row, grant, pending


async def renewed(session: Session, found: Row, *, seconds: float = RENEWAL_SECONDS) -> Row:
    """The account's connection, its access renewed if it is about to end.

    One process renews it; others, and other calls, wait for that one. Holds no connection meanwhile.
    :class:`ValidationFailed` when the server does not renew it any more.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    workspace, uuid = found["workspace_uuid"], found["account_uuid"]
    accounts = AccountRepository(session, WorkspaceId(workspace))
    while True:
        grant = Grants(session).open(found)
        if not _is_due(grant):
            return found
        if await accounts.begin_renewal(uuid, RENEWAL_SECONDS):
            await session.commit()
            # Who may renew once alone would lose it all with an answer that nobody stores.
            return await to_the_end(_renew(session, accounts, await accounts.connection(uuid)))
        await session.commit()
        if asyncio.get_running_loop().time() > deadline:
            raise Unavailable("The account's access is being renewed; try again.")
        await asyncio.sleep(POLL_SECONDS)
        found = await accounts.connection(uuid)


async def _renew(session: Session, accounts: AccountRepository, found: Row) -> Row:
    uuid = found["account_uuid"]
    grant = Grants(session).open(found)
    if not _is_due(grant):
        await accounts.end_renewal(uuid)
        await session.commit()
        return found
    server, client = oauth.AuthorizationServer(**grant["server"]), oauth.Client(**grant["client"])
    await session.commit()
    try:
        tokens = await oauth.renew(session.provided(Egress), server, client, grant["refresh_token"])
    except oauth.GrantRefused:
        tokens = None
    except UpstreamFailed:
        await accounts.end_renewal(uuid)
        await session.commit()
        if grant["expires_at"] > clock.now().timestamp():
            return found
        raise
    found = await accounts.connection(uuid)
    present = Grants(session).open(found)
    if present.get("refresh_token") != grant["refresh_token"]:
        # Connected anew, or given other credentials: what was renewed is nobody's any more.
        return found
    if tokens is None:
        await _disconnect(session, accounts, found, present)
    else:
        await _store(session, found, present, tokens, verb=None)
    return await accounts.connection(uuid)


async def _disconnect(session: Session, accounts: AccountRepository, found: Row, grant: Mapping[str, Any]) -> NoReturn:
    uuid = found["account_uuid"]
    useless = Grants(session).seal(found["workspace_uuid"], uuid, {**grant, "refresh_token": None})
    values = {"status": AccountStatus.INVALID.value, "sealed_grant": useless, "refreshing_until": None}
    await accounts.update(uuid, values)
    await session.commit()
    raise ValidationFailed(
        "The server does not renew the account's access any more; connect it anew.",
        code="account_disconnected",
        errors={"account_uuid": ["The account has to be connected anew."]},
    )


async def _store(
    session: Session, found: Row, grant: Mapping[str, Any], tokens: oauth.Tokens, *, verb: str | None
) -> None:
    """Keeps an access with its account, and commits. A renewal (no ``verb``) is no change that anybody is told of."""
    workspace, uuid = found["workspace_uuid"], found["account_uuid"]
    keyring = session.provided(Keyring)
    at = place("accounts", workspace, uuid, "credentials")
    given = {**orjson.loads(keyring.open(found["sealed_credentials"], at)), "access_token": tokens.access_token}
    until = None if tokens.seconds is None else clock.now().timestamp() + tokens.seconds
    kept = {
        **grant,
        "refresh_token": tokens.refresh_token or grant.get("refresh_token"),
        "expires_at": until,
    }
    config = AuthenticationConfig.model_validate(found["authentication_config"])
    values = {
        "sealed_credentials": keyring.seal(orjson.dumps(given), at),
        "credentials": credentials.hints(config, given),
        "sealed_grant": Grants(session).seal(workspace, uuid, kept),
        "refreshing_until": None,
        "status": AccountStatus.ACTIVE.value,
    }
    accounts = AccountRepository(session, WorkspaceId(workspace))
    if verb is None:
        await accounts.store_renewal(uuid, values)
    else:
        await accounts.update(uuid, {**values, "verification": None}, verb=verb)
    await session.commit()


def _is_due(grant: Mapping[str, Any]) -> bool:
    until = grant.get("expires_at")
    renewable = isinstance(grant.get("refresh_token"), str)
    return renewable and until is not None and until - EARLY_SECONDS < clock.now().timestamp()


def _configured(config: AuthenticationConfig) -> oauth.AuthorizationServer | None:
    """The authorization server that the provider's configuration names."""
    if config.authorization_url is None or config.token_url is None:
        return None
    return oauth.AuthorizationServer(config.authorization_url, config.token_url, pkce=config.pkce)


def _client(
    server: oauth.AuthorizationServer, former: Mapping[str, Any], given: Mapping[str, Any], redirect_uri: str
) -> oauth.Client | None:
    """The client that the account's own fields name, or that was registered there before."""
    if isinstance(given.get("client_id"), str):
        secret = given.get("client_secret")
        supported = [each for each in oauth.METHODS if each != "none" and each in server.methods]
        method = (supported or [oauth.METHODS[0]])[0] if secret else "none"
        return oauth.Client(given["client_id"], secret, method)
    for each in (former, former.get("pending", {})):
        same = server.issuer is not None and each.get("server", {}).get("issuer") == server.issuer
        if same and each.get("redirect_uri") == redirect_uri:
            return oauth.Client(**each["client"])
    return None


def _needed(base_url: str | None) -> str:
    if not base_url:
        raise ValidationFailed.of("account_uuid", "Neither the account nor its provider has a base URL.")
    return base_url


def _parts(state: str) -> tuple[UUID, UUID, str]:
    try:
        workspace, uuid, secret = state.split(".")
        return UUID(workspace), UUID(uuid), secret
    except ValueError:
        raise _unknown() from None


def _unknown() -> NotFound:
    return NotFound("This was begun too long ago, or is done already. Begin anew.")
