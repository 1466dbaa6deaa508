"""By which names agents and workflows go in other dialects.

Revision ID: 0038
Revises: 0037
Create Date: 2026-11-25
"""

from __future__ import annotations

from alembic import op

revision = "0038"
down_revision = "0037"

SLUG = "nullif(trim(both '-' from regexp_replace(lower(name), '[^[:alnum:]]+', '-', 'g')), '')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("agents", "workflows"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN slug text GENERATED ALWAYS AS ({SLUG}) STORED")
        op.create_index(f"ix_{table}_workspace_uuid_slug_uuid", table, ["workspace_uuid", "slug", "uuid"])
