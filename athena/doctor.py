"""``athena doctor``: looks at everything that a start needs, and says in one line each what is wrong and what to do."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from alembic.script import ScriptDirectory

from athena.config import Settings
from athena.kit.crypto import KEY_FILE
from athena.kit.db import SYSTEM_ROLE, TENANT_ROLE
from athena.kit.db_errors import first_line
from athena.kit.db_server import check_server
from athena.kit.egress.addresses import AllowList
from athena.kit.errors import StartupError
from athena.local_model.process import why_unavailable
from athena.postgres import EmbeddedPostgres, PostgresError, find_running, inspect
from athena.server import check_port
from athena.tables import MIGRATIONS

MINIMUM_PYTHON = (3, 11)
MINIMUM_DISK_BYTES = 500_000_000
MINIMUM_MEMORY_BYTES = 450_000_000
CONNECT_SECONDS = 10

ROLE_PROBLEMS = """
    SELECT (SELECT string_agg(rolname, ', ') FROM pg_roles
            WHERE rolname = ANY($1) AND (rolsuper OR rolbypassrls)) AS unsafe,
           (SELECT count(*) FROM pg_roles WHERE rolname = ANY($1)) AS there,
           (SELECT bool_and(pg_has_role(current_user, oid, 'MEMBER')) FROM pg_roles WHERE rolname = ANY($1)) AS member,
           (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) AS may_make,
           current_user AS me
"""
EXTENSION = """
    SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') AS there,
           (SELECT bool_or(trusted OR rolsuper) FROM pg_available_extension_versions, pg_roles
            WHERE name = 'vector' AND rolname = current_user)
           AND has_database_privilege(current_database(), 'CREATE') AS may_make
"""
TABLES = "SELECT has_schema_privilege('public', 'CREATE')"
REVISION = "SELECT version_num FROM alembic_version"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    line: str
    is_problem: bool = False


def check(settings: Settings) -> Iterator[Finding]:
    """Everything that was looked at. Changes nothing; a database that is there is started and stopped."""
    serves = _serves(settings)
    yield from _python()
    yield _ok("port", f"Athena serves on {settings.host}:{settings.port}") if serves else _port(settings)
    yield from _folder(settings.data_dir)
    yield from _database(settings, serves=serves)
    yield from _secret_key(settings)
    yield from _egress(settings)
    yield from _room(settings.data_dir)
    yield from _local_model(settings)


def _ok(subject: str, text: str) -> Finding:
    return Finding(f"ok       {subject}: {text}")


def _note(subject: str, text: str) -> Finding:
    return Finding(f"note     {subject}: {text}")


def _problem(subject: str, text: str) -> Finding:
    return Finding(f"PROBLEM  {subject}: {text}", is_problem=True)


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < MINIMUM_PYTHON:
        yield _problem("Python", f"{version} is too old; install 3.11 or newer, and run `make setup`")
    else:
        yield _ok("Python", version)


def _serves(settings: Settings) -> bool:
    """Whether an Athena is at work in this data folder and on this port, which is as it should be."""
    try:
        if settings.database_url is not None or inspect(settings.data_dir, try_start=False).locked_by is None:
            return False
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - a comparison
        with socket.create_connection((host, settings.port), timeout=CONNECT_SECONDS) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64).split(b"\r\n", 1)[0]
    except OSError:
        return False


def _port(settings: Settings) -> Finding:
    try:
        check_port(settings.host, settings.port)
    except StartupError as error:
        return _problem("port", str(error))
    return _ok("port", f"{settings.host}:{settings.port} is free")


def _folder(data_dir: Path) -> Iterator[Finding]:
    folder = data_dir.expanduser().resolve()
    nearest = _nearest(folder)
    if not nearest.is_dir():
        yield _problem("data folder", f"{nearest} is not a folder; remove it, or set ATHENA_DATA_DIR to another")
    elif not os.access(nearest, os.W_OK | os.X_OK):
        yield _problem("data folder", f"{nearest} is not writable for this user; mend that, or set ATHENA_DATA_DIR")
    else:
        yield _ok("data folder", str(folder) if nearest == folder else f"{folder} will be made")


def _database(settings: Settings, *, serves: bool) -> Iterator[Finding]:
    if settings.database_url is not None:
        yield from _server(settings.database_url.get_secret_value())
        return
    try:
        running = find_running(settings.data_dir) if serves else None
        if running is not None:
            yield from _server(running)
            return
        status = inspect(settings.data_dir, try_start=False)
    except PostgresError as error:
        yield _problem("database", str(error))
        return
    except OSError as error:
        yield _problem("database", f"{settings.data_dir} cannot be read: {error.strerror}")
        return
    if status.locked_by is not None:
        yield _problem("database", f"{status.problem}; stop that one, or set ATHENA_DATA_DIR to another folder")
    elif status.problem is not None:
        yield _problem("database", status.problem)
    elif not status.exists:
        yield _ok("database", f"PostgreSQL {status.server_version} is built in; the first start makes the database")
    else:
        yield from _embedded(settings.data_dir)


def _embedded(data_dir: Path) -> Iterator[Finding]:
    try:
        postgres: AbstractContextManager[EmbeddedPostgres] = EmbeddedPostgres.start(data_dir)
    except PostgresError as error:
        yield _problem("database", str(error))
        return
    with postgres as running:
        yield from _server(running.url)


def _server(url: str) -> Iterator[Finding]:
    try:
        yield from asyncio.run(_ask(url))
    except StartupError as error:
        yield _problem("database", str(error))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError, TimeoutError) as error:
        yield _problem(
            "database", f"cannot be reached: {first_line(error)}; start it, or mend or unset ATHENA_DATABASE_URL"
        )


async def _ask(url: str) -> list[Finding]:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
    try:
        await check_server(connection)
        version = connection.get_server_version()
        findings = [_ok("database", f"PostgreSQL {version.major}.{version.micro} with pgvector answers")]
        findings += await _rights(connection)
        findings += await _migrations(connection)
    finally:
        await connection.close()
    return findings


async def _rights(connection: asyncpg.Connection[asyncpg.Record]) -> list[Finding]:
    """What the migrations do with the rights of the user of ATHENA_DATABASE_URL."""
    roles = [TENANT_ROLE, SYSTEM_ROLE]
    row = await connection.fetchrow(ROLE_PROBLEMS, roles)
    extension = await connection.fetchrow(EXTENSION)
    if row is None or extension is None:
        return [_problem("database rights", "they cannot be read")]
    findings: list[Finding] = []
    if row["unsafe"]:
        mend = "; ".join(f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS" for role in row["unsafe"].split(", "))
        findings.append(_problem("database rights", f"{row['unsafe']} would see every workspace; run: {mend}"))
    if row["there"] < len(roles) and not row["may_make"]:
        make = "; ".join(f"CREATE ROLE {role} NOLOGIN NOBYPASSRLS; GRANT {role} TO {row['me']}" for role in roles)
        findings.append(_problem("database rights", f"{row['me']} cannot make roles; let a superuser run: {make}"))
    elif row["there"] == len(roles) and not row["member"] and not row["may_make"]:
        grant = f"GRANT {', '.join(roles)} TO {row['me']}"
        findings.append(_problem("database rights", f"{row['me']} cannot become those roles; run: {grant}"))
    if not extension["there"] and not extension["may_make"]:
        findings.append(_problem("database rights", "let a superuser run in this database: CREATE EXTENSION vector"))
    if not await connection.fetchval(TABLES):
        findings.append(_problem("database rights", f"run: GRANT CREATE ON SCHEMA public TO {row['me']}"))
    return findings or [_ok("database rights", "rows can be kept apart by workspace")]


async def _migrations(connection: asyncpg.Connection[asyncpg.Record]) -> list[Finding]:
    script = ScriptDirectory(str(MIGRATIONS))
    known = [each.revision for each in script.walk_revisions()]
    try:
        found = await connection.fetchval(REVISION)
    except asyncpg.UndefinedTableError:
        found = None
    if found is None:
        return [_note("migrations", "the database is empty; the first start fills it")]
    if found not in known:
        return [_problem("migrations", f"revision {found} is of a newer Athena; update this one, or use its database")]
    behind = known.index(found)
    if behind:
        return [_note("migrations", f"{behind} are to be made; the next start does it, or `athena migrate`")]
    return [_ok("migrations", f"up to date ({found})")]


def _secret_key(settings: Settings) -> Iterator[Finding]:
    """In production the settings themselves refuse a weak key, so that there is none to be found here."""
    if settings.secret_key is not None:
        yield _ok("secret key", "ATHENA_SECRET_KEY is set")
        return
    path = settings.data_dir.expanduser() / KEY_FILE
    if not path.exists():
        yield _ok("secret key", f"the first start makes one in {path}")
    elif not os.access(path, os.R_OK):
        yield _problem("secret key", f"{path} cannot be read by this user; mend that, or set ATHENA_SECRET_KEY")
    else:
        yield _ok("secret key", f"kept in {path}; a backup needs it to open stored credentials")


def _egress(settings: Settings) -> Iterator[Finding]:
    try:
        AllowList(settings.egress_allow)
    except ValueError as error:
        yield _problem("outgoing requests", f"ATHENA_EGRESS_ALLOW: {error}")
        return
    allowed = ", ".join(settings.egress_allow)
    yield _ok("outgoing requests", f"public addresses and {allowed}" if allowed else "public addresses only")


def _room(data_dir: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(_nearest(data_dir.expanduser().resolve())).free
    text = f"{free // 1_000_000} MB are free"
    if free < MINIMUM_DISK_BYTES:
        yield _problem(
            "disk", f"{text}; {MINIMUM_DISK_BYTES // 1_000_000} MB are needed: clear some, or move the folder"
        )
    else:
        yield _ok("disk", text)
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    text = f"{total // 1_000_000} MB"
    if total < MINIMUM_MEMORY_BYTES:
        yield _problem("memory", f"{text}; {MINIMUM_MEMORY_BYTES // 1_000_000} MB are needed: use a larger machine")
    else:
        yield _ok("memory", text)


def _local_model(settings: Settings) -> Iterator[Finding]:
    reason = why_unavailable(settings)
    if reason is None:
        yield _ok("local model", f"{settings.local_model} is fetched and can run")
    else:
        yield _note("local model", f"{reason}; without it, connect a provider")


def _nearest(path: Path) -> Path:
    """``path``, or the first of the folders above it that exists."""
    return next(each for each in (path, *path.parents) if each.exists())
