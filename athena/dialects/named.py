"""What stands behind the name of a model, which may be an agent's or a workflow's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from athena.dialects.repository import NamedRepository
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import AthenaError


class ModelNotFound(AthenaError):
    """The request names a model that the caller has not."""

    status, code, title = 404, "model_not_found", "Not Found"


@dataclass(frozen=True, slots=True)
class Target:
    """What a name means; ``uuid`` of an agent or workflow, ``row`` as the list has it."""

    kind: Literal["agent", "workflow", "model"]
    name: str
    uuid: UUID | None = None
    row: Row | None = None


async def meant(session: Session, access: Access, name: str) -> Target:
    """What stands behind a name: an agent or workflow by its id, or the only one of that slug, or else a model."""
    named = NamedRepository(session, access.workspace_uuid, access.reach)
    try:
        found = await named.by_uuid(UUID(name))
    except ValueError:
        found = [] if "/" in name else await named.by_slug(name)
    match found:
        case []:
            return Target("model", name)
        case [row]:
            return Target(row["kind"], name, row["uuid"], row)
        case _:
            raise ModelNotFound(f"Several agents or workflows are called {name[:200]}; name one by its uuid.")
