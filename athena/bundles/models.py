"""The tables of bundles: those that were uploaded, for a day, and what was made of bundles in a workspace."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Json, Time, Uuid, tenant_table

bundles = tenant_table(
    "bundles",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("archive", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.Index(None, "creator_uuid"),
    sa.Index(None, "expires_at"),
)

bundle_resources = tenant_table(
    "bundle_resources",
    sa.Column("bundle", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("resource_uuid", Uuid, nullable=False),
    # What the bundle said when it was last applied, and what the resource was then: a service may complete it.
    sa.Column("wanted", Json, nullable=False),
    sa.Column("applied", Json, nullable=False),
    sa.UniqueConstraint("workspace_uuid", "bundle", "kind", "key", name="uq_bundle_resources_workspace_uuid_bundle"),
)
