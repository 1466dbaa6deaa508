"""What accounts know of the servers at which access is granted to them.

Revision ID: 0027
Revises: 0026
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("accounts", sa.Column("sealed_grant", sa.LargeBinary))
    op.add_column("accounts", sa.Column("refreshing_until", sa.TIMESTAMP(timezone=True)))
    op.execute("GRANT UPDATE (sealed_grant, refreshing_until) ON accounts TO athena_tenant")
