"""Versions of agents, and channels that lead to versions of agents and prompts.

Revision ID: 0030
Revises: 0029
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from athena.kit.db import SYSTEM_ROLE
from athena.kit.tables import row_security

revision = "0030"
down_revision = "0029"

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.TIMESTAMP(timezone=True)
UUIDS = postgresql.ARRAY(sa.UUID)

VERSIONED = """model, account_uuid, system_prompt, metadata, tool_uuids, guardrail_uuids, team_uuids, output_schema,
    fallback_models, memory, limits, reflection, creator_uuid"""
# What was changed before is not known any more: the first version that is kept is the present one.
KEEP_PRESENT = f"""
INSERT INTO agent_versions (workspace_uuid, uuid, created_at, updated_at, agent_uuid, number, {VERSIONED})
SELECT workspace_uuid, athena_uuid7(), updated_at, updated_at, uuid, version, {VERSIONED} FROM agents
"""
# As it was, and for the versions too: what is deleted falls out of them, so that each can be restored and run.
DETACH = """
CREATE OR REPLACE FUNCTION athena_detach_from_agents() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['agents', 'agent_versions'] LOOP
        EXECUTE format(
            'UPDATE public.%2$I AS a SET revision = revision + 1, updated_at = now(), %1$I = ARRAY('
            'SELECT u FROM unnest(a.%1$I) WITH ORDINALITY AS kept (u, n) WHERE u <> ALL ($1) ORDER BY n) '
            'WHERE a.workspace_uuid = ANY ($2) AND a.%1$I && $1', TG_ARGV[0], target
        ) USING ARRAY(SELECT uuid FROM gone), ARRAY(SELECT DISTINCT workspace_uuid FROM gone);
    END LOOP;
    RETURN NULL;
END $$
"""


def resource(table: str, *items: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", sa.UUID, primary_key=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        *items,
    )
    for statement in row_security(table):
        op.execute(statement)


def create_versions() -> None:
    resource(
        "agent_versions",
        sa.Column("agent_uuid", sa.UUID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("account_uuid", sa.UUID),
        sa.Column("system_prompt", sa.Text),
        sa.Column("metadata", JSON, nullable=False),
        *(
            sa.Column(name, UUIDS, nullable=False, server_default="{}")
            for name in ("tool_uuids", "guardrail_uuids", "team_uuids")
        ),
        sa.Column("output_schema", JSON),
        sa.Column("fallback_models", JSON, nullable=False, server_default="[]"),
        sa.Column("memory", JSON, nullable=False, server_default="{}"),
        sa.Column("limits", JSON, nullable=False, server_default="{}"),
        sa.Column("reflection", JSON),
        sa.Column("creator_uuid", sa.UUID, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "account_uuid"],
            ["accounts.workspace_uuid", "accounts.uuid"],
            ondelete="SET NULL (account_uuid)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "agent_uuid"], ["agents.workspace_uuid", "agents.uuid"], ondelete="CASCADE"
        ),
        sa.UniqueConstraint(
            "workspace_uuid", "agent_uuid", "number", name="uq_agent_versions_workspace_uuid_agent_uuid_number"
        ),
    )
    op.create_index(
        "ix_agent_versions_workspace_uuid_account_uuid", "agent_versions", ["workspace_uuid", "account_uuid"]
    )
    op.execute(f"SET LOCAL ROLE {SYSTEM_ROLE}")
    op.execute(KEEP_PRESENT)
    op.execute("RESET ROLE")


def create_channels(owner: str) -> None:
    number = [f"{owner}_versions.{name}" for name in ("workspace_uuid", f"{owner}_uuid", "number")]
    resource(
        f"{owner}_channels",
        sa.Column(f"{owner}_uuid", sa.UUID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("split_version", sa.Integer),
        sa.Column("split_weight", sa.Double),
        *(
            sa.ForeignKeyConstraint(["workspace_uuid", f"{owner}_uuid", column], number, ondelete="CASCADE")
            for column in ("version", "split_version")
        ),
        sa.CheckConstraint("(split_version IS NULL) = (split_weight IS NULL)", name=op.f(f"ck_{owner}_channels_split")),
        sa.UniqueConstraint(
            "workspace_uuid", f"{owner}_uuid", "name", name=f"uq_{owner}_channels_workspace_uuid_{owner}_uuid_name"
        ),
    )


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_versions()
    for owner in ("agent", "prompt"):
        create_channels(owner)
    op.execute(DETACH)
