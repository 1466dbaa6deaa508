"""What ``athena doctor`` finds; how it ends as a command stands in ``test_cli.py``."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from pydantic import SecretStr

from athena import doctor
from athena.config import Settings
from athena.doctor import Finding

MakeSettings = Callable[..., Settings]
RunSql = Callable[..., None]


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    def make(**given: object) -> Settings:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        defaults = {"data_dir": tmp_path / "data", "local_model": "none", "port": port}
        if "database_url" in given:
            given["database_url"] = SecretStr(str(given["database_url"]))
        return Settings(_env_file=None, **{**defaults, **given})  # pyright: ignore[reportCallIssue, reportArgumentType]

    return make


@pytest.fixture
def run_sql() -> RunSql:
    def run(url: str, *statements: str) -> None:
        async def work() -> None:
            connection = await asyncpg.connect(url)
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(work())

    return run


@pytest.fixture
def other_database(database_url: str, run_sql: RunSql) -> Generator[str]:
    """An empty database of the same server."""
    name = f"doctor_{os.getpid()}"
    run_sql(database_url, f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
    run_sql(database_url, f"DROP DATABASE {name} WITH (FORCE)")


def problems(settings: Settings) -> list[str]:
    return [finding.line for finding in doctor.check(settings) if finding.is_problem]


def lines(settings: Settings) -> str:
    return "\n".join(finding.line for finding in doctor.check(settings))


def test_a_new_installation_is_well_and_stays_untouched(make_settings: MakeSettings) -> None:
    settings = make_settings()
    findings = list(doctor.check(settings))
    assert not [each for each in findings if each.is_problem]
    subjects = [each.line[9:].split(":")[0] for each in findings]
    assert subjects == [
        "Python", "port", "data folder", "database", "secret key", "outgoing requests", "disk", "memory", "local model",
    ]  # fmt: skip
    assert not settings.data_dir.exists()


def test_a_migrated_database_is_well(make_settings: MakeSettings, database_url: str) -> None:
    settings = make_settings(database_url=database_url)
    assert not problems(settings)
    assert "with pgvector answers" in lines(settings)
    assert "migrations: up to date" in lines(settings)


def test_an_empty_database_is_no_problem(make_settings: MakeSettings, other_database: str) -> None:
    settings = make_settings(database_url=other_database)
    assert not problems(settings)
    assert "the first start fills it" in lines(settings)


def test_migrations_behind_and_ahead(make_settings: MakeSettings, other_database: str, run_sql: RunSql) -> None:
    settings = make_settings(database_url=other_database)
    run_sql(
        other_database,
        "CREATE TABLE alembic_version (version_num text)",
        "INSERT INTO alembic_version VALUES ('0001')",
    )
    assert not problems(settings)
    assert "are to be made" in lines(settings)
    run_sql(other_database, "UPDATE alembic_version SET version_num = '9999'")
    assert problems(settings) == [
        "PROBLEM  migrations: revision 9999 is of a newer Athena; update this one, or use its database"
    ]


def test_rights_that_are_missing_come_with_the_statement_that_gives_them(
    make_settings: MakeSettings, other_database: str, run_sql: RunSql
) -> None:
    run_sql(other_database, "CREATE ROLE doctor_limited LOGIN PASSWORD 'limited'")
    try:
        parts = urlsplit(other_database)
        limited = urlunsplit(parts._replace(netloc=f"doctor_limited:limited@{parts.netloc.rpartition('@')[2]}"))
        found = problems(make_settings(database_url=limited))
        assert len(found) == 3
        assert "GRANT athena_tenant, athena_system TO doctor_limited" in found[0]
        assert "CREATE EXTENSION vector" in found[1]
        assert "GRANT CREATE ON SCHEMA public TO doctor_limited" in found[2]
    finally:
        run_sql(other_database, "DROP ROLE doctor_limited")


def test_a_role_that_sees_every_row_is_a_problem(
    make_settings: MakeSettings, database_url: str, run_sql: RunSql
) -> None:
    run_sql(database_url, "ALTER ROLE athena_tenant BYPASSRLS")
    try:
        found = problems(make_settings(database_url=database_url))
    finally:
        run_sql(database_url, "ALTER ROLE athena_tenant NOBYPASSRLS")
    [line] = found
    assert line.startswith("PROBLEM  database rights: athena_tenant would see every workspace")
    assert line.endswith("run: ALTER ROLE athena_tenant NOSUPERUSER NOBYPASSRLS")


def test_a_taken_port(make_settings: MakeSettings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        [line] = problems(make_settings(port=port))
    assert line.startswith(f"PROBLEM  port: cannot listen on 127.0.0.1:{port}")


def test_a_data_folder_that_cannot_be_used(
    make_settings: MakeSettings, tmp_path: Path, as_root: bool, database_url: str
) -> None:
    (tmp_path / "file").write_text("")
    assert "is not a folder" in problems(make_settings(data_dir=tmp_path / "file", database_url=database_url))[0]
    if not as_root:
        (tmp_path / "closed").mkdir(mode=0o500)
        assert "is not writable" in problems(make_settings(data_dir=tmp_path / "closed", database_url=database_url))[0]


def test_an_egress_entry_that_is_none(make_settings: MakeSettings) -> None:
    [line] = problems(make_settings(egress_allow=(":80",)))
    assert line.startswith("PROBLEM  outgoing requests: ATHENA_EGRESS_ALLOW")
    assert "public addresses and 127.0.0.1" in lines(make_settings(egress_allow=("127.0.0.1",)))


def test_a_full_disk(make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly_full(_path: Path) -> SimpleNamespace:
        return SimpleNamespace(free=1_000_000)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    [line] = problems(make_settings())
    assert line.startswith("PROBLEM  disk: 1 MB are free; 500 MB are needed")


def test_the_secret_key(make_settings: MakeSettings) -> None:
    settings = make_settings()
    assert "the first start makes one" in lines(settings)
    settings.data_dir.mkdir()
    (settings.data_dir / "secret-key").write_text("x" * 43)
    assert "a backup needs it" in lines(settings)
    assert "ATHENA_SECRET_KEY is set" in lines(make_settings(secret_key="x" * 43))


def test_a_local_model_that_is_not_there_is_no_problem(make_settings: MakeSettings) -> None:
    found = [each for each in doctor.check(make_settings(local_model="0.5b")) if "local model:" in each.line]
    assert found == [Finding(found[0].line)]
    assert "athena model fetch" in found[0].line
