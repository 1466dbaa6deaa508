"""Counts the statements that a request costs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from athena.kit import logging
from athena.kit.db import Database

# Transactions, and what the driver asks once per connection.
NOT_OF_THE_REQUEST = ("BEGIN", "COMMIT", "ROLLBACK", "typeinfo_tree", "current_setting('jit')")


@contextmanager
def counted(database: Database) -> Generator[list[str]]:
    """Collects the queries that requests make on the connections of the pool; what runs beside them has no id."""
    seen: list[str] = []

    def log(record: Any) -> None:
        if logging.request_id.get() and not any(text in record.query for text in NOT_OF_THE_REQUEST):
            seen.append(record.query)

    connections = [holder._con for holder in database._pool._holders if holder._con is not None]
    for connection in connections:
        connection.add_query_logger(log)
    yield seen
    for connection in connections:
        connection.remove_query_logger(log)
