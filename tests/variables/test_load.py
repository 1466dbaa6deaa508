"""What workflows read of a workspace: every variable, and those secrets alone that they name."""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from athena.kit.access import WorkspaceId
from athena.kit.crypto import Keyring, place
from athena.kit.db import Database, Scope
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.rotation import renew, sealed_columns
from athena.kit.tables import metadata
from athena.variables.schemas import VariableCreate
from athena.variables.service import WorkspaceValues, load
from tests.conftest import SECRET_KEY, Tenant
from tests.variables.test_variables import KEY, PATH, create

FORMER = "a former secret key, long enough 0123456789"
Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def loaded(database: Database, tenant: Tenant, *names: str) -> WorkspaceValues:
    workspace = WorkspaceId(tenant.workspace_uuid)
    async with database.session(Scope(workspace)) as session:
        return await load(session, workspace, names)


async def test_all_variables_are_there_and_the_secrets_that_are_named(
    owner: Tenant, stranger: Tenant, database: Database
) -> None:
    await create(owner, "LIMIT", 7)
    await create(owner, "NOTHING", None)
    await create(owner, "SHOP_KEY", KEY, kind="secret")
    await create(owner, "OTHER_KEY", "other", kind="secret")
    await create(stranger, "THEIR_KEY", "theirs", kind="secret")
    assert await loaded(database, owner) == WorkspaceValues({"LIMIT": 7, "NOTHING": None}, {})
    values = await loaded(database, owner, "SHOP_KEY", "THEIR_KEY", "LIMIT", "MISSING")
    assert values == WorkspaceValues({"LIMIT": 7, "NOTHING": None}, {"SHOP_KEY": KEY})
    assert KEY not in repr(values)


async def test_it_reads_what_was_changed_last(owner: Tenant, database: Database) -> None:
    secret, plain = await create(owner, "A", KEY, kind="secret"), await create(owner, "B", [1, 2])
    await owner.put(f"{PATH}/{secret['uuid']}", {"name": "C", "value": "two\nlines é"})
    await owner.put(f"{PATH}/{plain['uuid']}", {"value": {"a": None}})
    assert await loaded(database, owner, "A", "C") == WorkspaceValues({"B": {"a": None}}, {"C": "two\nlines é"})
    await owner.delete(f"{PATH}/{secret['uuid']}")
    assert (await loaded(database, owner, "C")).secrets == {}


# Of greater numbers with a fraction nothing is left but the whole number, which they are to a database.
PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e15, 1e15)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = st.recursive(
    PLAIN | TEXTS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=8
)


@settings(
    max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=VALUES)
async def test_any_json_comes_out_as_it_went_in(owner: Tenant, database: Database, value: Any) -> None:
    name = f"V_{new_uuid().hex}"
    row = await create(owner, name, value)
    assert row["value"] == value
    assert (await loaded(database, owner)).variables[name] == value
    await owner.delete(f"{PATH}/{row['uuid']}")


async def test_it_costs_one_query(owner: Tenant, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        await create(owner, f"V{number}", number)
        await create(owner, f"S{number}", "s", kind="secret")
    asked: list[str] = []
    fetch = asyncpg.Connection.fetch

    async def noted(connection: Any, query: str, *args: Any, **options: Any) -> Any:
        asked.append(query)
        return await fetch(connection, query, *args, **options)

    monkeypatch.setattr(asyncpg.Connection, "fetch", noted)
    values = await loaded(database, owner, "S0", "S1")
    assert (len(values.variables), len(values.secrets), len(asked)) == (3, 2, 1)


async def moved(superuser: Superuser, uuid: str, sealed: bytes) -> None:
    await superuser.execute("UPDATE variables SET sealed_value = $2 WHERE uuid = $1", UUID(uuid), sealed)


async def test_a_secret_that_cannot_be_opened_is_told_by_its_name(
    owner: Tenant, stranger: Tenant, database: Database, superuser: Superuser
) -> None:
    mine = await create(owner, "GOOD", KEY, kind="secret")
    bad = await create(owner, "BAD", "x", kind="secret")
    theirs = await create(stranger, "GOOD", "x", kind="secret")
    sealed = await superuser.fetchval("SELECT sealed_value FROM variables WHERE uuid = $1", UUID(mine["uuid"]))
    for row in (bad, theirs):
        await moved(superuser, row["uuid"], sealed)
    with pytest.raises(ValidationFailed) as error:
        await loaded(database, owner, "GOOD", "BAD")
    assert error.value.error_code == "secret_unreadable"
    assert error.value.errors is not None
    assert list(error.value.errors) == ["secrets.BAD"]
    assert KEY not in str(error.value)
    with pytest.raises(ValidationFailed, match="GOOD"):
        await loaded(database, stranger, "GOOD")
    assert (await loaded(database, owner, "GOOD")).secrets == {"GOOD": KEY}, "the other one is nobody's concern here"


async def test_secrets_are_sealed_anew_with_a_new_key(owner: Tenant, database: Database, superuser: Superuser) -> None:
    uuid = (await create(owner, "OLD", "x", kind="secret"))["uuid"]
    await create(owner, "PLAIN", 1)
    spot = place("variables", owner.workspace_uuid, uuid, "value")
    await moved(superuser, uuid, Keyring([FORMER]).seal(KEY.encode(), spot))
    with pytest.raises(ValidationFailed, match="enter the secret again"):
        await loaded(database, owner, "OLD")
    [column] = [each for each in sealed_columns(metadata) if each.table == "variables"]
    assert (await renew(database, Keyring([SECRET_KEY, FORMER]), column)).sealed == 1
    assert (await loaded(database, owner, "OLD")).secrets == {"OLD": KEY}
    again = await owner.put(f"{PATH}/{uuid}", {"value": "entered again"})
    assert again.status_code == 200
    assert (await loaded(database, owner, "OLD")).secrets == {"OLD": "entered again"}


@pytest.mark.parametrize(
    "columns",
    [
        "kind = 'variable'",
        "value = '1'",
        "sealed_value = NULL",
        "hint = NULL",
        "kind = 'constant'",
    ],
)
async def test_the_database_keeps_secrets_and_variables_apart(
    owner: Tenant, superuser: Superuser, columns: str
) -> None:
    uuid = (await create(owner, "A", KEY, kind="secret"))["uuid"]
    with pytest.raises(asyncpg.CheckViolationError):
        await superuser.execute(f"UPDATE variables SET {columns} WHERE uuid = $1", UUID(uuid))


def test_no_secret_is_in_the_text_of_a_request() -> None:
    assert KEY not in repr(VariableCreate(name="A", kind="secret", value=KEY))
