"""Which model tells what the memories of a workspace mean: the packaged one, or that of a provider."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from athena.accounts.service import AccountService, Connections
from athena.budgets.calls import set_aside_for_texts
from athena.budgets.spending import Spender
from athena.embeddings import MODEL, Embedder, EmbeddingsUnavailable
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Row, Scope, Session
from athena.kit.errors import AthenaError, BudgetExhausted
from athena.llm.errors import ErrorKind, ModelError
from athena.memories.space_repository import SpaceRepository
from athena.permissions import Role

KNOWN_SECONDS = 5.0
"""How long a process remembers what a workspace has chosen."""
OWN_FAULT = frozenset({ErrorKind.INVALID_REQUEST, ErrorKind.CONTEXT_TOO_LONG})
"""Failures that say nothing of how well the provider is."""
RETRY_SECONDS = 30.0
"""How long a provider that did not answer is not asked again."""
SENT = 8_000
"""Characters of a text that are sent: models read no more than 8,000 tokens, which may be as few characters."""


class NothingLeft(EmbeddingsUnavailable):
    """No provider is asked, since a budget has no room for it; ``error`` says which one."""

    def __init__(self, error: BudgetExhausted) -> None:
        super().__init__("a budget is exhausted")
        self.error = error


@dataclass(frozen=True, slots=True)
class Space:
    """Vectors that can be compared with each other: those of one model, at one account, of one size."""

    name: str = MODEL
    account_uuid: UUID | None = None
    model: str = MODEL
    dimensions: int | None = None
    """What is asked for; ``None``: the model has no choice."""

    @classmethod
    def at(cls, account_uuid: UUID, model: str, dimensions: int | None) -> Space:
        """That of an account's model."""
        return cls(f"account:{account_uuid}/{model}/{dimensions or ''}", account_uuid, model, dimensions)

    @classmethod
    def stored(cls, kept: Mapping[str, Any]) -> Space:
        """As :meth:`to_store` gave it."""
        account = kept["account_uuid"]
        return cls(kept["name"], UUID(account) if account else None, kept["model"], kept["dimensions"])

    def to_store(self) -> dict[str, Any]:
        """As JSON."""
        account = str(self.account_uuid) if self.account_uuid else None
        return {**dataclasses.asdict(self), "account_uuid": account}


LOCAL = Space()


@dataclass(frozen=True, slots=True)
class Choice:
    """``searched``: the space in which every memory is. ``wanted``: the one that they are brought into."""

    searched: Space = LOCAL
    wanted: Space = LOCAL

    @classmethod
    def of(cls, row: Row) -> Choice:
        """As a workspace's row has it; once the account is gone, the packaged model is wanted."""
        wanted = LOCAL
        if row["account_uuid"] is not None:
            wanted = Space.at(row["account_uuid"], row["model"], row["dimensions"])
        return cls(Space.stored(row["searched"]), wanted)


class Meanings:
    """What texts mean in a workspace; one of a process."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[float, Choice]] = {}
        self._failed: dict[tuple[UUID, str], tuple[float, str]] = {}

    async def choice(self, database: Database, workspace_uuid: UUID) -> Choice:
        """What a workspace has chosen, as it was up to :data:`KNOWN_SECONDS` ago."""
        until, known = self._known.get(workspace_uuid, (0.0, Choice()))
        if time.monotonic() < until:
            return known
        async with database.session(Scope(workspace_uuid)) as session:
            row = await SpaceRepository(session, workspace_uuid).get()
        found = Choice() if row is None else Choice.of(row)
        self._known[workspace_uuid] = (time.monotonic() + KNOWN_SECONDS, found)
        return found

    def forget(self, workspace_uuid: UUID) -> None:
        """The workspace has chosen anew."""
        self._known.pop(workspace_uuid, None)

    async def of(
        self, database: Database, spender: Spender, texts: Sequence[str], *, within: float, background: bool = False
    ) -> tuple[str, list[list[float]]]:
        """The vectors of ``texts`` in the space that is searched, and its name; errors as :meth:`embed`."""
        try:
            space = (await self.choice(database, spender.workspace_uuid)).searched
        except AthenaError as error:
            raise EmbeddingsUnavailable(error.detail) from error
        return space.name, await self.embed(database, spender, space, texts, within=within, background=background)

    async def embed(
        self,
        database: Database,
        spender: Spender,
        space: Space,
        texts: Sequence[str],
        *,
        within: float,
        background: bool = False,
    ) -> list[list[float]]:
        """The vectors of ``texts``, each of length 1; no connection is held meanwhile.

        :class:`EmbeddingsUnavailable` without the model or an answer of its provider, or after ``within`` seconds;
        :class:`NothingLeft` where ``spender`` may not spend on a provider. The packaged model costs nothing.
        """
        if space.account_uuid is None:
            if space.name != MODEL:
                raise EmbeddingsUnavailable("the model of an earlier version is not there any more")
            return await database.provided(Embedder).embed(texts, within=within, background=background)
        place = (spender.workspace_uuid, space.name)
        until, why = self._failed.get(place, (0.0, ""))
        if time.monotonic() < until:
            raise EmbeddingsUnavailable(why)
        try:
            async with asyncio.timeout(within), database.session(Scope(spender.workspace_uuid)) as session:
                return await ask(session, spender, space, [text[:SENT] for text in texts])
        except BudgetExhausted as error:
            raise NothingLeft(error) from error
        except TimeoutError as error:
            raise EmbeddingsUnavailable(f"the provider took longer than {within:g} seconds") from error
        except (AthenaError, ModelError) as error:
            why = error.detail if isinstance(error, AthenaError) else str(error)
            if isinstance(error, ModelError) and error.kind in OWN_FAULT:
                raise EmbeddingsUnavailable(why) from error
            self._failed[place] = (time.monotonic() + RETRY_SECONDS, why)
            raise EmbeddingsUnavailable(why) from error


async def ask(session: Session, spender: Spender, space: Space, texts: Sequence[str]) -> list[list[float]]:
    """A provider's vectors of ``texts``, at the cost of ``spender``. Commits what ``session`` has begun.

    :class:`AthenaError` without the account or its credentials, and :class:`BudgetExhausted` of them when nothing may
    be spent; :class:`ModelError` when the provider does not answer.
    """
    access = Access(WorkspaceId(spender.workspace_uuid), UUID(int=0), Role.OWNER, frozenset())
    assert space.account_uuid is not None  # noqa: S101 - the packaged model is no provider's
    endpoint = await AccountService(session, access).model_endpoint(space.account_uuid)
    payment = await set_aside_for_texts(session, spender, space.model, space.account_uuid, texts)
    await session.commit()
    models = session.provided(Connections).models
    try:
        found = await models.embed(endpoint, space.model, texts, space.dimensions)
    except BaseException:
        if payment is not None:
            await payment.release()
        raise
    if payment is not None:
        await payment.pay(session, found.tokens)
        await session.commit()
    return found.vectors
