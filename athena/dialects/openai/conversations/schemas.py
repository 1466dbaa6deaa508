"""What requests about conversations may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from athena.dialects.openai.items import Item
from athena.dialects.openai.schemas import Metadata
from athena.kit.schemas import Input


class ItemsCreate(Input):
    """Items that are put into a conversation."""

    items: Annotated[list[Item], Field(min_length=1, max_length=20)]


class ConversationCreate(Input):
    """A new conversation."""

    items: Annotated[list[Item] | None, Field(max_length=20)] = None
    metadata: Metadata | None = None


class ConversationUpdate(Input):
    """The metadata that it is to have instead of what it has."""

    metadata: Metadata | None
