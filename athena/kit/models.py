"""The tables that keep the number of rows of each resource per workspace (see ``kit.tables.row_counter``)."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Uuid, metadata

row_counts = sa.Table(
    "row_counts",
    metadata,
    sa.Column("workspace_uuid", Uuid, primary_key=True),
    sa.Column("table_name", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)

row_count_deltas = sa.Table(
    "row_count_deltas",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("workspace_uuid", Uuid, nullable=False),
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("delta", sa.BigInteger, nullable=False),
    sa.Index(None, "workspace_uuid", "table_name"),
)
