"""Unfinished runs are found by the run that has started them.

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-25
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "CREATE INDEX ix_runs_children ON runs (workspace_uuid, (labels ->> 'workflow_execution_uuid')) "
        "WHERE finished_at IS NULL AND (labels ->> 'workflow_execution_uuid') IS NOT NULL"
    )
