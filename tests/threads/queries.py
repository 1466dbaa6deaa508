"""Counts the statements that a request costs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from athena.kit.db import Database

# Transactions, what the driver asks once per connection, and the housekeeping.
NOT_OF_THE_REQUEST = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "typeinfo_tree",
    "current_setting('jit')",
    "athena_fold_counts",
    "athena_fold_metrics",
)


@contextmanager
def counted(database: Database) -> Generator[list[str]]:
    """Collects the queries of every connection of the pool."""
    seen: list[str] = []

    def log(record: Any) -> None:
        if not any(text in record.query for text in NOT_OF_THE_REQUEST):
            seen.append(record.query)

    connections = [holder._con for holder in database._pool._holders if holder._con is not None]
    for connection in connections:
        connection.add_query_logger(log)
    yield seen
    for connection in connections:
        connection.remove_query_logger(log)
