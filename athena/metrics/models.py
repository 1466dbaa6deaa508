"""The tables of metrics: what was counted, by span of time, and what is still to be folded into it."""

from __future__ import annotations

import sqlalchemy as sa
from pgvector.sqlalchemy import SPARSEVEC

from athena.kit.tables import Time, Uuid, metadata

NAMES = ("subject", "role", "model")
COUNTS = ("count", "succeeded", "failed", "cancelled", "likes", "dislikes", "measured")
AMOUNTS = ("input_tokens", "output_tokens", "cost", "duration_ms")
SUMS = (*COUNTS, *AMOUNTS)
PLACES = 256
"""How many places the scale of durations has."""


def _measures() -> list[sa.Column[object]]:
    return [
        # Whose it is (an agent or workflow), and of messages who spoke, and which model.
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in NAMES),
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in COUNTS),
        *(sa.Column(name, sa.Numeric, nullable=False, server_default="0") for name in AMOUNTS),
        # How many took how long, on a scale of logarithms, so that adding up is merging.
        sa.Column("latency", SPARSEVEC(PLACES)),
    ]


metric_rollups = sa.Table(
    "metric_rollups",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    # `total`: of all names together; `detail`: of each.
    sa.Column("facet", sa.Text, nullable=False),
    # `quarter` (of an hour), `hour`, `six_hours`, `day`, `week` or `month`, in UTC; `at` is its begin.
    sa.Column("span", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    *_measures(),
    sa.PrimaryKeyConstraint("workspace_uuid", "resource", "facet", "span", *NAMES, "at"),
)
sa.Index(
    "ix_metric_rollups_detail",
    metric_rollups.c.workspace_uuid,
    metric_rollups.c.resource,
    metric_rollups.c.span,
    metric_rollups.c.at,
    postgresql_where=metric_rollups.c.facet == "detail",
)

metric_deltas = sa.Table(
    "metric_deltas",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("workspace_uuid", Uuid, nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    *_measures(),
    sa.Index(None, "workspace_uuid", "resource"),
)
