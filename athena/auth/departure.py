"""The end of a user, by their own wish."""

from __future__ import annotations

from athena.auth.schemas import UserDelete
from athena.auth.throttle import Throttle
from athena.kit.access import Identity
from athena.kit.db import SYSTEM, Session
from athena.kit.errors import ValidationFailed
from athena.users import passwords
from athena.users.service import address_of, forget
from athena.workspaces.service import leave_all


async def depart(session: Session, identity: Identity, body: UserDelete, address: str) -> None:
    """Deletes the caller, with the workspaces that nobody else is in, and everything in those.

    It reaches into workspaces that no single scope has, and so it works in the system's.
    """
    session.scope = SYSTEM
    email, stored = await address_of(session, identity.user_uuid)
    await session.commit()
    if stored is not None:
        throttle = Throttle.of_sign_in(session, email, address)
        async with passwords.turn():
            await throttle.check()
            await session.commit()
            if not await passwords.verify_password(stored, body.password):
                await throttle.count_failure()
                raise ValidationFailed.of("password", "It is not the present password.")
    await leave_all(session, identity.user_uuid)
    await forget(session, identity.user_uuid)
