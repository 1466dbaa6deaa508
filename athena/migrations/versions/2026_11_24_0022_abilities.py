"""What agents can do: tools, guardrails, teams, structured answers, other models, memory, limits, reflection.

Revision ID: 0022
Revises: 0021
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"

JSON = postgresql.JSONB(none_as_null=True)
UUIDS = postgresql.ARRAY(sa.UUID)

# For the tables whose rows agents name in an array: what is deleted falls out of it. The column is the only argument.
DETACH = """
CREATE FUNCTION athena_detach_from_agents() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    EXECUTE format(
        'UPDATE public.agents AS a SET revision = revision + 1, updated_at = now(), %1$I = ARRAY('
        'SELECT u FROM unnest(a.%1$I) WITH ORDINALITY AS kept (u, n) WHERE u <> ALL ($1) ORDER BY n) '
        'WHERE a.workspace_uuid = ANY ($2) AND a.%1$I && $1', TG_ARGV[0]
    ) USING ARRAY(SELECT uuid FROM gone), ARRAY(SELECT DISTINCT workspace_uuid FROM gone);
    RETURN NULL;
END $$
"""
DETACH_TEAM = """
CREATE TRIGGER detach_from_agents AFTER DELETE ON agents REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION athena_detach_from_agents('team_uuids')
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("tool_uuids", "guardrail_uuids", "team_uuids"):
        op.add_column("agents", sa.Column(name, UUIDS, nullable=False, server_default="{}"))
    op.add_column("agents", sa.Column("output_schema", JSON))
    op.add_column("agents", sa.Column("fallback_models", JSON, nullable=False, server_default="[]"))
    op.add_column("agents", sa.Column("memory", JSON, nullable=False, server_default="{}"))
    op.add_column("agents", sa.Column("limits", JSON, nullable=False, server_default="{}"))
    op.add_column("agents", sa.Column("reflection", JSON))
    op.execute(DETACH)
    op.execute(DETACH_TEAM)
