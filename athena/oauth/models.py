"""The table of what clients were given. Clients and codes are in no table: they are signed or sealed."""

from __future__ import annotations

import sqlalchemy as sa

from athena.kit.tables import Time, Uuid, metadata

oauth_grants = sa.Table(
    "oauth_grants",
    metadata,
    # The id of the code that was exchanged: a code that is there was used.
    sa.Column("uuid", Uuid, primary_key=True),
    # The access token, which is renewed in its place, so that a user sees and revokes one for each grant.
    sa.Column("token_uuid", Uuid, sa.ForeignKey("tokens.uuid", ondelete="CASCADE"), nullable=False),
    sa.Column("client_hash", sa.LargeBinary, nullable=False),
    sa.Column("refresh_hash", sa.LargeBinary, nullable=False),
    # Of the refresh token before: who shows it again has stolen it, or was stolen from.
    sa.Column("used_hash", sa.LargeBinary),
    sa.Column("expires_at", Time, nullable=False),
    sa.UniqueConstraint("refresh_hash"),
    sa.Index(None, "used_hash"),
    sa.Index(None, "token_uuid"),
    sa.Index(None, "expires_at"),
)
