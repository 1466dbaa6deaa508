"""The rules of shares in the workspace that shares: with whom, how far, and until when."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from athena.config import Settings
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.shares.repository import ShareRepository
from athena.shares.schemas import Grantee, ShareableType, ShareCreate, SharePermission, ShareUpdate
from athena.shares.shareables import SHAREABLES
from athena.users import service as users
from athena.users.passwords import hash_password

RELATIONS = ("creator",)
TOKEN_BYTES = 32
HINT_LENGTH = 4
RANKS: Sequence[SharePermission] = ("view", "run", "edit")
"""How far a share goes; each holds the ones before it."""
LINKS = "/api/v1/links"

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at"},
    searchable=("user_email",),
    filters={
        "shareable_type": ShareableType,
        "shareable_uuid": UUID,
        "grantee": Grantee,
        "permission": SharePermission,
        "creator_uuid": UUID,
    },
    relations=RELATIONS,
)


class ShareService:
    """What the caller's workspace shares."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._shares = ShareRepository(session, access.workspace_uuid, access.reach)

    async def share(self, kind: ShareableType, uuid: UUID, given: ShareCreate) -> tuple[Row, str | None]:
        """Shares something of the workspace; a link's token is known now and never again."""
        if given.workspace_uuid == self._access.workspace_uuid:
            raise ValidationFailed.of("workspace_uuid", "It is in this workspace already.")
        _check_end(given.expires_at)
        self._check_own(kind, given.permission)
        await SHAREABLES[kind](self._session, self._access).get(uuid)
        password_hash = None
        if given.password is not None:
            await self._session.commit()
            password_hash = await hash_password(given.password)
        token = secrets.token_urlsafe(TOKEN_BYTES) if given.grantee == "link" else None
        row = await self._shares.insert(
            {
                "uuid": new_uuid(),
                "shareable_type": kind,
                "shareable_uuid": uuid,
                f"{kind}_uuid": uuid,
                "grantee": given.grantee,
                "user_email": given.user_email.lower() if given.user_email else None,
                "user_uuid": given.user_uuid,
                "grantee_workspace_uuid": given.workspace_uuid,
                "permission": given.permission,
                "token_hash": digest(token) if token else None,
                "token_hint": token[-HINT_LENGTH:] if token else None,
                "password_hash": password_hash,
                "expires_at": given.expires_at,
                "run_limit": given.run_limit,
                "creator_uuid": self._access.user_uuid,
            }
        )
        return row, token

    async def page(self, query: ListQuery) -> RowPage:
        """One page of shares."""
        return await self._shares.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One share; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._shares.get(uuid)

    async def update(self, uuid: UUID, given: ShareUpdate, revision: int | None) -> Row:
        """Changes how far something is shared; whoever does so must be allowed to share it."""
        row = await self._shares.get(uuid)
        self._access.require(SHAREABLES[row["shareable_type"]].share)
        changes = given.changes()
        self._check_own(row["shareable_type"], changes.get("permission", row["permission"]))
        _check_end(changes.get("expires_at"))
        if "password" in changes:
            if row["grantee"] != "link":
                raise ValidationFailed.of("password", "Only a link has a password.")
            password = changes.pop("password")
            await self._session.commit()
            changes["password_hash"] = await hash_password(password) if password else None
        return await self._shares.update(uuid, changes, revision)

    def _check_own(self, kind: ShareableType, permission: SharePermission) -> None:
        """:class:`PermissionDenied` when the share would let do what the caller may not, as by a narrowed token."""
        for each in RANKS[: RANKS.index(permission) + 1]:
            self._access.require(SHAREABLES[kind].uses[each])

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Revokes a share, at once. Runs that it started go on."""
        await self._shares.delete(uuid, revision)

    async def show(
        self, rows: Sequence[Row], relations: frozenset[str], token: str | None = None
    ) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; ``token``: of the link just made."""
        base = self._session.provided(Settings).base_url.rstrip("/")
        items = [_present(row, base, token) for row in rows]
        if "creator" in relations:
            creators = await users.by_ids(self._session, [row["creator_uuid"] for row in rows])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = creators.get(row["creator_uuid"])
        return items


def digest(token: str) -> bytes:
    """What is stored of a link's token; it is random, so that no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()


def is_exhausted(row: Row) -> bool:
    """Whether no run can be started through it any more."""
    return row["run_limit"] is not None and row["runs"] >= row["run_limit"]


def _check_end(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= clock.now():
        raise ValidationFailed.of("expires_at", "It must be in the future.")


def _present(row: Row, base: str, token: str | None) -> dict[str, Any]:
    expired = row["expires_at"] is not None and row["expires_at"] <= clock.now()
    shown = token or (f"…{row['token_hint']}" if row["token_hint"] else None)
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "shareable_type": row["shareable_type"],
        "shareable_uuid": row["shareable_uuid"],
        "grantee": row["grantee"],
        "user_email": row["user_email"],
        "user_uuid": row["user_uuid"],
        "workspace_uuid": row["grantee_workspace_uuid"],
        "permission": row["permission"],
        "status": "expired" if expired else "exhausted" if is_exhausted(row) else "active",
        "url": f"{base}{LINKS}/{shown}" if shown else None,
        "has_password": row["password_hash"] is not None,
        "expires_at": clock.rfc3339_or_none(row["expires_at"]),
        "run_limit": row["run_limit"],
        "runs": row["runs"],
        "last_used_at": clock.rfc3339_or_none(row["last_used_at"]),
        "creator": None,
    }
