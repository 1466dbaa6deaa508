"""When the functions of a tool may be found anew by themselves.

Revision ID: 0036
Revises: 0035
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tools", sa.Column("refresh_after", sa.TIMESTAMP(timezone=True)))
