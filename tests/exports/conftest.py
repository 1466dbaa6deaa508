"""The built-in providers, the scripted model, and exports written at once."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from athena.exports.tasks import write_exports
from athena.kit.db import Database
from tests.conftest import Tenant
from tests.providers.conftest import built_in
from tests.retention.conftest import fill, search, sweep

__all__ = ["built_in", "fill", "search", "sweep"]


@dataclass(frozen=True)
class Opened:
    """An export's file."""

    names: list[str]
    files: dict[str, bytes]

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[name].splitlines()]

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads(self.files["manifest.json"])

    @property
    def text(self) -> str:
        return "\n".join(content.decode("utf-8", "replace") for content in self.files.values())


TakeAlong = Callable[[Tenant, str], Awaitable[Opened]]


async def ended(tenant: Tenant, path: str, database: Database) -> dict[str, Any]:
    """An export at its end, written here or by the chore of the process that the tests share."""
    async with asyncio.timeout(20):
        while True:
            await write_exports(database)
            shown = (await tenant.get(path)).json()["data"]
            if shown["finished_at"]:
                return shown
            await asyncio.sleep(0.05)


@pytest.fixture
def take_along(database: Database) -> TakeAlong:
    """Asks for an export, has it written, and opens the file."""

    async def take(tenant: Tenant, path: str) -> Opened:
        asked = await tenant.post(path)
        assert asked.status_code == 202, asked.text
        shown = await ended(tenant, asked.headers["location"], database)
        assert shown["status"] == "succeeded", shown
        file = await tenant.client.get(shown["url"])
        assert file.status_code == 200
        assert len(file.content) == shown["size"]
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            assert archive.testzip() is None
            return Opened(archive.namelist(), {name: archive.read(name) for name in archive.namelist()})

    return take
