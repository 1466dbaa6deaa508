"""By what the owner of a workspace is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.tenants.world import Workspace

PASSWORD = "correct-horse-battery"


async def user_session(world: Workspace) -> str:
    """A sign-in with the password, which the first one of them sets."""
    if "user_session" not in world.deleted:
        await world.call("update_authenticated_user", {"password": PASSWORD})
    asked = {"email": world.tenant.email, "password": PASSWORD, "device_name": world.mark}
    answer = await world.tenant.post("/api/v1/auth/sign-in", asked)
    assert answer.status_code == 200, answer.text
    return (await world.call("get_user_sessions"))[0]["uuid"]
