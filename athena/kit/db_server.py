"""Whether a database server is one that Athena can use."""

from __future__ import annotations

import asyncpg

from athena.kit.errors import StartupError

MINIMUM_SERVER_VERSION = 150000


async def check_server(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """:class:`StartupError` when the server is too old or has no pgvector."""
    version = connection.get_server_version()
    number = int(await connection.fetchval("SHOW server_version_num"))
    if number < MINIMUM_SERVER_VERSION:
        raise StartupError(f"the database is PostgreSQL {version.major}.{version.micro}; Athena needs 15 or newer")
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')"):
        raise StartupError(
            "the database lacks pgvector: install the extension `vector` on its server (package postgresql-*-pgvector)"
        )
