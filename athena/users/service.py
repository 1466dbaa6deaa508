"""The rules of users: what they show, what they may change of themselves, how the identity provider's come to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from athena.kit.access import Guesses, Identity
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.permissions import narrowed
from athena.users.passwords import hash_password, needs_rehash, turn, verify_password
from athena.users.repository import UserRepository
from athena.users.schemas import UserPreferences, UserUpdate

COLORS = ("#1f6feb", "#8250df", "#bf3989", "#cf222e", "#bc4c00", "#9a6700", "#1a7f37", "#1b7c83")


class UserService:
    """A user's own affairs, within the user's own scope."""

    def __init__(self, session: Session, identity: Identity) -> None:
        self._session = session
        self._identity = identity
        self._users = UserRepository(session)

    async def get(self) -> tuple[Row, dict[str, Any]]:
        """The caller."""
        row = await self._users.get(self._identity.user_uuid)
        return row, await self._show(row)

    async def update(self, body: UserUpdate, revision: int | None, guesses: Guesses) -> tuple[Row, dict[str, Any]]:
        """Changes the caller's own user; a new password ends all other sign-ins."""
        user_uuid = self._identity.user_uuid
        changes = body.changes()
        row = await self._users.get(user_uuid)
        current = changes.pop("current_password", "")
        if "profile" in changes:
            changes["profile"] = _merged(row["profile"], changes["profile"])
        if "preferences" in changes:
            changes["preferences"] = {**row["preferences"], **changes["preferences"]}
        if changes.get("default_workspace_uuid") is not None:
            await self._check_default(changes["default_workspace_uuid"])
        new_password = changes.pop("password", None)
        if new_password is not None:
            changes["password_hash"] = await self._new_password(row["email"], new_password, current, guesses)
        row = await self._users.update(user_uuid, changes, revision)
        if new_password is not None:
            identity = self._identity
            await self._users.end_other_sign_ins(user_uuid, identity.token_uuid, identity.session_uuid)
            self._session.record("user.password_changed", "user", user_uuid, user_uuid=user_uuid)
        return row, await self._show(row)

    async def _check_default(self, workspace_uuid: UUID) -> None:
        if not await self._users.memberships(self._identity.user_uuid, workspace_uuid):
            raise ValidationFailed.of("default_workspace_uuid", "You are in no such workspace.")

    async def _new_password(self, email: str, password: str, current: str, guesses: Guesses) -> str:
        stored = await self._users.password_hash(self._identity.user_uuid)
        await self._session.commit()
        if stored is not None:
            async with turn():
                await guesses.check(email)
                if not await verify_password(stored, current):
                    if current:
                        await guesses.count_failure(email)
                    raise ValidationFailed.of("current_password", "It is not the present password.")
        return await hash_password(password)

    async def _show(self, row: Row) -> dict[str, Any]:
        memberships = await self._users.memberships(row["uuid"], self._identity.bound_to)
        return {
            **show_person(row),
            "created_at": row["created_at"],
            "updated_at": row["updated_at"],
            "preferences": {name: row["preferences"].get(name) for name in UserPreferences.model_fields},
            "default_workspace_uuid": _default(row["default_workspace_uuid"], memberships),
            "workspaces": [
                {
                    "uuid": place["uuid"],
                    "name": place["name"],
                    "role": place["role"],
                    "permissions": sorted(narrowed(place["role"], self._identity.scopes)),
                }
                for place in memberships
            ],
        }


def _default(chosen: UUID | None, memberships: Sequence[Row]) -> UUID | None:
    """The workspace that requests are in which name none: the chosen one, or the one joined first."""
    if any(place["uuid"] == chosen for place in memberships):
        return chosen
    return min(memberships, key=lambda place: (place["joined_at"], place["uuid"]))["uuid"] if memberships else None


def show_person(row: Row) -> dict[str, Any]:
    """What everybody in the same workspace sees of a user."""
    return {
        "uuid": row["uuid"],
        "name": row["name"],
        "email": row["email"],
        "profile": show_profile(row["profile"], row["name"], row["uuid"]),
    }


def show_profile(stored: Mapping[str, Any], name: str, uuid: UUID) -> dict[str, Any]:
    """The profile; initials and colour follow from name and uuid where they were not chosen."""
    photo: Mapping[str, Any] = stored.get("photo") or {}
    words = name.replace("@", " ").split()
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    return {
        "first_name": stored.get("first_name"),
        "last_name": stored.get("last_name"),
        "photo": {
            "url": photo.get("url"),
            "initials": photo.get("initials") or initials,
            "color": photo.get("color") or COLORS[uuid.int % len(COLORS)],
        },
    }


def _merged(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    photo: dict[str, Any] = stored.get("photo") or {}
    if "photo" in changes:
        photo = {**photo, **changes["photo"]} if changes["photo"] else {}
    return {**stored, **changes, "photo": photo}


async def add_user(
    session: Session,
    email: str,
    name: str,
    *,
    password: str | None = None,
    email_verified: bool = True,
    user_uuid: UUID | None = None,
) -> UUID:
    """A new user; needs the system's scope, or that of ``user_uuid``. :class:`Conflict` when the address is taken."""
    password_hash = await hash_password(password) if password is not None else None
    user_uuid = user_uuid or new_uuid()
    await UserRepository(session).insert(
        {
            "uuid": user_uuid,
            "name": name,
            "email": email,
            "email_verified": email_verified,
            "profile": {},
            "password_hash": password_hash,
        }
    )
    return user_uuid


async def find_user(session: Session, email: str) -> UUID | None:
    """Whose address it is, anywhere; needs the system's scope."""
    row = await UserRepository(session).by_email(email)
    return row["uuid"] if row else None


async def password_by_email(session: Session, email: str) -> tuple[UUID, str | None] | None:
    """Who signs in by ``email``, and the stored password if there is one; needs the system's scope."""
    row = await UserRepository(session).credentials(email)
    return (row["uuid"], row["password_hash"]) if row else None


async def sign_in_origin(session: Session, email: str) -> tuple[UUID, bool] | None:
    """Whose address it is, and whether the identity provider knows them; needs the system's scope."""
    row = await UserRepository(session).by_email(email)
    return (row["uuid"], row["oidc_issuer"] is not None) if row else None


async def replace_password(session: Session, user_uuid: UUID, password_hash: str) -> None:
    """Stores a new password, and ends every sign-in; needs the system's scope."""
    users = UserRepository(session)
    await users.update(user_uuid, {"password_hash": password_hash}, verb="")
    await users.end_other_sign_ins(user_uuid, None, None)


async def address_of(session: Session, user_uuid: UUID) -> tuple[str, str | None]:
    """A user's e-mail, and the stored password if there is one."""
    users = UserRepository(session)
    return (await users.get(user_uuid))["email"], await users.password_hash(user_uuid)


async def forget(session: Session, user_uuid: UUID) -> None:
    """Deletes a user who is in no workspace whose owner is missed; needs the system's scope."""
    users = UserRepository(session)
    row = await users.get(user_uuid)
    if row["email_verified"]:
        # What others keep for an address is meant for whoever has it, and not for who only calls it their own.
        await users.forget_address(row["email"])
    await users.delete(user_uuid, verb="")


async def renew_hash(session: Session, user_uuid: UUID, password: str, stored: str) -> None:
    """Stores the password of ``stored`` anew, where it was stored with other parameters than today's."""
    if needs_rehash(stored):
        await session.commit()
        await UserRepository(session).store_password_hash(user_uuid, await hash_password(password))


async def advance_sync(session: Session, user_uuid: UUID, moment: datetime) -> bool:
    """Whether what a provider said at ``moment`` is not older than what is known; notes it then."""
    return await UserRepository(session).advance_sync(user_uuid, moment)


async def take_in(
    session: Session, *, issuer: str, subject: str, name: str, email: str | None, email_verified: bool
) -> UUID:
    """The local user of a provider's, made or brought up to date; needs the system's scope.

    A local user is linked only by an address that the provider vouches for, and that was theirs already: whoever made
    the user by an invitation's link may have chosen the password for an address of somebody else. An address that
    nobody vouches for is shown, but opens nothing, and gives way to whoever proves it.
    """
    users = UserRepository(session)
    await users.lock(f"oidc user {issuer} {subject}")
    known = await users.by_subject(issuer, subject)
    holder = await users.by_email(email) if email else None
    proven = email_verified and holder is not None and holder["email_verified"]
    if known is None and holder is not None and proven and holder["oidc_issuer"] is None:
        await users.update(holder["uuid"], {"oidc_issuer": issuer, "oidc_subject": subject})
        return holder["uuid"]
    user_uuid: UUID = known["uuid"] if known else new_uuid()
    if holder is not None and holder["uuid"] != user_uuid and email_verified and not holder["email_verified"]:
        await users.update(holder["uuid"], {"email": _placeholder(holder["uuid"])})
        holder = None
    free = email is not None and (holder is None or holder["uuid"] == user_uuid)
    told: dict[str, Any] = {"name": name}
    if known is None:
        told |= {"email": _placeholder(user_uuid), "email_verified": False}
    if free and (email_verified or known is None or not known["email_verified"]):
        told |= {"email": email, "email_verified": email_verified}
    if known is None:
        origin = {"oidc_issuer": issuer, "oidc_subject": subject}
        await users.insert({"uuid": user_uuid, "profile": {}, **origin, **told})
    elif changes := {key: value for key, value in told.items() if known[key] != value}:
        await users.update(user_uuid, changes)
    return user_uuid


def _placeholder(user_uuid: UUID) -> str:
    return f"{user_uuid}@users.invalid"


async def by_ids(session: Session, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Users as other resources show them, by uuid, in one query; whom the scope does not see is left out."""
    rows = await UserRepository(session).by_ids(uuids)
    return {uuid: show_person(row) for uuid, row in rows.items()}
