"""``athena doctor --report``: what helps with a bug, in one file that can be passed on.

Of settings it holds numbers, switches and choices, and of all else whether it is set. Of the database it holds sizes,
counts and states. Nothing that anybody has written is asked for, and known secrets are masked in what is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final, Literal, get_origin
from urllib.parse import unquote, urlsplit

import asyncpg
import orjson
from pydantic import SecretStr

from athena import __version__
from athena.bootstrap import FILE as OWNER_FILE
from athena.config import OidcSettings, Settings
from athena.doctor import CONNECT_SECONDS, Finding
from athena.kit import clock
from athena.kit.crypto import KEY_FILE
from athena.kit.db import SYSTEM_ROLE
from athena.kit.db_errors import DRIVER_ERRORS
from athena.kit.errors import AthenaError, StartupError
from athena.kit.masking import Mask
from athena.llm.errors import ErrorKind
from athena.postgres import find_running, inspect
from athena.server import database_url

FORMAT: Final = 1
QUERY_SECONDS: Final = 5
OWN_CODES: Final = frozenset({"crashed", "deadline_exceeded", "internal_error", "step_outcome_unknown", "timeout"})

QUERIES: Final[Mapping[str, str]] = {
    "server": "SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes,"
    " current_setting('max_connections')::integer AS max_connections,"
    " current_setting('shared_buffers') AS shared_buffers, current_setting('fsync') AS fsync,"
    " (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS pgvector,"
    " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections,"
    " (SELECT extract(epoch FROM now() - min(xact_start))::bigint FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()) AS oldest_transaction_seconds",
    "migration": "SELECT version_num AS revision FROM alembic_version",
    # The numbers of rows are those of the planner, which cost nothing.
    "tables": "SELECT relname AS name, greatest(reltuples, 0)::bigint AS rows, pg_total_relation_size(c.oid) AS bytes"
    " FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 3 DESC, 1",
    "counts": "SELECT (SELECT count(*) FROM workspaces) AS workspaces, (SELECT count(*) FROM users) AS users,"
    " (SELECT count(*) FROM agents) AS agents, (SELECT count(*) FROM workflows) AS workflows,"
    " (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM tools) AS tools",
    "unfinished_runs": "SELECT kind, status, count(*) AS runs,"
    " extract(epoch FROM now() - min(created_at))::bigint AS oldest_seconds"
    " FROM runs WHERE finished_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2",
    "queue": "SELECT status::text, count(*) AS jobs, count(*) FILTER (WHERE execute_after <= now()) AS due,"
    " extract(epoch FROM now() - min(execute_after))::bigint AS oldest_seconds FROM pgqueuer GROUP BY 1 ORDER BY 1",
    "processes": "SELECT extract(epoch FROM now() - started_at)::bigint AS up_seconds,"
    " extract(epoch FROM now() - heartbeat_at)::bigint AS silent_seconds"
    " FROM engine_processes ORDER BY 1 DESC LIMIT 100",
    "recent_errors": "SELECT kind, error ->> 'code' AS code, count(*) AS runs FROM runs"
    " WHERE status = 'failed' AND finished_at > now() - interval '7 days' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 200",
    "webhook_deliveries": "SELECT status, count(*) AS deliveries, max(failures) AS failures FROM webhook_deliveries"
    " GROUP BY 1 ORDER BY 1",
}


def write(path: Path, settings: Settings, findings: Sequence[Finding]) -> None:
    """Writes the report into a new file, which its owner alone can read; :class:`StartupError` when it cannot."""
    report = {
        "format": FORMAT,
        "made_at": clock.rfc3339(clock.now()),
        "versions": versions(),
        "platform": machine(settings.data_dir),
        "settings": {**told(settings), **told(settings.oidc)},
        "checks": [finding.line for finding in findings],
        "database": database(settings),
    }
    content = orjson.dumps(masked(settings).of(report), option=orjson.OPT_INDENT_2)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content + b"\n")
    except FileExistsError as error:
        raise StartupError(f"{path} is there already; name a new file for the report") from error
    except OSError as error:
        raise StartupError(f"the report cannot be written to {path}: {error.strerror}") from error


def versions() -> Mapping[str, Any]:
    """Of Athena, of Python, and of all that is installed beside them."""
    packages = {each.metadata["Name"]: each.version for each in distributions()}
    return {"athena": __version__, "python": sys.version, "packages": dict(sorted(packages.items()))}


def machine(data_dir: Path) -> Mapping[str, Any]:
    """What it runs on."""
    folder = data_dir.expanduser().resolve()
    disk = shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists()))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else None
    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "processors": os.cpu_count(),
        "memory_bytes": memory,
        "disk_bytes": disk.total,
        "disk_free_bytes": disk.free,
        "in_container": Path("/.dockerenv").exists() or "KUBERNETES_SERVICE_HOST" in os.environ,
    }


def told(settings: Settings | OidcSettings) -> Mapping[str, Any]:
    """Each setting: its value where that is a number, a switch or a choice, and else only whether it is set."""
    shown: dict[str, Any] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, OidcSettings):
            continue
        if isinstance(value, bool | int | float | StrEnum) or get_origin(field.annotation) is Literal:
            told_as = value
        else:
            told_as = "default" if value == field.get_default(call_default_factory=True) else "set"
        shown[f"{settings.model_config.get('env_prefix', '')}{name.upper()}"] = told_as
    return shown


def masked(settings: Settings) -> Mask:
    """Hides what :func:`secrets_of` finds."""
    return Mask(dict.fromkeys(secrets_of(settings), "***"))


def secrets_of(settings: Settings) -> Iterator[str]:
    """What must not be in the report, wherever it may have come from."""
    yield from (value.get_secret_value() for value in vars(settings).values() if isinstance(value, SecretStr))
    yield from (value.get_secret_value() for value in settings.secret_key_previous)
    for server in settings.mcp_servers.values():
        yield from (value.get_secret_value() for value in server.env.values())
    if settings.database_url is not None:
        with contextlib.suppress(ValueError):
            password = urlsplit(settings.database_url.get_secret_value()).password or ""
            yield from (password, unquote(password))
    for name in (KEY_FILE, OWNER_FILE):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            yield from re.findall(r'[^\s"{}:,]{8,}', (settings.data_dir.expanduser() / name).read_text("utf-8"))


def database(settings: Settings) -> Mapping[str, Any] | None:
    """Its version, sizes, counts and states; ``None`` where there is none so far."""
    try:
        if settings.database_url is None and find_running(settings.data_dir) is None:
            status = inspect(settings.data_dir, try_start=False)
            if not status.exists or status.locked_by is not None:
                return None
        with database_url(settings, share=True) as url:
            return asyncio.run(_asked(url))
    except (StartupError, *DRIVER_ERRORS, ValueError, TimeoutError) as error:
        return {"error": type(error).__name__}


async def _asked(url: str) -> Mapping[str, Any]:
    connection = await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=2 * QUERY_SECONDS,
        server_settings={"statement_timeout": str(QUERY_SECONDS * 1000), "default_transaction_read_only": "on"},
    )
    try:
        parts = {"migration": await _part(connection, QUERIES["migration"])}
        with contextlib.suppress(asyncpg.PostgresError):  # before the first start there is no such role
            await connection.execute(f"SET ROLE {SYSTEM_ROLE}")
        for name, query in QUERIES.items():
            if name not in parts:
                parts[name] = await _part(connection, query)
    finally:
        await connection.close()
    return parts


async def _part(connection: asyncpg.Connection[asyncpg.Record], query: str) -> Any:
    try:
        rows = [dict(row) for row in await connection.fetch(query)]
        return _with_known_codes(rows) if query == QUERIES["recent_errors"] else rows
    except (asyncpg.PostgresError, TimeoutError) as error:
        return {"error": type(error).__name__}


def _with_known_codes(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The errors by their codes; of workflows by Athena's own, since whoever makes a workflow may give it others."""
    known = {kind.value for kind in ErrorKind} | {each.code for each in _errors(AthenaError)} | OWN_CODES
    return [
        {**row, "code": row["code"] if row["kind"] != "workflow" or row["code"] in known else "other"} for row in rows
    ]


def _errors(kind: type[AthenaError]) -> Iterator[type[AthenaError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _errors(child)
