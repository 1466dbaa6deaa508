"""Forms: what may be filled in, and how the workflow gets it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from athena.approvals.fields import FormField, filled
from athena.kit.errors import ValidationFailed
from tests.approvals.conftest import PATH, Asking, code
from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
STREET = {"name": "street", "required": True}
FIELDS = [
    FormField(name="text"),
    FormField(name="number", type="number"),
    FormField(name="boolean", type="boolean"),
    FormField(name="choice", type="choice", options=["a", "b"]),
    FormField(name="date", type="date"),
]
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text("aZ9 ä漢\n", min_size=1),
    "number": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "choice": st.sampled_from(["a", "b"]),
    "date": st.dates().map(lambda each: each.isoformat()),
}


async def fill_in(tenant: Tenant, question: dict[str, Any], values: Any) -> Any:
    return await tenant.post(f"{PATH}/{question['uuid']}/answer", {"values": values})


async def test_what_is_filled_in_is_the_nodes_output(asking: Asking) -> None:
    size = {"name": "size", "type": "choice", "options": ["s", "m"], "default": "m", "label": "Size"}
    run, question = await asking.form(STREET, size, {"name": "floor", "type": "number"}, message="For the parcel.")
    assert (question["kind"], question["message"], question["payload"]) == ("form", "For the parcel.", None)
    assert question["fields"][1] == {"required": False, "description": "", **size}
    answered = await fill_in(asking.owner, question, {"street": "Main Street 1"})
    assert answered.status_code == 200, answered.text
    values = {"street": "Main Street 1", "size": "m", "floor": None}
    assert answered.json()["data"]["status"] == "answered"
    assert answered.json()["data"]["answers"][0]["values"] == values
    assert (await asking.ended(run))["output"] == values


async def test_choices_may_come_from_an_expression(asking: Asking) -> None:
    colour: dict[str, Any] = {"name": "colour", "type": "choice", "options": "{{ ['red', 'blue'] }}", "required": True}
    run, question = await asking.form(colour)
    assert (await fill_in(asking.owner, question, {"colour": "green"})).status_code == 422
    assert (await fill_in(asking.owner, question, {"colour": "blue"})).status_code == 200
    assert (await asking.ended(run))["output"] == {"colour": "blue"}


async def test_a_form_that_nobody_fills_in_goes_on_by_expired(asking: Asking) -> None:
    run, question = await asking.form(STREET, expires_after_seconds=0.3, on_expiry="branch")
    assert (await asking.ended(run))["output"] == {"late": True}
    assert (await asking.show(question))["status"] == "expired"
    assert code(await fill_in(asking.owner, question, {"street": "x"})) == (409, "approval_closed")


async def test_a_form_is_not_approved(asking: Asking) -> None:
    run, question = await asking.form(STREET)
    for body in ({"decision": "approved"}, {"values": {"street": "x"}, "payload": 1}, {"values": {"street": ""}}, {}):
        refused = await asking.owner.post(f"{PATH}/{question['uuid']}/answer", body)
        assert refused.status_code == 422, body
    approve = await asking.owner.post(f"/api/v1/runs/{run}/approve", {"decision": "approved"})
    assert code(approve) == (409, "nothing_to_approve")
    assert (await asking.show(question))["status"] == "open"


@UNTIMED
@given(st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in RIGHT.items()}))
def test_right_values_come_out_as_they_are(values: dict[str, Any]) -> None:
    assert filled(FIELDS, values) == {**dict.fromkeys(RIGHT), **values}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("aä ", max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("aä ", max_size=5), inner),
    max_leaves=10,
)


def tried(values: dict[str, Any]) -> tuple[dict[str, Any] | None, set[str]]:
    """What was taken, and the fields that were not."""
    try:
        return filled(FIELDS, values), set()
    except ValidationFailed as error:
        return None, {path.partition(".")[2] for path in error.errors or ()}


@UNTIMED
@given(st.dictionaries(st.sampled_from([*RIGHT, "other"]), JSON))
def test_whatever_is_sent_fits_or_is_refused_by_field(values: dict[str, Any]) -> None:
    found, refused = tried(values)
    if found is None:
        assert refused
        assert refused <= set(values)
        return
    assert filled(FIELDS, found) == found
    assert all(
        value is None or value == "" or not field.problem(value)
        for field, value in zip(FIELDS, found.values(), strict=True)
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 1),
        ("text", "x" * 10_001),
        ("number", "1"),
        ("number", True),
        ("boolean", "true"),
        ("boolean", 0),
        ("choice", "c"),
        ("choice", ["a"]),
        ("date", "31.1.2026"),
        ("date", "2026-02-30"),
        ("date", "20260131"),
        ("date", "2026-01-31T08:00:00Z"),
    ],
)
def test_wrong_values_are_refused(kind: str, value: Any) -> None:
    with pytest.raises(ValidationFailed) as refused:
        filled(FIELDS, {kind: value})
    assert list(refused.value.errors or ()) == [f"values.{kind}"]


@pytest.mark.parametrize("value", [None, "", "missing"])
def test_what_is_required_must_be_there(value: str | None) -> None:
    fields = [FormField(name="text", required=True), FormField(name="date", type="date", required=True)]
    given = {} if value == "missing" else {"text": value, "date": value}
    with pytest.raises(ValidationFailed) as refused:
        filled(fields, given)
    assert list(refused.value.errors or ()) == ["values.date", "values.text"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ([], "data.fields"),
        ([{"name": "1st"}], "data.fields.0.name"),
        ([{"name": "a"}, {"name": "a"}], "data"),
        ([{"name": "a", "type": "choice"}], "data.fields.0"),
        ([{"name": "a", "options": ["x"]}], "data.fields.0"),
        ([{"name": "a", "type": "date", "default": "today"}], "data.fields.0"),
        ([{"name": "a", "type": "file"}], "data.fields.0.type"),
    ],
)
async def test_a_wrong_form_is_seen_when_it_is_saved(owner: Tenant, fields: list[Any], path: str) -> None:
    workflow = await create(owner, [node("ask", "form", {"title": "A?", "fields": fields})], [("start", "ask")])
    assert [each["path"] for each in workflow["problems"]] == [path]
