"""The tables of memories: what is known, what it means, and what is alike."""

from __future__ import annotations

import sqlalchemy as sa
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql

from athena.kit.tables import Json, Time, Uuid, metadata, same_workspace, tenant_table


def _source(kind: str) -> sa.Column[object]:
    """The source, as a key to what it is; so that deleting a source deletes what came from it."""
    computed = sa.Computed(f"CASE WHEN source_type = '{kind}' THEN source_uuid END", persisted=True)
    return sa.Column(f"source_{kind}_uuid", Uuid, computed)


memories = tenant_table(
    "memories",
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("agent_uuid", Uuid),
    sa.Column("user_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="CASCADE")),
    sa.Column("thread_uuid", Uuid),
    sa.Column("source_type", sa.Text),
    sa.Column("source_uuid", Uuid),
    sa.Column("source_url", sa.Text),
    sa.Column("source_position", sa.Integer),
    sa.Column("source_title", sa.Text),
    sa.Column("source_location", sa.Text),
    # The message that the source answers: what was learnt from both goes with either.
    sa.Column("source_parent_uuid", Uuid),
    # The agent's source that taught it, and what of it: the same passage is learnt once.
    sa.Column("agent_source_uuid", Uuid),
    sa.Column("content_hash", sa.Text),
    _source("message"),
    _source("thread"),
    _source("media"),
    sa.Column("confidence", sa.Double, nullable=False),
    sa.Column("expires_at", Time),
    sa.Column("supersedes_uuid", Uuid),
    sa.Column("used_count", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_used_at", Time),
    sa.Column("creator_uuid", Uuid, sa.ForeignKey("users.uuid", ondelete="SET NULL")),
    # Empty: its meaning was not read yet.
    sa.Column("embedding_model", sa.Text, nullable=False, server_default=""),
    sa.Column(
        "words",
        postgresql.TSVECTOR,
        sa.Computed("to_tsvector('simple'::regconfig, \"left\"(content, 50000))", persisted=True),
        nullable=False,
    ),
    same_workspace("agent_uuid", "agents", ondelete="CASCADE"),
    same_workspace("thread_uuid", "threads", ondelete="CASCADE"),
    same_workspace("source_message_uuid", "messages", ondelete="CASCADE"),
    same_workspace("source_thread_uuid", "threads", ondelete="CASCADE"),
    same_workspace("source_media_uuid", "media", ondelete="CASCADE"),
    same_workspace("source_parent_uuid", "messages", ondelete="CASCADE"),
    same_workspace("agent_source_uuid", "agent_sources", ondelete="CASCADE"),
    same_workspace("supersedes_uuid", "memories", ondelete="SET NULL (supersedes_uuid)"),
    sa.CheckConstraint("kind IN ('fact', 'preference', 'episode', 'knowledge')", name="kind"),
    sa.CheckConstraint("scope IN ('workspace', 'user', 'agent', 'thread')", name="scope"),
    sa.CheckConstraint(
        "(agent_uuid IS NOT NULL) = (scope = 'agent') AND (user_uuid IS NOT NULL) = (scope = 'user') "
        "AND (thread_uuid IS NOT NULL) = (scope = 'thread')",
        name="place",
    ),
    sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    sa.Index(None, "workspace_uuid", "updated_at", "uuid"),
    sa.Index(None, "workspace_uuid", "used_count", "uuid"),
    sa.Index(None, "workspace_uuid", "kind", "uuid"),
    sa.Index(None, "workspace_uuid", "scope", "uuid"),
    sa.Index(None, "workspace_uuid", "agent_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "user_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "thread_uuid", "uuid"),
    sa.Index(None, "workspace_uuid", "source_uuid", "source_type"),
    sa.Index(None, "workspace_uuid", "source_message_uuid"),
    sa.Index(None, "workspace_uuid", "source_thread_uuid"),
    sa.Index(None, "workspace_uuid", "source_media_uuid"),
    sa.Index(None, "workspace_uuid", "supersedes_uuid"),
    sa.Index(None, "workspace_uuid", "source_parent_uuid", postgresql_where=sa.text("source_parent_uuid IS NOT NULL")),
    sa.Index(
        "uq_memories_passage",
        "workspace_uuid",
        "agent_source_uuid",
        "content_hash",
        unique=True,
        postgresql_where=sa.text("agent_source_uuid IS NOT NULL"),
    ),
    sa.Index(None, "user_uuid"),
    sa.Index(None, "creator_uuid"),
    sa.Index(None, "embedding_model"),
    sa.Index(None, "workspace_uuid", "embedding_model"),
    sa.Index(None, "expires_at"),
    # What was told to an agent, beside what it was trained with, which may be a thousand times as much.
    sa.Index(
        "ix_memories_told",
        "workspace_uuid",
        "agent_uuid",
        postgresql_where=sa.text("kind <> 'knowledge' AND agent_uuid IS NOT NULL"),
    ),
    sa.Index(
        "ix_memories_words", "workspace_uuid", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}
    ),
)

PLACE = ("scope", "kind", "agent_uuid", "user_uuid", "thread_uuid")
"""The columns of a memory that its vectors have, too: a search need not look at a memory to leave it out."""

memory_vectors = sa.Table(
    "memory_vectors",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("memory_uuid", Uuid, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    # 0: in none yet. See `cells`.
    sa.Column("cell", sa.Integer, nullable=False, server_default="0"),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("agent_uuid", Uuid),
    sa.Column("user_uuid", Uuid),
    sa.Column("thread_uuid", Uuid),
    # Half precision, of any length, in the row itself.
    sa.Column("embedding", HALFVEC(), nullable=False),
    same_workspace("memory_uuid", "memories", ondelete="CASCADE"),
    # A cell's vectors lie side by side in it, and are read without their rows.
    sa.Index(
        "ix_memory_vectors_cells",
        "workspace_uuid",
        "model",
        "cell",
        "memory_uuid",
        postgresql_include=[*PLACE, "embedding"],
    ),
)

# Which model tells what a workspace's memories mean; no row: the packaged one.
embedding_settings = sa.Table(
    "embedding_settings",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    # Null: the packaged model.
    sa.Column("account_uuid", Uuid),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("dimensions", sa.Integer),
    # The space in which every memory is, and which is therefore searched; see `spaces`.
    sa.Column("searched", Json, nullable=False),
    sa.Column("switched_at", Time, nullable=False),
    same_workspace("account_uuid", "accounts", ondelete="SET NULL (account_uuid)"),
    sa.Index(None, "workspace_uuid", "account_uuid"),
)

memory_cells = sa.Table(
    "memory_cells",
    metadata,
    sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    # Those of an earlier generation are there until no vector is in them any more.
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("centroid", HALFVEC(), nullable=False),
)
