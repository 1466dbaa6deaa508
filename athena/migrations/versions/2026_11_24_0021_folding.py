"""Folding what was counted takes as long as there is to fold, also after a quiet time.

Where the statistics said that there is hardly anything to fold, the rows to be deleted were looked for among those that
were taken, each among all: 20,000 took longer than a statement may.

Revision ID: 0021
Revises: 0020
Create Date: 2026-11-24
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in ("athena_fold_counts()", "athena_fold_metrics()", "athena_fold_executions()"):
        # What is joined is hashed, whatever is expected of it.
        op.execute(f"ALTER FUNCTION {function} SET enable_nestloop = off")
