"""How far threads were read for memories; and what supersedes stays superseded where its middle is deleted.

Revision ID: 0032
Revises: 0031
Create Date: 2026-11-24
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from athena.kit.tables import row_security

revision = "0032"
down_revision = "0031"

# Of three memories of which each supersedes the one before, the middle one goes: the newest now supersedes the oldest.
# Named so that it comes before the foreign key's own trigger, which would empty what is looked for.
INHERIT = """
CREATE FUNCTION athena_inherit_superseded() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    older uuid := OLD.supersedes_uuid;
BEGIN
    -- What was deleted by the same statement is passed over.
    WHILE older IS NOT NULL AND EXISTS (
        SELECT FROM gone WHERE gone.workspace_uuid = OLD.workspace_uuid AND gone.uuid = older
    ) LOOP
        SELECT gone.supersedes_uuid INTO older FROM gone
        WHERE gone.workspace_uuid = OLD.workspace_uuid AND gone.uuid = older;
    END LOOP;
    UPDATE public.memories AS m SET supersedes_uuid = older
    WHERE m.workspace_uuid = OLD.workspace_uuid AND m.supersedes_uuid = OLD.uuid AND EXISTS (
        SELECT FROM public.memories AS o WHERE o.workspace_uuid = OLD.workspace_uuid AND o.uuid = older
    );
    RETURN NULL;
END $$
"""
INHERIT_TRIGGER = """
CREATE TRIGGER "A_inherit_superseded" AFTER DELETE ON memories REFERENCING OLD TABLE AS gone
FOR EACH ROW WHEN (OLD.supersedes_uuid IS NOT NULL) EXECUTE FUNCTION athena_inherit_superseded()
"""


def create_tables() -> None:
    op.create_table(
        "memory_extraction_progress",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("looked_until", sa.TIMESTAMP(timezone=True), nullable=False),
    )
    op.create_table(
        "memory_extractions",
        sa.Column("workspace_uuid", sa.UUID, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("thread_uuid", sa.UUID, primary_key=True),
        sa.Column("through_uuid", sa.UUID, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_uuid", "thread_uuid"], ["threads.workspace_uuid", "threads.uuid"], ondelete="CASCADE"
        ),
    )
    for table in ("memory_extraction_progress", "memory_extractions"):
        for statement in row_security(table):
            op.execute(statement)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    create_tables()
    extracting = sa.text("memory ->> 'extract' = 'true'")
    op.create_index("ix_agents_extracting", "agents", ["workspace_uuid"], postgresql_where=extracting)
    op.execute(INHERIT)
    op.execute(INHERIT_TRIGGER)
