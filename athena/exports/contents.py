"""What an export holds, from the tables themselves: a new table is in it without anybody's doing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from athena.kit.reach import Reach, is_of_agent
from athena.kit.tables import metadata

LEFT_OUT: Mapping[str, str] = {
    "run_events": "The engine's log, in pieces; what was said is whole in messages and runs.",
    "row_counts": "Numbers of rows.",
    "row_count_deltas": "Numbers of rows.",
    "row_count_spans": "Numbers of rows.",
    "execution_counts": "Numbers of executions.",
    "execution_count_deltas": "Numbers of executions.",
    "idempotency_keys": "Answers that are kept for a day, encrypted, to be repeated.",
    "budget_reservations": "What is set aside while a model is asked.",
    "memory_vectors": "What memories mean to a model, made from their content.",
    "memory_cells": "What of that is alike.",
    "memory_extractions": "How far threads were read for memories.",
    "memory_extraction_progress": "How far threads were read for memories.",
    "leftovers": "What deletions still have to reach.",
    "exports": "The exports themselves.",
    "password_resets": "Nothing but a secret's hash.",
    "oauth_grants": "Nothing but secrets' hashes.",
}
"""Tables of a workspace or a user that are in no export, and why."""

SECRET = re.compile(r"(^|_)(sealed|secret|hash|password)(_|$)")
INTERNAL: Mapping[str, frozenset[str]] = {
    "runs": frozenset(
        {
            "queue_key",
            "position",
            "process_uuid",
            "lease_number",
            "attempts",
            "waits",
            "deadline_at",
            "queue_limit",
            "traceparent",
        }
    ),
}
"""Columns that say something to the program alone."""

# Beside the tables of a workspace: itself, and who is in it, as its members see them.
AROUND: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "workspaces": (
        "uuid = '{workspace}'",
        ("uuid", "created_at", "updated_at", "name", "slug", "description", "settings", "retention"),
    ),
    "users": (
        "uuid IN (SELECT user_uuid FROM workspace_members WHERE workspace_uuid = '{workspace}')",
        ("uuid", "name", "email", "profile"),
    ),
}
# What was said to a user in threads that they began is theirs, too.
ALSO_THEIRS: Mapping[str, str] = {
    "messages": "thread_uuid IN (SELECT uuid FROM threads WHERE workspace_uuid = '{workspace}'"
    " AND creator_uuid = '{user}')"
}


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an export: rows of a table, as JSON Lines."""

    table: str
    file: str
    columns: tuple[str, ...]
    where: str
    order: str = ""

    @property
    def sql(self) -> str:
        """The query of its lines; ids are all that stands in it, so that they can stand in the text."""
        rows = f"SELECT {', '.join(self.columns)} FROM {self.table} WHERE {self.where}{self.order}"
        return f"SELECT row_to_json(part)::text AS line FROM ({rows}) AS part"


def columns(table: sa.Table) -> tuple[str, ...]:
    """The columns that are exported: nothing secret, and nothing that is computed from others."""
    internal = INTERNAL.get(table.name, frozenset())
    return tuple(
        column.name
        for column in table.columns
        if not (
            column.name in internal
            or SECRET.search(column.name)
            or isinstance(column.type, sa.LargeBinary | postgresql.TSVECTOR)
            or column.computed is not None
            or type(column.type).__module__.startswith("pgvector")
        )
    )


def of_workspace(workspace_uuid: UUID) -> Iterator[Part]:
    """Everything of a workspace."""
    for name, (where, names) in AROUND.items():
        yield Part(name, f"{name}.jsonl", names, where.format(workspace=workspace_uuid))
    for table in metadata.sorted_tables:
        if "workspace_uuid" in table.columns and table.name not in LEFT_OUT:
            where = f"workspace_uuid = '{workspace_uuid}'"
            yield Part(table.name, f"{table.name}.jsonl", columns(table), where, _order(table))


def of_user(user_uuid: UUID) -> Iterator[Part]:
    """What is a user's own, outside of any workspace."""
    users = metadata.tables["users"]
    yield Part("users", "users.jsonl", columns(users), f"uuid = '{user_uuid}'")
    for table in _about_users():
        if not _belongs_to_workspace(table):
            yield Part(table.name, f"{table.name}.jsonl", columns(table), _theirs(table, user_uuid))


def of_user_in(user_uuid: UUID, workspace_uuid: UUID) -> Iterator[Part]:
    """What is a user's own in one workspace."""
    for table in _about_users():
        if not _belongs_to_workspace(table):
            continue
        theirs = _theirs(table, user_uuid)
        if table.name in ALSO_THEIRS:
            theirs += f" OR {ALSO_THEIRS[table.name].format(workspace=workspace_uuid, user=user_uuid)}"
        where = f"workspace_uuid = '{workspace_uuid}' AND ({theirs})"
        if is_of_agent(table):
            # What they did to an agent that does not exist for them any more is not theirs.
            reach = Reach(workspace_uuid, user_uuid, role_unknown=True)
            where += f" AND {reach.sees_of(_quoted, table.name)}"
        yield Part(table.name, f"workspaces/{workspace_uuid}/{table.name}.jsonl", columns(table), where, _order(table))


def _quoted(value: object) -> str:
    return f"'{value}'"


def _about_users() -> Iterator[sa.Table]:
    return (table for table in metadata.sorted_tables if table.name not in LEFT_OUT and _user_columns(table))


def _belongs_to_workspace(table: sa.Table) -> bool:
    column = table.columns.get("workspace_uuid")
    # Memberships are of both, and a user sees all of their own.
    return column is not None and not column.nullable and table.name != "workspace_members"


def _user_columns(table: sa.Table) -> list[str]:
    return [
        column.name
        for column in table.columns
        if column.name == "user_uuid" or any(foreign.column.table.name == "users" for foreign in column.foreign_keys)
    ]


def _theirs(table: sa.Table, user_uuid: UUID) -> str:
    return " OR ".join(f"{column} = '{user_uuid}'" for column in _user_columns(table))


def _order(table: sa.Table) -> str:
    """By the key, where that begins with the workspace, and so costs nothing."""
    key = [column.name for column in table.primary_key.columns]
    return f" ORDER BY {', '.join(key)}" if key[:1] == ["workspace_uuid"] else ""
