"""The built-in providers and the catalogue, stored as a start stores them."""

from __future__ import annotations

import pytest

from athena.kit.db import Database
from athena.large_language_models.service import sync_catalogue
from athena.providers.service import sync_builtin


@pytest.fixture(scope="session", autouse=True)
async def built_in(database: Database) -> None:
    async with database.system() as session:
        await sync_builtin(session)
        await sync_catalogue(session)
