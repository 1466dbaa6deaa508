"""Why a permission is there or missing: each rule that has a say, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from athena.auth.repository import find_resource
from athena.kit.access import Access, Identity
from athena.kit.db import Row, Session
from athena.kit.reach import MANAGERS
from athena.permissions import PERSONAL_PERMISSIONS, ROLE_PERMISSIONS, Permission, Role, outranks
from athena.workspaces.service import role_in

CHANGES = frozenset({"update", "delete"})


def roles() -> list[dict[str, Any]]:
    """Every role with its permissions."""
    return [{"name": role.value, "permissions": sorted(ROLE_PERMISSIONS[role])} for role in Role]


def operations(routes: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Every documented operation among ``routes``, with the permission that its dependency declares."""
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from operations(included.routes)
        if not getattr(route, "operation_id", None) or not route.include_in_schema:
            continue
        declared = [getattr(each.call, "permission", "") for each in route.dependant.dependencies]
        [method] = route.methods
        yield {
            "operation_id": route.operation_id,
            "method": method,
            "path": route.path,
            "permission": next(filter(None, declared), None),
        }


class ExplanationService:
    """Tells a member of a workspace what they, or another member, may do there, and why."""

    def __init__(self, session: Session, access: Access, identity: Identity) -> None:
        self._session = session
        self._access = access
        self._identity = identity

    async def explain(
        self, permission: Permission, uuid: UUID | None = None, user_uuid: UUID | None = None
    ) -> dict[str, Any]:
        """Whether ``permission`` is there, on the resource ``uuid`` if one is named. Of another: by role alone."""
        access = self._access
        role: str | None = access.role
        if user_uuid is not None and user_uuid != access.user_uuid:
            access.require(Permission.MEMBERS_VIEW)
            role = await role_in(self._session, user_uuid, access.workspace_uuid)
        reasons = list(_by_membership(permission, role))
        if user_uuid in {None, access.user_uuid}:
            reasons += _by_token(permission, self._identity)
        if uuid is not None and role is not None:
            personal_of = None if access.manages else access.user_uuid
            # Nobody learns by asking about another what does not exist for themselves.
            asked = {access.user_uuid: access.role, user_uuid or access.user_uuid: role}
            users = [each for each, its in asked.items() if its not in MANAGERS]
            found = await find_resource(self._session, access.workspace_uuid, uuid, personal_of, users)
            reasons += _by_resource(permission, role, found)
        return {
            "allowed": all(reason["allowed"] for reason in reasons),
            "permission": permission.value,
            "workspace_uuid": access.workspace_uuid,
            "user_uuid": user_uuid or access.user_uuid,
            "role": role,
            "reasons": reasons,
        }


def _reason(rule: str, detail: str, *, allowed: bool) -> dict[str, Any]:
    return {"rule": rule, "allowed": allowed, "detail": detail}


def _by_membership(permission: Permission, role: str | None) -> Iterator[dict[str, Any]]:
    if role is None:
        yield _reason("membership", "There is no such member in this workspace.", allowed=False)
        return
    yield _reason("membership", f"A member of this workspace, in the role {role}.", allowed=True)
    allowed = permission in ROLE_PERMISSIONS[Role(role)]
    yield _reason("role", f"The role {role} {'has' if allowed else 'lacks'} {permission}.", allowed=allowed)


def _by_token(permission: Permission, identity: Identity) -> Iterator[dict[str, Any]]:
    if identity.scopes is not None:
        allowed = permission in identity.scopes
        text = "are with" if allowed else "leave out"
        yield _reason("token_scope", f"The scopes of the token {text} {permission}.", allowed=allowed)
    if identity.bound_to is not None:
        allowed = permission not in PERSONAL_PERMISSIONS
        text = "The token is this workspace's." if allowed else f"A token of one workspace never has {permission}."
        yield _reason("token_workspace", text, allowed=allowed)


def _by_resource(permission: Permission, role: str, found: Row | None) -> Iterator[dict[str, Any]]:
    family, _, action = permission.partition(".")
    if found is None:
        yield _reason("resource", "It does not exist in this workspace.", allowed=False)
        return
    kind = found["kind"]
    about = kind == family
    detail = f"It is here, among the {kind}." if about else f"It is among the {kind}; {permission} is not about those."
    yield _reason("resource", detail, allowed=about)
    if about and action in CHANGES and found["builtin"]:
        yield _reason("builtin", "It is built in, for all workspaces.", allowed=False)
    if about and action in CHANGES and found["role"] is not None:
        above = outranks(found["role"], role)
        yield _reason(
            "rank", f"The member's role {found['role']} is {'' if above else 'not '}above {role}.", allowed=not above
        )
