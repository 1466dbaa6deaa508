"""How users want the console to be, and which token came with a session.

Revision ID: 0048
Revises: 0045
Create Date: 2026-11-25
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0045"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("users", sa.Column("preferences", postgresql.JSONB, nullable=False, server_default=sa.text("'{}'")))
    op.add_column("sessions", sa.Column("token_uuid", sa.UUID, sa.ForeignKey("tokens.uuid", ondelete="SET NULL")))
    op.create_index("ix_sessions_token_uuid", "sessions", ["token_uuid"])
