"""What the API says of exports."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from athena.kit.schemas import Output, Resource, Timestamp


class ExportError(Output):
    """Why an export failed."""

    code: str
    message: str


class Export(Resource):
    """One file with everything: a zip of JSON Lines by table, the uploaded files, and a manifest."""

    workspace_uuid: Annotated[UUID | None, Field(description="`null`: it is of the user's own data.")]
    user_uuid: Annotated[UUID, Field(description="Who asked for it.")]
    status: Literal["queued", "running", "succeeded", "failed"]
    error: ExportError | None
    size: Annotated[int | None, Field(description="Bytes.")]
    url: Annotated[str | None, Field(description="Gives the file, without credentials, for a short time.")]
    finished_at: Timestamp | None
    expires_at: Annotated[Timestamp | None, Field(description="When the file is deleted.")]
