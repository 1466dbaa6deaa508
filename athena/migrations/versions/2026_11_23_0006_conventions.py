"""What every operation needs: idempotency keys and rate limits.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-23
"""

from __future__ import annotations

from alembic import op

from athena.kit.db import SYSTEM_ROLE
from athena.kit.tables import row_security

revision = "0006"
down_revision = "0005"


TABLES = (
    """
    CREATE TABLE idempotency_keys (
        uuid uuid NOT NULL,
        workspace_uuid uuid,
        user_uuid uuid NOT NULL,
        created_at timestamptz NOT NULL,
        fingerprint bytea NOT NULL,
        status smallint,
        headers jsonb,
        sealed_body bytea,
        run_uuid uuid,
        streamed boolean NOT NULL,
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (uuid),
        CONSTRAINT fk_idempotency_keys_workspace_uuid
            FOREIGN KEY (workspace_uuid) REFERENCES workspaces (uuid) ON DELETE CASCADE,
        CONSTRAINT fk_idempotency_keys_user_uuid FOREIGN KEY (user_uuid) REFERENCES users (uuid) ON DELETE CASCADE
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at)",
    "CREATE INDEX ix_idempotency_keys_workspace_uuid ON idempotency_keys (workspace_uuid)",
    "CREATE INDEX ix_idempotency_keys_user_uuid ON idempotency_keys (user_uuid)",
    """
    CREATE UNLOGGED TABLE rate_counts (
        key bytea NOT NULL,
        period bigint NOT NULL,
        count bigint NOT NULL,
        CONSTRAINT pk_rate_counts PRIMARY KEY (key)
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX ix_rate_counts_period ON rate_counts (period)",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON rate_counts TO {SYSTEM_ROLE}",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in TABLES:
        op.execute(statement)
    # By user, and not by workspace: making a workspace changes the workspace of the transaction.
    for statement in row_security("idempotency_keys", rows="user_uuid = (SELECT athena_user())"):
        op.execute(statement)
