"""Alembic's entry: runs the migrations on the connection that ``athena.tables.migrate`` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from athena.tables import metadata


def run(connection: Connection) -> None:
    """Runs what was asked for on ``connection``."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=False,
        # PgQueuer's tables are its own: a migration makes them, and no model describes them.
        include_name=lambda name, kind, _parents: kind != "table" or not str(name).startswith("pgqueuer"),
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
