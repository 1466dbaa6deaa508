"""The rules of choosing the model that tells what memories mean."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from athena.budgets.spending import Spender
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import UpstreamFailed, UpstreamTimeout, ValidationFailed
from athena.llm.errors import ErrorKind, ModelError
from athena.memories.schemas import EmbeddingSettingsUpdate
from athena.memories.space_repository import SpaceRepository
from athena.memories.spaces import LOCAL, Choice, Meanings, Space, ask

DIMENSIONS: Final = 384
"""What a model is asked for that has a choice: as many as the packaged one gives, which searches are made for."""
MOST_DIMENSIONS: Final = 1_024
"""A vector and what goes with it must fit into a page of the index by which it is found."""
SAMPLE: Final = "What does this mean?"


class EmbeddingSettingsService:
    """The choice of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._spaces = SpaceRepository(session, access.workspace_uuid)

    async def show(self) -> dict[str, Any]:
        """What was chosen, and how far that is."""
        row = await self._spaces.get()
        choice = Choice() if row is None else Choice.of(row)
        wanted = choice.wanted
        return {
            "account_uuid": wanted.account_uuid,
            "model": wanted.model,
            "dimensions": wanted.dimensions or (DIMENSIONS if wanted is LOCAL else None),
            "status": "ready" if choice.searched == wanted else "embedding",
            "remaining": await self._spaces.remaining(wanted.name),
        }

    async def choose(self, given: EmbeddingSettingsUpdate) -> None:
        """Chooses a model, once it has shown that it answers; every memory is brought there in the background."""
        space = LOCAL
        if given.account_uuid is not None:
            space = await self._tried(given.account_uuid, given.model or "")
        row: Row | None = await self._spaces.get()
        if row is None and space is LOCAL:
            return
        await self._spaces.choose(space.account_uuid, space.model, space.dimensions, LOCAL.to_store())
        workspace_uuid = self._access.workspace_uuid
        self._session.record("workspace.updated", "workspace", workspace_uuid, {"changed": ["embedding_settings"]})
        meanings = self._session.provided(Meanings)
        self._session.after_commit(lambda: meanings.forget(workspace_uuid))

    async def _tried(self, account_uuid: UUID, model: str) -> Space:
        """The space of a model that answers; with fewer numbers, where it has a choice."""
        space = Space.at(account_uuid, model, DIMENSIONS)
        try:
            [vector] = await ask(self._session, Spender.of(self._access), space, [SAMPLE])
        except ModelError as error:
            if error.kind is not ErrorKind.INVALID_REQUEST:
                raise _failed(error) from error
            space = Space.at(account_uuid, model, None)
            try:
                [vector] = await ask(self._session, Spender.of(self._access), space, [SAMPLE])
            except ModelError as again:
                raise _failed(again) from again
        if len(vector) > MOST_DIMENSIONS:
            problem = f"Its embeddings have {len(vector)} numbers; at most {MOST_DIMENSIONS} can be searched."
            raise ValidationFailed.of("model", problem)
        return space


def _failed(error: ModelError) -> UpstreamFailed | UpstreamTimeout:
    kind = UpstreamTimeout if error.kind is ErrorKind.TIMEOUT else UpstreamFailed
    return kind(str(error), code=error.kind.value)
