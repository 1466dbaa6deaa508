"""The table of variables."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Uuid, sealed_column, tenant_table

variables = tenant_table(
    "variables",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    # A secret has none: what it is, is sealed. A variable whose value is null has none, either.
    sa.Column("value", Json),
    sealed_column("sealed_value", nullable=True),
    sa.Column("hint", sa.Text),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.UniqueConstraint("workspace_uuid", "name"),
    sa.CheckConstraint(
        "CASE kind WHEN 'variable' THEN sealed_value IS NULL AND hint IS NULL "
        "WHEN 'secret' THEN value IS NULL AND sealed_value IS NOT NULL AND hint IS NOT NULL ELSE false END",
        name="kind",
    ),
    sa.Index("ix_variables_creator_uuid", "creator_uuid"),
)
