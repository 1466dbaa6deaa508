"""What clients of OAuth were given.

Revision ID: 0039
Revises: 0038
Create Date: 2026-11-25
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.tables import row_security

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "oauth_grants",
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("token_uuid", sa.UUID, sa.ForeignKey("tokens.uuid", ondelete="CASCADE"), nullable=False),
        sa.Column("client_hash", sa.LargeBinary, nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary, nullable=False),
        sa.Column("used_hash", sa.LargeBinary),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.UniqueConstraint("refresh_hash", name="uq_oauth_grants_refresh_hash"),
    )
    for column in ("used_hash", "token_uuid", "expires_at"):
        op.create_index(f"ix_oauth_grants_{column}", "oauth_grants", [column])
    for statement in row_security("oauth_grants", rows="false"):
        op.execute(statement)
