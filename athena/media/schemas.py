"""What an uploaded file looks like."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from athena.kit.schemas import Resource


class Media(Resource):
    """An uploaded file."""

    name: str
    mime_type: str
    size: Annotated[int, Field(description="Bytes.")]
    sha256: str
    url: Annotated[str, Field(description="Gives the bytes, without credentials, for a short time.")]
