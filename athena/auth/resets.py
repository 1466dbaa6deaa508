"""A forgotten password: the operator makes a token that sets a new one, once."""

from __future__ import annotations

from datetime import timedelta

from athena.auth.repository import ResetRepository
from athena.auth.schemas import PasswordReset
from athena.auth.secrets import NewSecret, digest, new_secret
from athena.auth.throttle import Throttle
from athena.kit import clock
from athena.kit.db import Session
from athena.kit.errors import Conflict, NotFound
from athena.users.passwords import hash_password
from athena.users.service import replace_password, sign_in_origin

LIFETIME = timedelta(hours=24)


async def begin_reset(session: Session, email: str) -> NewSecret:
    """A token that sets a new password for a user, in place of an earlier one; needs the system's scope.

    :class:`NotFound` for nobody's address, :class:`Conflict` for who signs in with the identity provider.
    """
    found = await sign_in_origin(session, email)
    if found is None:
        raise NotFound(f"There is no user {email}.")
    user_uuid, external = found
    if external:
        raise Conflict(f"{email} signs in with the identity provider.", code="managed_by_provider")
    secret = new_secret()
    await ResetRepository(session).store(user_uuid, secret.digest, clock.now() + LIFETIME)
    return secret


async def finish_reset(session: Session, body: PasswordReset, address: str) -> None:
    """Sets the new password, and ends every sign-in; needs the system's scope."""
    throttle = Throttle.of_address(session, address)
    await throttle.check()
    resets, token = ResetRepository(session), digest(body.token)
    known = await resets.holds(token)
    await session.commit()
    if not known:
        await throttle.count_failure()
        raise NotFound("This token was used, has expired, or never was one.")
    password_hash = await hash_password(body.password)
    user_uuid = await resets.take(token)
    if user_uuid is None:
        raise NotFound("This token was used, has expired, or never was one.")
    await replace_password(session, user_uuid, password_hash)
    session.record("user.password_reset", "user", user_uuid, user_uuid=user_uuid)
