"""Unfinished runs are found by the run that has started them.

Revision ID: 0025
Revises: 0024
Create Date: 2026-11-24
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "CREATE INDEX ix_runs_children ON runs (workspace_uuid, (labels ->> 'parent_run_uuid')) "
        "WHERE finished_at IS NULL AND (labels ->> 'parent_run_uuid') IS NOT NULL"
    )
