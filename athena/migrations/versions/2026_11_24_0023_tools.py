"""Tools.

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.tables import row_security

revision = "0023"
down_revision = "0022"

TABLE = "tools"
TIME = sa.TIMESTAMP(timezone=True)
JSON = postgresql.JSONB(none_as_null=True)

DETACH = """
CREATE TRIGGER detach_from_agents AFTER DELETE ON tools REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION athena_detach_from_agents('tool_uuids')
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
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("config", JSON, nullable=False),
        sa.Column("parameters", JSON),
        sa.Column("functions", JSON, nullable=False),
        sa.Column("account_uuid", sa.UUID),
        sa.Column("requires_approval", sa.Boolean, nullable=False),
        sa.Column("approval_condition", sa.Text),
        sa.Column("seconds", sa.Float),
        sa.Column("max_result_bytes", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("refreshed_at", TIME, nullable=False),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "account_uuid"],
            ["accounts.workspace_uuid", "accounts.uuid"],
            ondelete="SET NULL (account_uuid)",
        ),
    )
    op.create_index("ix_tools_workspace_uuid_name_uuid", TABLE, ["workspace_uuid", "name", "uuid"])
    op.create_index("ix_tools_workspace_uuid_updated_at_uuid", TABLE, ["workspace_uuid", "updated_at", "uuid"])
    op.create_index("ix_tools_workspace_uuid_account_uuid", TABLE, ["workspace_uuid", "account_uuid"])
    op.create_index("ix_tools_creator_uuid", TABLE, ["creator_uuid"])
    for statement in row_security(TABLE):
        op.execute(statement)
    op.execute(DETACH)
