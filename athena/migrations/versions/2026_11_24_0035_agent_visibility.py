"""For whom an agent exists.

Revision ID: 0035
Revises: 0034
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("agents", sa.Column("visibility", sa.Text, nullable=False, server_default="workspace"))
    op.create_check_constraint(op.f("ck_agents_visibility"), "agents", "visibility IN ('workspace', 'private')")
    for column in ("visibility", "creator_uuid"):
        op.create_index(f"ix_agents_workspace_uuid_{column}_uuid", "agents", ["workspace_uuid", column, "uuid"])
