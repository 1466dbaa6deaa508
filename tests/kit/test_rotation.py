"""Changing the secret key while Athena serves: nothing fails meanwhile, and nothing stays behind."""

from __future__ import annotations

import ast
import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

import athena.tables
from athena.bootstrap import first_start
from athena.config import Settings
from athena.kit import rotation
from athena.kit.crypto import KEY_FILE, KeyFile, Keyring, SecretUnreadable, place
from athena.kit.db import Database
from athena.kit.errors import StartupError
from athena.kit.ids import new_uuid
from athena.kit.rotation import rotate, sealed_columns
from athena.kit.tables import metadata

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
OLD, NEW = "an old secret key, long enough 0123456789", "a new secret key, long enough 0123456789"
# Bytes that are no secrets: hashes, and keys made of hashes.
IN_THE_OPEN = {
    "token_hash",
    "session_hash",
    "csrf_hash",
    "fingerprint",
    "key",
    "archive",
    "client_hash",
    "refresh_hash",
    "used_hash",
}
_names = itertools.count()


@dataclass
class Instance:
    """An Athena with a database of its own, and some accounts."""

    url: str
    settings: Settings
    database: Database
    workspace_uuid: UUID
    provider_uuid: UUID
    lines: list[str] = field(default_factory=list[str])

    async def account(self, keyring: Keyring, secret: bytes) -> UUID:
        uuid = new_uuid()
        sealed = keyring.seal(secret, place("accounts", self.workspace_uuid, uuid, "credentials"))
        async with self.database.system() as session:
            await session.execute(
                "INSERT INTO accounts (workspace_uuid, uuid, created_at, updated_at, name, provider_uuid, "
                "sealed_credentials, credentials, status, profile) "
                "VALUES ($1, $2, now(), now(), 'One', $3, $4, '{}', 'active', '{}')",
                self.workspace_uuid,
                uuid,
                self.provider_uuid,
                sealed,
            )
        return uuid

    async def sealed(self) -> dict[UUID, bytes]:
        async with self.database.system() as session:
            rows = await session.fetch("SELECT uuid, sealed_credentials FROM accounts ORDER BY uuid")
        return {row["uuid"]: row["sealed_credentials"] for row in rows}

    async def opened(self, keyring: Keyring) -> dict[UUID, bytes]:
        return {
            uuid: keyring.open(sealed, place("accounts", self.workspace_uuid, uuid, "credentials"))
            for uuid, sealed in (await self.sealed()).items()
        }

    async def rotate(self, *, forget: bool = False) -> None:
        await rotate(self.url, self.settings, metadata, self.lines.append, forget=forget)


def settings(folder: Path, key: str | None = None, *previous: str) -> Settings:
    return Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        data_dir=folder,
        secret_key=SecretStr(key) if key else None,
        secret_key_previous=tuple(map(SecretStr, previous)),
        local_model="none",
    )


@pytest.fixture(scope="session")
async def template(
    superuser: Superuser, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[str]:
    """A database with a first owner, to be copied."""
    await superuser.execute("CREATE DATABASE rotation")
    url = urlunsplit(urlsplit(database_url)._replace(path="/rotation"))
    await athena.tables.migrate(url)
    database = await Database.open(url, size=2)
    await first_start(database, settings(tmp_path_factory.mktemp("first")))
    await database.close()
    yield "rotation"
    await superuser.execute("DROP DATABASE rotation")


@pytest.fixture
async def instance(
    superuser: Superuser, database_url: str, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Instance]:
    monkeypatch.setattr(rotation, "TAKEN_OVER_SECONDS", 0.05)
    name = f"{template}_{next(_names)}"
    await superuser.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url = urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
    database = await Database.open(url, size=4)
    given = settings(tmp_path)
    async with database.system() as session:
        workspace = await session.value("SELECT uuid FROM workspaces")
        provider = await session.value("SELECT uuid FROM providers WHERE slug = 'openai-compatible'")
    yield Instance(url, given, database, workspace, provider)
    await database.close()
    await superuser.execute(f"DROP DATABASE {name}")


async def test_the_key_is_changed_while_secrets_are_read_and_written(instance: Instance) -> None:
    serving = Keyring.load(instance.settings)
    secrets = {await instance.account(serving, b"secret %d" % n): b"secret %d" % n for n in range(250)}
    former = serving.stamps[0]
    ended = asyncio.Event()
    reads = 0

    async def read() -> None:
        nonlocal reads
        while not ended.is_set():
            known = dict(secrets)
            assert known.items() <= (await instance.opened(serving)).items()
            reads += 1

    async def write() -> None:
        for number in itertools.count(1000):
            if ended.is_set():
                return
            secrets[await instance.account(serving, b"secret %d" % number)] = b"secret %d" % number
            await asyncio.sleep(0.002)

    async def run() -> None:
        await instance.rotate()
        ended.set()

    await asyncio.gather(run(), read(), write())
    assert reads > 2
    assert serving.stamps[0] != former, "the process that served has taken the new key over"
    # What was written between its last look at the file and the end is found the next time.
    left = [each for each in (await instance.sealed()).values() if each.startswith(former)]
    assert not left
    assert await instance.opened(Keyring(KeyFile(instance.settings.data_dir / KEY_FILE).read()[:1])) == secrets
    assert any("accounts.sealed_credentials" in line for line in instance.lines), instance.lines


async def test_answers_that_are_kept_are_renewed_too(instance: Instance) -> None:
    keyring = Keyring.load(instance.settings)
    uuid = new_uuid()
    async with instance.database.system() as session:
        user = await session.value("SELECT uuid FROM users")
        await session.execute(
            "INSERT INTO idempotency_keys (uuid, user_uuid, created_at, fingerprint, streamed, status, sealed_body) "
            "VALUES ($1, $2, now(), '', false, 200, $3)",
            uuid,
            user,
            keyring.seal(b"answer", place("idempotency_keys", None, uuid, "body")),
        )
    await instance.rotate()
    async with instance.database.system() as session:
        sealed = await session.value("SELECT sealed_body FROM idempotency_keys")
    keyring.refresh()
    assert sealed.startswith(keyring.stamps[0])
    assert keyring.open(sealed, place("idempotency_keys", None, uuid, "body")) == b"answer"


async def test_a_rotation_that_was_broken_off_goes_on(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = Keyring.load(instance.settings)
    for number in range(30):
        await instance.account(keyring, b"secret %d" % number)
    store = rotation._store
    calls = itertools.count()

    async def die(*arguments: Any) -> int:
        if next(calls) == 2:
            raise asyncio.CancelledError
        return await store(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "BATCH", 5)
        patch.setattr(rotation, "_store", die)
        with pytest.raises(asyncio.CancelledError):
            await instance.rotate()
    keyring.refresh()
    under_each = [
        sum(each.startswith(stamp) for each in (await instance.sealed()).values()) for stamp in keyring.stamps
    ]
    assert under_each == [10, 20]
    assert len(await instance.opened(keyring)) == 30
    await instance.rotate()
    assert "A rotation was interrupted; it goes on." in instance.lines
    assert len(KeyFile(instance.settings.data_dir / KEY_FILE).read()) == 2
    assert all(each.startswith(keyring.stamps[0]) for each in (await instance.sealed()).values())


async def test_former_keys_stay_until_they_are_to_be_forgotten(instance: Instance) -> None:
    file = KeyFile(instance.settings.data_dir / KEY_FILE)
    keyring = Keyring.load(instance.settings)
    uuid = await instance.account(keyring, b"secret")
    backup = (await instance.sealed())[uuid]
    [first] = file.read()
    await instance.rotate()
    await instance.rotate()
    assert len(file.read()) == 3
    assert file.read()[-1] == first
    here = place("accounts", instance.workspace_uuid, uuid, "credentials")
    assert Keyring.load(instance.settings).open(backup, here) == b"secret"
    await instance.rotate(forget=True)
    assert len(file.read()) == 1
    assert (await instance.opened(keyring))[uuid] == b"secret"
    with pytest.raises(SecretUnreadable):
        keyring.open(backup, here)


async def test_a_key_of_the_settings_is_followed(instance: Instance, tmp_path: Path) -> None:
    uuid = await instance.account(Keyring([OLD]), b"secret")
    instance.settings = settings(tmp_path, OLD)
    await instance.rotate()
    assert any("ATHENA_SECRET_KEY_PREVIOUS" in line for line in instance.lines)
    instance.settings = settings(tmp_path, NEW, OLD)
    await instance.rotate()
    assert await instance.opened(Keyring([NEW])) == {uuid: b"secret"}


async def test_what_no_key_opens_is_told_and_left(instance: Instance, tmp_path: Path) -> None:
    lost = await instance.account(Keyring([OLD]), b"lost")
    kept = await instance.account(Keyring([NEW]), b"kept")
    before = (await instance.sealed())[lost]
    instance.settings = settings(tmp_path, "another secret key, long enough 0123456789", NEW)
    with pytest.raises(StartupError, match="1 stored secrets cannot be opened"):
        await instance.rotate()
    after = await instance.sealed()
    assert after[lost] == before
    assert after[kept].startswith(Keyring.load(instance.settings).stamps[0])


async def test_one_rotation_at_a_time(instance: Instance) -> None:
    holder = await asyncpg.connect(instance.url)
    await holder.execute(f"SELECT pg_advisory_lock({rotation.ROTATION_LOCK})")
    with pytest.raises(StartupError, match="under way"):
        await instance.rotate()
    await holder.close()


def test_no_column_of_secrets_is_forgotten() -> None:
    marked = {(each.table, each.column) for each in sealed_columns(metadata)}
    assert ("accounts", "sealed_credentials") in marked
    odd = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
        and (table.name, column.name) not in marked
        and column.name not in IN_THE_OPEN
    ]
    assert not odd, "bytes that are sealed are declared with `kit.tables.sealed_column`; others are listed here"
    for each in sealed_columns(metadata):
        assert each.column == f"sealed_{each.place}"
        assert "uuid" in each.key
        assert all(isinstance(metadata.tables[each.table].c[name].type, sa.UUID) for name in each.key)


def test_every_place_that_is_sealed_is_a_column() -> None:
    marked = {(each.table, each.place) for each in sealed_columns(metadata)}
    for path in Path(athena.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        if "kit/crypto" in str(path) or not any(
            isinstance(node, ast.ImportFrom)
            and node.module == "athena.kit.crypto"
            and any(name.name == "place" for name in node.names)
            for node in ast.walk(tree)
        ):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "place":
                first, last = node.args[0], node.args[-1]
                if isinstance(first, ast.Constant) and isinstance(last, ast.Constant):
                    assert (first.value, last.value) in marked, f"{path.name}:{node.lineno}"
