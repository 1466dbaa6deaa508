"""From a client's wish to the user's decision: what is checked before anybody is sent anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from pydantic import ValidationError

from athena.config import Settings
from athena.kit.access import Identity
from athena.kit.crypto import Keyring
from athena.kit.db import Session
from athena.kit.ids import new_uuid
from athena.oauth.clients import Client, client_hash
from athena.oauth.codes import Code
from athena.oauth.pages import Consent
from athena.oauth.schemas import Authorization, Decision
from athena.users.service import UserService

PASSED_ON: Final = (
    *("response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method", "state", "resource"),
    "scope",
)


class NotAskable(Exception):
    """Nobody can be asked, nor sent back; the text says why."""


class SentBack(Exception):
    """The client is told by its own address; the text is that address, and ``reason`` is for people."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants, checked."""

    client: Client
    fields: Mapping[str, str]
    asked: Authorization
    workspace_uuid: UUID | None
    """The workspace that it names."""

    @property
    def redirect_uri(self) -> str:
        """Where the user goes afterwards: one of the client's own addresses."""
        return self.fields["redirect_uri"]


class ConsentService:
    """Asks users what clients want; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keyring = session.provided(Keyring)
        self._base_url = session.provided(Settings).base_url.rstrip("/")

    def wish(self, given: Mapping[str, str]) -> Wish:
        """What a request asks for; :class:`NotAskable` or :class:`SentBack` when that is nothing that can be."""
        fields = {name: given[name] for name in PASSED_ON if name in given}
        client = Client.opened(fields.get("client_id", ""), self._keyring)
        if client is None:
            raise NotAskable("This program is not registered here. Connect it anew.")
        if not client.may_return_to(fields.get("redirect_uri", "")):
            raise NotAskable("This program has registered no such address to return to.")
        try:
            asked = Authorization.model_validate(fields)
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            code = "unsupported_response_type" if field == "response_type" else "invalid_request"
            raise self._back(fields, code, f"{field} is missing or wrong.") from error
        return Wish(client, fields, asked, self._workspace(fields, asked))

    async def page(self, wish: Wish, identity: Identity, csrf: str) -> Consent:
        """What the user is asked."""
        _, user = await UserService(self._session, identity).get()
        mine = {str(each["uuid"]): each["name"] for each in user["workspaces"]}
        if wish.workspace_uuid is not None:
            mine = {uuid: name for uuid, name in mine.items() if uuid == str(wish.workspace_uuid)}
        if not mine:
            raise NotAskable("You are not in the workspace that this program asks for.")
        first = str(user["default_workspace_uuid"])
        ordered = sorted(mine.items(), key=lambda each: (each[0] != first, each[1]))
        return Consent(wish.client.name, wish.redirect_uri, user["email"], ordered, wish.fields, csrf)

    async def decided(self, wish: Wish, identity: Identity, decision: Decision) -> str:
        """Where the user is sent with the decision."""
        page = await self.page(wish, identity, "")
        if decision.decision == "deny":
            return self._address(wish.fields, error="access_denied")
        if str(decision.workspace_uuid) not in dict(page.workspaces):
            raise NotAskable("You are in no such workspace.")
        code = Code(
            new_uuid(),
            identity.user_uuid,
            decision.workspace_uuid,
            client_hash(wish.fields["client_id"]).hex(),
            wish.redirect_uri,
            wish.asked.code_challenge,
        )
        return self._address(wish.fields, code=code.sealed(self._keyring))

    def _workspace(self, fields: Mapping[str, str], asked: Authorization) -> UUID | None:
        if asked.resource is None:
            return None
        if asked.resource.rstrip("/") in {f"{self._base_url}{path}" for path in ("/mcp", "/a2a")}:
            return None
        try:
            return UUID(asked.resource.rstrip("/").removeprefix(f"{self._base_url}/mcp/"))
        except ValueError:
            raise self._back(fields, "invalid_target", "There is no such resource.") from None

    def _back(self, fields: Mapping[str, str], code: str, reason: str) -> SentBack:
        return SentBack(self._address(fields, error=code, error_description=reason), reason)

    def _address(self, fields: Mapping[str, str], **told: str) -> str:
        uri, state = fields["redirect_uri"], fields.get("state")
        more = {**told, **({"state": state} if state is not None else {}), "iss": self._base_url}
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode(more)}"
