"""What an entry of the log of changes looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from athena.kit.schemas import Output, Time, Timestamp
from athena.users.schemas import Person

Format = Literal["jsonl", "csv"]
CredentialKind = Literal["token", "session", "provider", "password", "none", "run", "system"]


class Credential(Output):
    """How the actor showed who they are; the id is the token's, the console session's, or the run's."""

    kind: CredentialKind
    uuid: UUID | None


class AuditEvent(Output):
    """One thing that was done. It is never changed."""

    uuid: UUID
    created_at: Timestamp
    action: str = Field(examples=["agent.updated"])
    resource_type: str = Field(examples=["agent"])
    resource_uuid: UUID | None
    actor_user_uuid: UUID | None = Field(description="Null for Athena itself. Stays when the user goes.")
    credential: Credential
    address: str | None = Field(examples=["198.51.100.7"])
    user_agent: str | None = Field(examples=["curl/8.5.0"])
    request_id: str | None
    details: dict[str, Any] = Field(
        description="Names of the changed fields in `changed`, states and ids; never what somebody wrote.",
        examples=[{"changed": ["name", "system_prompt"]}],
    )
    actor: Person | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """What to export: the list's filters, as query parameters."""

    format: Annotated[Format, Query(description="One JSON object a line, or CSV with a head.")] = "jsonl"
    action: Annotated[str | None, Query(max_length=100, description="Only those with this action.")] = None
    resource_type: Annotated[str | None, Query(max_length=100, description="Only those with this type.")] = None
    resource_uuid: Annotated[UUID | None, Query(description="Only those of this resource.")] = None
    actor_user_uuid: Annotated[UUID | None, Query(description="Only those of this user.")] = None
    token_uuid: Annotated[UUID | None, Query(description="Only those by this token.")] = None
    created_after: Annotated[Time | None, Query()] = None
    created_before: Annotated[Time | None, Query()] = None
