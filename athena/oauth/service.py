"""The rules of grants: a code is exchanged once, a refresh token is used once, and what was stolen ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from athena.auth.secrets import NewSecret, digest, new_secret
from athena.auth.service import create_token, renew_token, revoke_token
from athena.kit import clock
from athena.kit.crypto import Keyring
from athena.kit.db import Row, Session
from athena.oauth.clients import Client, client_hash, proves
from athena.oauth.codes import Code
from athena.oauth.errors import ClientUnknown, OAuthError
from athena.oauth.repository import GrantRepository
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.workspaces.service import role_in

ACCESS_LIFETIME: Final = timedelta(hours=1)
GRANT_LIFETIME: Final = timedelta(days=30)
"""How long a refresh token holds."""
USED: Final = frozenset(
    {
        *("agents", "workflows", "workflow_executions", "prompts", "tools"),
        *("threads", "messages", "memories", "media", "runs"),
    }
)
SCOPES: Final = sorted(each for each in ROLE_PERMISSIONS[Role.OPERATOR] if each.partition(".")[0] in USED)
"""What a client may do at most: use these as an operator does, which is what runs in its name need, too."""
SCOPE: Final = "mcp"


class GrantService:
    """Gives tokens to clients; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keyring = session.provided(Keyring)
        self._grants = GrantRepository(session)

    async def exchange(self, given: dict[str, str]) -> dict[str, Any]:
        """The tokens for a code; :class:`OAuthError` for one that is not this client's, too old, or used."""
        code = Code.opened(given.get("code", ""), self._keyring)
        client_id = given.get("client_id", "")
        if (
            code is None
            or code.client_hash != client_hash(client_id).hex()
            or code.redirect_uri != given.get("redirect_uri")
            or not proves(given.get("code_verifier", ""), code.challenge)
        ):
            raise self._refused(client_id, "This code is not yours, or too old.")
        await self._grants.lock_code(code.uuid)
        used_for = await self._grants.of_code(code.uuid)
        if used_for is not None:
            await self._end(used_for)
            raise _invalid("This code was used before; what it was exchanged for has been revoked.")
        return await self._give(code, client_id)

    async def refresh(self, given: dict[str, str]) -> dict[str, Any]:
        """New tokens for a refresh token; who shows a used one ends the grant."""
        shown, client_id = digest(given.get("refresh_token", "")), given.get("client_id", "")
        grant = await self._grants.by_refresh(shown)
        if grant is None or grant["client_hash"] != client_hash(client_id):
            raise self._refused(client_id, "This refresh token is not yours, was revoked, or is too old.")
        if grant["used_hash"] == shown:
            await self._end(grant["token_uuid"])
            raise _invalid("This refresh token was used before; the grant has been revoked.")
        if await role_in(self._session, grant["user_uuid"], grant["workspace_uuid"]) is None:
            raise _invalid("The user is not in the workspace any more.")
        return await self._renew(grant)

    async def revoke(self, given: dict[str, str]) -> None:
        """Ends the grant of an access or refresh token; whoever has it may. Any other says nothing."""
        token_uuid = await self._grants.of_secret(digest(given.get("token", "")))
        if token_uuid is not None:
            await self._end(token_uuid)

    def _refused(self, client_id: str, reason: str) -> OAuthError:
        if Client.opened(client_id, self._keyring) is None:
            return ClientUnknown("This program is not registered here. Register it anew.")
        return _invalid(reason)

    async def _give(self, code: Code, client_id: str) -> dict[str, Any]:
        client = Client.opened(client_id, self._keyring)
        if client is None or await role_in(self._session, code.user_uuid, code.workspace_uuid) is None:
            raise _invalid("The client or the user is not known any more.")
        moment = clock.now()
        # Who let the client in did so in the console.
        self._session.actor = replace(self._session.actor, user_uuid=code.user_uuid, kind="session")
        row, access = await create_token(
            self._session,
            user_uuid=code.user_uuid,
            kind="personal",
            name=client.name,
            workspace_uuid=code.workspace_uuid,
            scopes=SCOPES,
            expires_at=moment + ACCESS_LIFETIME,
        )
        refresh = new_secret()
        await self._grants.add(
            {
                "uuid": code.uuid,
                "token_uuid": row["uuid"],
                "client_hash": client_hash(client_id),
                "refresh_hash": refresh.digest,
                "expires_at": moment + GRANT_LIFETIME,
            }
        )
        return _told(access, refresh)

    async def _renew(self, grant: Row) -> dict[str, Any]:
        moment, refresh = clock.now(), new_secret()
        access = await renew_token(self._session, grant["token_uuid"], moment + ACCESS_LIFETIME)
        await self._grants.renew(grant["uuid"], refresh.digest, moment + GRANT_LIFETIME)
        return _told(access, refresh)

    async def _end(self, token_uuid: UUID) -> None:
        """Ends a grant, whatever becomes of the request."""
        await revoke_token(self._session, token_uuid)
        await self._session.commit()


def _told(access: NewSecret, refresh: NewSecret) -> dict[str, Any]:
    return {
        "access_token": access.text,
        "token_type": "Bearer",
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "refresh_token": refresh.text,
        "scope": SCOPE,
    }


def _invalid(reason: str) -> OAuthError:
    return OAuthError(reason, code="invalid_grant")
