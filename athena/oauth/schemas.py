"""What clients send. Fields that a later version of the protocol adds are left aside."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from athena.oauth.clients import problem


def _usable(uri: str) -> str:
    if (reason := problem(uri)) is not None:
        raise ValueError(reason)
    return uri


RedirectUri = Annotated[str, AfterValidator(_usable)]


class Registration(BaseModel):
    """What a client says of itself (RFC 7591)."""

    model_config = ConfigDict(extra="ignore")

    redirect_uris: Annotated[list[RedirectUri], Field(min_length=1, max_length=5)]
    client_name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")] = "A client"


class Authorization(BaseModel):
    """What a client has the user's browser ask for, beside who it is and where it returns to."""

    model_config = ConfigDict(extra="ignore")

    response_type: Literal["code"]
    code_challenge: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    code_challenge_method: Literal["S256"]
    state: Annotated[str | None, Field(max_length=2_000)] = None
    resource: Annotated[str | None, Field(max_length=500)] = None


class Decision(BaseModel):
    """What the user has decided on the page."""

    model_config = ConfigDict(extra="ignore")

    decision: Literal["allow", "deny"]
    csrf: Annotated[str, Field(max_length=100)]
    workspace_uuid: UUID
