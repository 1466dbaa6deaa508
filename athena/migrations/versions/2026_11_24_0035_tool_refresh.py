"""When the functions of a tool may be found anew by themselves.

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
    op.add_column("tools", sa.Column("refresh_after", sa.TIMESTAMP(timezone=True)))
