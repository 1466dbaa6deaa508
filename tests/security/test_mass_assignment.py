"""No request sets what it is not offered: every column of every table is tried in every body."""

from __future__ import annotations

from typing import Any

from athena.kit.tables import metadata
from tests.tenants.conftest import Scene
from tests.tenants.requests import attempt
from tests.tenants.surface import Operation
from tests.tenants.test_tenants import shown

# Tables whose name is not the word in the path.
TABLES = {"members": "workspace_members", "user": "users", "run": "runs", "share": "shares", "shared": "shares"}
# What is worth a try everywhere.
ALWAYS = {
    *("workspace_uuid", "creator_uuid", "user_uuid", "uuid", "id", "created_at", "revision", "role", "status"),
    *("is_builtin", "password_hash", "permissions", "sealed_credentials", "token_hash", "email_verified"),
}

# A workflow's webhook: what is sent to it is what the workflow gets.
TAKES_ANYTHING = {"trigger_webhook"}


def columns(operation: Operation) -> set[str]:
    """The columns of the tables that the path names, and those that are worth a try everywhere."""
    words = [word.replace("-", "_") for word in operation.path.split("/") if word and not word.startswith("{")]
    tables = {TABLES.get(word, word) for word in words} & set(metadata.tables)
    return ALWAYS | {column.name for table in tables for column in metadata.tables[table].columns}


def offered(scene: Scene, operation: Operation) -> set[str]:
    """The fields that the body takes."""
    assert operation.body is not None
    schema = operation.body["schema"]
    kinds = [scene.surface.resolved(each) for each in schema.get("anyOf", [schema])]
    return {name for kind in kinds for name in kind.get("properties", {})}


async def test_what_is_not_offered_is_refused_and_changes_nothing(scene: Scene) -> None:
    attacker = scene.attacker
    before = await scene.rows(attacker)
    wrong: list[str] = []
    tried = 0
    for operation in scene.surface.operations.values():
        if operation.body is None or operation.id in TAKES_ANYTHING:
            continue
        made = attempt(attacker, operation, {})
        names = columns(operation) - offered(scene, operation)
        body: dict[str, Any] = {**(made.body or {}), **dict.fromkeys(names, scene.victim.ids["workspace"])}
        answer = await attacker.tenant.request(operation.method, made.path, params=made.query, json=body)
        refused = set(answer.json().get("errors") or {})
        if answer.status_code != 422 or names - refused:
            wrong.append(f"{operation.id} takes {', '.join(sorted(names - refused))}: {answer.status_code}")
        tried += len(names)
    after = await scene.rows(attacker)
    wrong += [f"rows of {table} have changed" for table in before if before[table] != after[table]]
    assert not wrong, shown(wrong)
    assert tried > 500
