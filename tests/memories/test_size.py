"""Searching among many memories: through cells and indexes, with the rules that hold among few."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import pytest

from athena.embeddings import MODEL
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.kit.repository import Where
from athena.memories import cell_repository, cells, search_repository, searching, tasks
from athena.memories.recall import recall
from athena.memories.repository import vector_text
from athena.memories.search_repository import Narrow, SearchRepository
from athena.permissions import ROLE_PERMISSIONS, Role
from tests.conftest import MakeTenant, Tenant
from tests.memories.conftest import Remember, found

Superuser = asyncpg.Connection
MANY = 600

FILL = """
WITH given AS MATERIALIZED (
    SELECT uuidv7() AS uuid, content, vector FROM unnest($3::text[], $4::text[]) AS given (content, vector)
), made AS (
    INSERT INTO memories (workspace_uuid, uuid, created_at, updated_at, content, kind, scope, confidence,
        embedding_model)
    SELECT $1, uuid, now(), now(), content, 'knowledge', 'workspace', 1, $2 FROM given
)
INSERT INTO memory_vectors (workspace_uuid, memory_uuid, model, scope, kind, embedding)
SELECT $1, uuid, $2, 'workspace', 'knowledge', vector::halfvec FROM given RETURNING memory_uuid
"""


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done with thousands of memories is done with dozens."""
    monkeypatch.setattr(searching, "READ_EACH", 40)
    monkeypatch.setattr(cell_repository, "CELLS_FROM", 100)
    monkeypatch.setattr(cells, "CELL", 10)
    monkeypatch.setattr(search_repository, "CELLS_READ", (12, 48))


class Library:
    """A workspace with many memories, whose vectors lie around a few dozen points."""

    def __init__(self, tenant: Tenant, superuser: Superuser[asyncpg.Record], database: Database) -> None:
        self.tenant = tenant
        self._superuser = superuser
        self._database = database
        self._random = np.random.default_rng(3)
        self._middles = self._random.normal(size=(40, 384))
        self.vectors: dict[UUID, Any] = {}

    async def fill(self, count: int, points: int = 40) -> None:
        vectors = self._middles[self._random.integers(0, points, count)] + self._random.normal(size=(count, 384)) * 0.5
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        texts = [f"Shelf {n} holds box {n}." for n in range(count)]
        sent = [vector_text(vector) for vector in vectors]
        rows = await self._superuser.fetch(FILL, self.tenant.workspace_uuid, MODEL, texts, sent)
        self.vectors.update(zip((row["memory_uuid"] for row in rows), vectors, strict=True))

    async def arrange(self) -> None:
        async with self._database.system() as session:
            await session.value("SELECT athena_fold_counts()")
        await tasks.arrange(self._database)

    async def generations(self) -> dict[int, int]:
        """How many cells there are of each generation that a vector is in."""
        rows = await self._superuser.fetch(
            "SELECT generation, count(*) FROM memory_cells WHERE workspace_uuid = $1 GROUP BY 1",
            self.tenant.workspace_uuid,
        )
        return dict(map(tuple, rows))

    async def outside(self) -> int:
        """How many vectors are in no cell."""
        return await self._superuser.fetchval(
            "SELECT count(*) FROM memory_vectors AS v WHERE workspace_uuid = $1 AND NOT EXISTS ("
            "SELECT FROM memory_cells AS c WHERE c.workspace_uuid = $1 AND c.number = v.cell)",
            self.tenant.workspace_uuid,
        )

    async def share_found(self) -> float:
        """How much of the ten nearest of some vectors is found through cells."""
        uuids, matrix = list(self.vectors), np.array(list(self.vectors.values()))
        shares: list[float] = []
        async with self._database.session(access_of(self.tenant).scope) as session:
            repository = SearchRepository(
                session, WorkspaceId(self.tenant.workspace_uuid), personal_of=None, reach=None
            )
            for asked in matrix[:: len(matrix) // 20]:
                exact = {uuids[n] for n in np.argsort(-(matrix @ asked))[:10]}
                near = await repository.near(Where(), Narrow(), MODEL, asked.tolist()) or []
                shares.append(len(exact & {*near[:10]}) / 10)
        return sum(shares) / len(shares)


def access_of(tenant: Tenant, role: Role = Role.OWNER) -> Access:
    return Access(WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, role.value, ROLE_PERMISSIONS[role])


@pytest.fixture
async def library(owner: Tenant, superuser: Superuser[asyncpg.Record], database: Database) -> Library:
    made = Library(owner, superuser, database)
    await made.fill(MANY)
    await made.arrange()
    return made


async def test_the_nearest_are_found_through_cells(library: Library) -> None:
    assert await library.generations() == {1: MANY // 10}
    assert await library.outside() == 0
    assert await library.share_found() >= 0.95


async def test_what_is_new_is_found_at_once(library: Library, remember: Remember) -> None:
    memory = await remember(library.tenant, "Refunds are paid within fourteen days.")
    assert await library.outside() == 1
    assert (await found(library.tenant, "how do I get my money back?"))[0]["uuid"] == memory["uuid"]
    await library.arrange()
    assert await library.outside() == 0
    assert (await found(library.tenant, "how do I get my money back?"))[0]["uuid"] == memory["uuid"]


async def test_cells_that_are_outgrown_are_made_anew_while_search_goes_on(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    await library.fill(2 * MANY)
    # One batch of many: most vectors are still in the former cells.
    monkeypatch.setattr(tasks, "ARRANGED", 300)
    monkeypatch.setattr(tasks, "ARRANGED_BATCHES", 4)
    await library.arrange()
    assert set(await library.generations()) == {1, 2}
    assert await library.share_found() >= 0.95
    for _ in range(3):
        await library.arrange()
    assert await library.generations() == {2: 3 * MANY // 10}
    assert await library.outside() == 0
    assert await library.share_found() >= 0.95


async def test_few_memories_have_no_cells(
    owner: Tenant, superuser: Superuser[asyncpg.Record], database: Database
) -> None:
    small = Library(owner, superuser, database)
    await small.fill(60, points=2)
    await small.arrange()
    assert await small.generations() == {}
    assert await small.share_found() == 1.0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("E-7741", "E-7741"),
        ("what does the box with E-7741 hold", "E-7741"),
        ("girasol shelf box", "girasol"),
        ("it's \\ 'odd' & (girasol | !", "girasol"),
    ],
)
async def test_a_rare_word_is_found_among_frequent_ones(
    library: Library, remember: Remember, query: str, expected: str
) -> None:
    await remember(library.tenant, "Error E-7741 means that the pump has run dry.")
    await remember(library.tenant, "La contraseña del wifi es girasol.")
    assert expected in (await found(library.tenant, query))[0]["content"]


async def test_frequent_words_find_the_newest(library: Library) -> None:
    texts = [each["content"] for each in await found(library.tenant, "shelf holds box", per_page=100)]
    assert len(texts) == 100
    assert all("Shelf" in text for text in texts)


async def test_nobody_finds_what_only_others_know(
    library: Library, make_tenant: MakeTenant, stranger: Tenant, remember: Remember, database: Database
) -> None:
    owner = library.tenant
    one, other = [await make_tenant(Role.OPERATOR, owner.workspace_uuid) for _ in range(2)]
    for number in range(50):
        await remember(other, f"I keep my girasol in drawer {number}.", scope="user")
    mine = await remember(one, "I keep my girasol in the cellar.", scope="user")
    await remember(stranger, "I keep my girasol elsewhere.")
    assert {each["uuid"] for each in await found(one, "girasol in a drawer") if "girasol" in each["content"]} == {
        mine["uuid"]
    }
    access = access_of(one, Role.OPERATOR)
    async with database.session(access.scope) as session:
        told = await recall(session, access, text="where is my girasol?", user_uuid=one.user_uuid)
    assert [each.content for each in told if "girasol" in each.content] == ["I keep my girasol in the cellar."]


async def test_a_memory_that_moves_is_found_in_its_new_place_alone(
    library: Library, remember: Remember, database: Database
) -> None:
    owner = library.tenant
    agent = (await owner.post("/api/v1/agents", {"name": "Driver"})).json()["data"]["uuid"]
    for number in range(45):
        await remember(owner, f"Route {number} is long.", scope="agent", agent_uuid=agent)
    memory = await remember(owner, "The van is called Bertha.")
    path = f"/api/v1/memories/{memory['uuid']}"
    assert not [each for each in await found(owner, "van called Bertha", agent_uuid=agent) if "van" in each["content"]]
    await owner.put(path, {"scope": "agent", "agent_uuid": agent})
    assert (await found(owner, "van called Bertha", agent_uuid=agent))[0]["uuid"] == memory["uuid"]
    assert memory["uuid"] not in {each["uuid"] for each in await found(owner, "van", scope="workspace")}
    await owner.put(path, {"content": "The cat loves tuna."})
    assert (await found(owner, "what do pets eat?", agent_uuid=agent))[0]["uuid"] == memory["uuid"]
    await owner.delete(path)
    assert memory["uuid"] not in {each["uuid"] for each in await found(owner, "tuna", agent_uuid=agent)}


async def test_what_other_filters_leave_is_found_however_rare(library: Library, remember: Remember) -> None:
    thread = (await library.tenant.post("/api/v1/threads", {})).json()["data"]["uuid"]
    source = {"type": "thread", "uuid": thread}
    memory = await remember(library.tenant, "Nothing like the rest.", source=source)
    [only] = await found(library.tenant, "shelf or nothing", source_uuid=thread)
    assert only["uuid"] == memory["uuid"]


def test_cells_grow_with_what_is_in_them() -> None:
    assert cells.cells_for(0) == 1
    assert cells.cells_for(10**9) == cells.MOST_CELLS
    assert not cells.are_outgrown(cells.cells_for(5_000), 5_000)
    assert cells.are_outgrown(cells.cells_for(5_000), 11_000)
    assert not cells.are_outgrown(cells.MOST_CELLS, 10**9)
