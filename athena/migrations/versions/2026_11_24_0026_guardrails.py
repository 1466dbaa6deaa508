"""Guardrails.

Revision ID: 0026
Revises: 0025
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0026"
down_revision = "0025"

TABLE = "guardrails"
TIME = sa.TIMESTAMP(timezone=True)
JSON = postgresql.JSONB(none_as_null=True)

DETACH = """
CREATE TRIGGER detach_from_agents AFTER DELETE ON guardrails REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION athena_detach_from_agents('guardrail_uuids')
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        TABLE,
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("stages", JSON, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("config", JSON, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("shadow", sa.Boolean, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    )
    op.create_index("ix_guardrails_workspace_uuid_name_uuid", TABLE, ["workspace_uuid", "name", "uuid"])
    op.create_index("ix_guardrails_workspace_uuid_updated_at_uuid", TABLE, ["workspace_uuid", "updated_at", "uuid"])
    op.create_index("ix_guardrails_creator_uuid", TABLE, ["creator_uuid"])
    for statement in row_security(TABLE):
        op.execute(statement)
    op.execute(DETACH)
