"""Every table of every room, for the migrations; and the migrations themselves."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

import athena
from athena.kit.db_errors import first_line
from athena.kit.db_server import check_server
from athena.kit.errors import StartupError
from athena.kit.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x617468656E61


def load() -> sa.MetaData:
    """The metadata with every resource's tables."""
    for room in pkgutil.iter_modules(athena.__path__):
        models = Path(athena.__path__[0]) / room.name / "models.py"
        if models.exists():
            importlib.import_module(f"athena.{room.name}.models")
    return metadata


load()


def alembic_config(connection: sa.Connection) -> Config:
    """The configuration that runs Alembic's commands on ``connection``."""
    from alembic.config import Config  # noqa: PLC0415 - only a database that is behind needs it

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def migrate(url: str) -> None:
    """Brings the database to this program's version; one instance at a time.

    :class:`StartupError` when the server is too old, lacks pgvector, or refuses a migration.
    """
    try:
        guard = await asyncpg.connect(url, timeout=10)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError, TimeoutError) as error:
        raise StartupError(f"cannot connect to the database: {first_line(error)}") from error
    try:
        await check_server(guard)
        await guard.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        present = await _version(guard)
        if present is not None and present > newest():
            raise StartupError(f"the database is at version {present}, newer than this program's {newest()}")
        if present != newest():
            await _upgrade(url)
    except (asyncpg.PostgresError, DBAPIError) as error:
        raise StartupError(f"the migration failed: {first_line(error)}") from error
    finally:
        await guard.close()


def newest() -> str:
    """The newest migration's revision: the number in its file's name, which grows."""
    return max(path.name.split("_")[3] for path in (MIGRATIONS / "versions").glob("*.py"))


async def _version(connection: asyncpg.Connection[asyncpg.Record]) -> str | None:
    """The database's revision; ``None`` when nothing was migrated yet."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    return await connection.fetchval("SELECT version_num FROM alembic_version")


async def _upgrade(url: str) -> None:
    from alembic import command  # noqa: PLC0415 - only a database that is behind needs it
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    engine = create_async_engine(sqlalchemy_url(url), poolclass=sa.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
    finally:
        await engine.dispose()


def sqlalchemy_url(url: str) -> str:
    """A ``postgresql://`` address for SQLAlchemy's asyncpg dialect."""
    return f"postgresql+asyncpg://{url.partition('://')[2]}"
