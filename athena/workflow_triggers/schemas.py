"""What the listening for a test looks like."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from athena.kit.schemas import Output, Timestamp


class Listener(Output):
    """The address for tests, and what it has caught."""

    url: Annotated[str, Field(examples=["http://127.0.0.1:8000/hooks/…/test"])]
    listening_until: Annotated[Timestamp | None, Field(description="Null: it does not listen.")]
    execution_uuid: Annotated[UUID | None, Field(description="What the last request has started.")]
