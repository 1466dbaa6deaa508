"""Backups are whole, of one moment, and come back for an ordinary user; what is damaged changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tarfile
from collections.abc import AsyncGenerator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from athena.backups.archive import DUMP, MANIFEST
from athena.backups.backup import back_up
from athena.backups.programs import Programs
from athena.backups.restore import restore
from athena.config import Settings
from athena.kit.errors import StartupError
from athena.postgres import EmbeddedPostgres
from tests.conftest import Connect, Tenant
from tests.runs.conftest import built_in

__all__ = ["built_in"]

PASSWORD = "an-ordinary-user"
TEXT = b"Gravel needs wide tyres, and little air in them."
TABLES = ("workspaces", "workspace_members", "agents", "threads", "accounts", "media", "audit_events")


@pytest.fixture
async def ordinary(superuser: asyncpg.Connection[asyncpg.Record], cluster: EmbeddedPostgres) -> AsyncGenerator[str]:
    """A new database whose owner is no superuser, as a provider of databases gives it; its address."""
    name = f"ordinary_{os.urandom(4).hex()}"
    await superuser.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    await superuser.execute(f"GRANT athena_tenant, athena_system TO {name}")
    await superuser.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
    address = cluster.url.replace("/athena?", f"/{name}?")
    within = await asyncpg.connect(address)
    for extension in ("vector", "pg_trgm", "btree_gin"):
        await within.execute(f"CREATE EXTENSION {extension}")
    await within.close()
    head, _, tail = address.partition("@")
    yield f"{head.split('//')[0]}//{name}:{PASSWORD}@{tail}"
    await superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await superuser.execute(f"DROP ROLE {name}")


def of(settings: Settings, url: str, data_dir: Path) -> Settings:
    """The settings of another installation with the same secret key."""
    return settings.model_copy(update={"database_url": SecretStr(url), "data_dir": data_dir})


async def saved(settings: Settings, file: Path, **options: Any) -> list[str]:
    said: list[str] = []
    await asyncio.to_thread(back_up, settings, file, said.append, **{"with_secret_key": False, **options})
    return said


async def restored(settings: Settings, file: Path, *, replace: bool = False) -> list[str]:
    said: list[str] = []
    await asyncio.to_thread(restore, settings, file, said.append, replace=replace)
    return said


async def rows(url: str, workspace_uuid: UUID) -> dict[str, list[Any]]:
    """What the database holds of a workspace."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET ROLE athena_system")
        column = {"workspaces": "uuid"}
        return {
            table: await connection.fetch(
                f"SELECT t::text FROM {table} t WHERE {column.get(table, 'workspace_uuid')} = $1 ORDER BY 1",
                workspace_uuid,
            )
            for table in TABLES
        }
    finally:
        await connection.close()


async def furnish(tenant: Tenant, connect: Connect) -> Path:
    """Gives a workspace an account with secrets, an agent, a thread and a file; where that lies in a data folder."""
    account_uuid = await connect(tenant)
    agent = {"name": "Teller", "model": "mock", "account_uuid": str(account_uuid)}
    assert (await tenant.post("/api/v1/agents", agent)).status_code == 201
    assert (await tenant.post("/api/v1/threads", {"name": "Gravel"})).status_code == 201
    answer = await tenant.request("POST", "/api/v1/media", files={"file": ("notes.txt", TEXT)})
    assert answer.status_code == 201, answer.text
    sha256 = hashlib.sha256(TEXT).hexdigest()
    return Path("media") / str(tenant.workspace_uuid) / sha256[:2] / sha256


async def test_all_comes_back_for_an_ordinary_user_of_another_database(
    owner: Tenant, connect: Connect, settings: Settings, database_url: str, ordinary: str, tmp_path: Path
) -> None:
    file = await furnish(owner, connect)
    before = await rows(database_url, owner.workspace_uuid)
    assert all(before[table] for table in TABLES)
    backup = tmp_path / "first.tar"
    told = await saved(settings.model_copy(update={"database_url": SecretStr(database_url)}), backup)
    assert "uploaded files" in told[0]
    assert backup.stat().st_mode & 0o777 == 0o600

    there = of(settings, ordinary, tmp_path / "there")
    told = await restored(there, backup)
    assert not [line for line in told if "cannot be opened" in line]
    assert await rows(ordinary, owner.workspace_uuid) == before
    assert (there.data_dir / file).read_bytes() == TEXT

    # And on from there: under row-level security, and with another secret key.
    second = tmp_path / "second.tar"
    await saved(there, second)
    with pytest.raises(StartupError, match="not empty; --replace"):
        await restored(there, second)
    elsewhere = there.model_copy(update={"secret_key": SecretStr("another-key-0123456789-abcdefghijklmnopqrstuv")})
    stray = there.data_dir / "media" / str(owner.workspace_uuid) / "ab" / f"ab{'0' * 62}"
    stray.parent.mkdir()
    stray.touch()
    told = await restored(elsewhere, second, replace=True)
    assert "stored secrets cannot be opened" in told[-1]
    assert await rows(ordinary, owner.workspace_uuid) == before
    assert not stray.exists()
    await check_owners(ordinary, database_url)


async def check_owners(url: str, original: str) -> None:
    """The functions that pass row-level security by belong to the role that may do no more than that."""
    query = (
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE prosecdef AND pronamespace = 'public'::regnamespace "
        "AND proowner = 'athena_system'::regrole ORDER BY 1"
    )
    found: list[list[Any]] = []
    for each in (original, url):
        connection = await asyncpg.connect(each)
        found.append(await connection.fetch(query))
        await connection.close()
    assert found[0] == found[1] != []


async def test_files_that_are_gone_are_told_of(
    owner: Tenant, connect: Connect, settings: Settings, database_url: str, tmp_path: Path
) -> None:
    file = settings.data_dir / await furnish(owner, connect)
    file.rename(tmp_path / "kept")
    try:
        told = await saved(settings.model_copy(update={"database_url": SecretStr(database_url)}), tmp_path / "b.tar")
    finally:
        (tmp_path / "kept").rename(file)
    assert any("are not in" in line for line in told)


async def test_a_restore_that_fails_leaves_everything_as_it_was(
    owner: Tenant, settings: Settings, database_url: str, ordinary: str, tmp_path: Path
) -> None:
    backup, there = tmp_path / "backup.tar", of(settings, ordinary, tmp_path / "there")
    await saved(settings.model_copy(update={"database_url": SecretStr(database_url)}), backup)
    await restored(there, backup)
    before = await rows(ordinary, owner.workspace_uuid)
    changed = tmp_path / "changed.tar"
    rewrite(backup, changed, MANIFEST, lambda content: content.replace(b'"public.', b'"public.no_', 1))
    with pytest.raises(StartupError, match=r"psql failed: function public\.no_.* does not exist"):
        await restored(there, changed, replace=True)
    assert await rows(ordinary, owner.workspace_uuid) == before

    in_use = await asyncpg.connect(ordinary, server_settings={"application_name": "athena"})
    with pytest.raises(StartupError, match="Athena runs on this database"):
        await restored(there, backup, replace=True)
    await in_use.close()


def rewrite(source: Path, target: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Copies a backup, with another content of one part."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for info in old:
            part = old.extractfile(info)
            content = part.read() if part else b""
            if info.name == name:
                content = change(content)
                info.size = len(content)
            new.addfile(info, BytesIO(content))


def other_format(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "format": 2}).encode()


async def test_what_is_no_whole_backup_is_refused_before_anything_is_touched(
    settings: Settings, database_url: str, tmp_path: Path
) -> None:
    good = tmp_path / "good.tar"
    mine = settings.model_copy(update={"database_url": SecretStr(database_url)})
    await saved(mine, good)
    with pytest.raises(StartupError, match="is there already"):
        await saved(mine, good)
    # The address leads nowhere: what is refused is refused before it is asked.
    there = of(settings, "postgresql://nobody@127.0.0.1:1/nothing", tmp_path / "there")
    content = good.read_bytes()
    bad = tmp_path / "bad.tar"
    for part in (b"", b"no tar at all", content[: len(content) // 2], content[:600]):
        bad.write_bytes(part)
        with pytest.raises(StartupError, match=r"is no backup of Athena|is damaged"):
            await restored(there, bad)
    for name in (DUMP, MANIFEST):
        rewrite(good, bad, name, lambda text: text[:-1] + b"?")
        with pytest.raises(StartupError, match="is damaged"):
            await restored(there, bad)
    rewrite(good, bad, MANIFEST, other_format)
    with pytest.raises(StartupError, match="newer Athena"):
        await restored(there, bad)
    rewrite(good, bad, MANIFEST, lambda text: text.replace(b'"revision": "0', b'"revision": "9'))
    with pytest.raises(StartupError, match="newer than this one"):
        await restored(there, bad)
    with tarfile.open(bad, "a") as tar:
        tar.addfile(tarfile.TarInfo("../outside"), BytesIO(b""))
    with pytest.raises(StartupError, match="is damaged"):
        await restored(there, bad)
    with pytest.raises(StartupError, match="cannot be read"):
        await restored(there, tmp_path / "missing.tar")
    assert not list((tmp_path / "there").iterdir())


@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_a_database_behind_tls_needs_the_machines_own_programs(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://app:pass%2Fword@db.example.com/athena?sslmode={mode}"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartupError, match="postgresql-client"):
        Programs.find(url)
    for name in ("pg_dump", "pg_restore", "psql"):
        (tmp_path / name).touch(mode=0o755)
    found = Programs.find(url)
    assert found.paths["psql"] == str(tmp_path / "psql")
    assert "word" not in found.target
    assert found.environment["PGPASSWORD"] == "pass/word"
