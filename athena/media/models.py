"""The table of uploaded files; the bytes lie in the data folder."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Uuid, tenant_table

media = tenant_table(
    "media",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("mime_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    sa.Index(None, "workspace_uuid", "sha256"),
)
