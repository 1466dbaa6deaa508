"""How tables are declared: one metadata, the columns that every resource has, and row-level security by workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit.db import SYSTEM_ROLE, TENANT_ROLE

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Uuid = postgresql.UUID(as_uuid=True)
Uuids = postgresql.ARRAY(Uuid)
Json = postgresql.JSONB(none_as_null=True)
Time = sa.TIMESTAMP(timezone=True)
SEALED = "sealed"
"""The key in a column's ``info`` that :func:`sealed_column` leaves."""


def resource_columns() -> list[sa.Column[object]]:
    """What each resource has; ``revision`` grows by one with each update and is its ETag."""
    return [
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    ]


def tenant_table(name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    """A resource's table in a workspace. Its key begins with the workspace, so that a foreign key cannot leave it."""
    return sa.Table(
        name,
        metadata,
        sa.Column("workspace_uuid", Uuid, sa.ForeignKey("workspaces.uuid", ondelete="CASCADE"), primary_key=True),
        sa.Column("uuid", Uuid, primary_key=True),
        *resource_columns(),
        *items,
    )


def sealed_column(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    """A column of secrets, sealed by ``kit.crypto.Keyring`` at ``place(<table>, <workspace>, <uuid>, <name>)``.

    Its name begins with ``sealed_``, which the place leaves out. What is declared so, `athena secrets rotate` finds.
    """
    return sa.Column(name, sa.LargeBinary, nullable=nullable, info={SEALED: name.removeprefix("sealed_")})


SLUG: Final = "nullif(trim(both '-' from regexp_replace(lower(name), '[^[:alnum:]]+', '-', 'g')), '')"


def slug() -> sa.Column[str]:
    """What a name comes to where it must be one word. A column: behind row-level security no function uses an index."""
    return sa.Column("slug", sa.Text, sa.Computed(SLUG, persisted=True))


def same_workspace(column: str, target: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    """A foreign key from ``column`` to another table's row of the same workspace.

    ``ondelete`` may be ``CASCADE``, ``RESTRICT`` or ``SET NULL (<column>)``.
    """
    return sa.ForeignKeyConstraint(
        ["workspace_uuid", column], [f"{target}.workspace_uuid", f"{target}.uuid"], ondelete=ondelete
    )


def row_security(table: str, *, rows: str = "workspace_uuid = (SELECT athena_workspace())") -> Sequence[str]:
    """The statements that put ``table`` under forced row-level security; ``rows`` says which a tenant sees."""
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} TO {TENANT_ROLE} USING ({rows}) WITH CHECK ({rows})",
        f"CREATE POLICY system ON {table} TO {SYSTEM_ROLE} USING (true) WITH CHECK (true)",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {TENANT_ROLE}, {SYSTEM_ROLE}",
    )


def row_counter(table: str) -> Sequence[str]:
    """The statements that keep ``table``'s number of rows per workspace, so that a list's total costs no scan."""
    return tuple(
        f"CREATE TRIGGER count_{event.lower()} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed "
        f"FOR EACH STATEMENT EXECUTE FUNCTION athena_count_rows('{sign}')"
        for event, rows, sign in (("INSERT", "NEW", "1"), ("DELETE", "OLD", "-1"))
    )
