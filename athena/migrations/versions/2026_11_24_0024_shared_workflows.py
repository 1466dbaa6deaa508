"""Workflows are shared, too.

Revision ID: 0024
Revises: 0023
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

CHECKS = {
    "shareable": "shareable_uuid = coalesce(agent_uuid, prompt_uuid, thread_uuid, workflow_uuid)",
    "one_shareable": "num_nonnulls(agent_uuid, prompt_uuid, thread_uuid, workflow_uuid) = 1",
}

# As 0012 has it, and workflows.
SHARED = """
    CREATE OR REPLACE FUNCTION athena_shared(wanted uuid, hash bytea)
    RETURNS TABLE (share shares, name text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public ROWS 10 AS $$
    #variable_conflict use_column
    BEGIN
        IF hash IS NOT NULL THEN
            RETURN QUERY SELECT s, NULL::text FROM public.shares AS s
            WHERE s.token_hash = hash AND (s.expires_at IS NULL OR s.expires_at > now());
            RETURN;
        END IF;
        RETURN QUERY SELECT s, coalesce(a.name, p.name, t.name, w.name) FROM public.shares AS s
        LEFT JOIN public.agents AS a ON a.workspace_uuid = s.workspace_uuid AND a.uuid = s.agent_uuid
        LEFT JOIN public.prompts AS p ON p.workspace_uuid = s.workspace_uuid AND p.uuid = s.prompt_uuid
        LEFT JOIN public.threads AS t ON t.workspace_uuid = s.workspace_uuid AND t.uuid = s.thread_uuid
        LEFT JOIN public.workflows AS w ON w.workspace_uuid = s.workspace_uuid AND w.uuid = s.workflow_uuid
        WHERE (wanted IS NULL OR s.uuid = wanted) AND (s.expires_at IS NULL OR s.expires_at > now()) AND (
            s.user_uuid = (SELECT public.athena_user())
            OR s.user_email = (
                SELECT lower(u.email) FROM public.users AS u WHERE u.uuid = public.athena_user() AND u.email_verified
            )
            OR s.grantee_workspace_uuid = (SELECT public.athena_workspace())
        );
    END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("shares", sa.Column("workflow_uuid", sa.UUID))
    op.create_foreign_key(
        "fk_shares_workspace_uuid_workflow_uuid_workflows",
        "shares",
        "workflows",
        ["workspace_uuid", "workflow_uuid"],
        ["workspace_uuid", "uuid"],
        ondelete="CASCADE",
    )
    for name, rule in CHECKS.items():
        op.drop_constraint(op.f(f"ck_shares_{name}"), "shares", type_="check")
        op.create_check_constraint(op.f(f"ck_shares_{name}"), "shares", rule)
    op.create_index("ix_shares_workspace_uuid_workflow_uuid", "shares", ["workspace_uuid", "workflow_uuid"])
    op.execute(SHARED)
