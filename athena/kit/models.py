"""The tables of what all resources share: numbers of rows, answers to be repeated, and counts of requests."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, metadata, sealed_column

# See `kit.tables.row_counter`.
row_counts = sa.Table(
    "row_counts",
    metadata,
    sa.Column("workspace_uuid", Uuid, primary_key=True),
    sa.Column("table_name", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)

# The same by time: a span is what the first five digits of ids stand for, about three days.
row_count_spans = sa.Table(
    "row_count_spans",
    metadata,
    sa.Column("workspace_uuid", Uuid, primary_key=True),
    sa.Column("table_name", sa.Text, primary_key=True),
    sa.Column("span", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)

row_count_deltas = sa.Table(
    "row_count_deltas",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("workspace_uuid", Uuid, nullable=False),
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("delta", sa.BigInteger, nullable=False),
    sa.Column("span", sa.Text, nullable=False),
    sa.Index(None, "workspace_uuid", "table_name"),
)

# See `kit.idempotency`. The id is made from user, workspace and key; the key itself is not kept.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("uuid", Uuid, primary_key=True),
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE")),
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    # Null while there is no answer to repeat.
    sa.Column("status", sa.SmallInteger),
    sa.Column("headers", Json),
    sealed_column("sealed_body", nullable=True),
    # The run that the request started, from which it is answered as long as there is no answer to repeat.
    sa.Column("run_uuid", Uuid),
    sa.Column("streamed", sa.Boolean, nullable=False),
    sa.Index(None, "created_at"),
    sa.Index(None, "workspace_uuid"),
    sa.Index(None, "user_uuid"),
)

# See `kit.rate_limits`. Not logged: after a crash of the database the minute begins anew, and that is all.
rate_counts = sa.Table(
    "rate_counts",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("period", sa.BigInteger, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Index(None, "period"),
    prefixes=["UNLOGGED"],
)
