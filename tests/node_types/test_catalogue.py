"""The node types as they are served, and what holds for each of them."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from pydantic import ValidationError

from athena.node_types.catalogue import _shown, catalogue
from athena.node_types.event_trigger import EventTrigger
from athena.node_types.registry import node_types
from athena.node_types.switch import Switch
from athena.permissions import Role
from athena.webhooks.event_types import catalogue as events
from tests.conftest import MakeTenant, Tenant
from tests.node_types.calling import configured, refusal

PATH = "/api/v1/node-types"
TYPES = [pytest.param(kind, id=name) for name, kind in node_types().items()]


def served(name: str) -> Any:
    [found] = [each for each in catalogue() if each["type"] == name]
    return found


async def test_the_types_are_served(owner: Tenant) -> None:
    answer = await owner.get(PATH)
    assert answer.status_code == 200, answer.text
    types = {each["type"]: each for each in answer.json()["data"]}
    assert list(types) == sorted(node_types())
    limit = types["limit"]
    assert limit["name"] == "Limit"
    assert (limit["category"], limit["kind"], limit["dynamic_outputs"], limit["seconds"]) == (
        "flow",
        "pure",
        False,
        None,
    )
    assert limit["inputs"] == [{"name": "input", "title": "Input", "description": ""}]
    assert limit["outputs"] == [{"name": "output", "title": "Output", "description": ""}]
    assert limit["output_schema"] == {"type": "array"}
    assert limit["config_schema"]["properties"]["count"] == {
        "description": "How many items at most.",
        "examples": [10],
        "maximum": 1_000_000,
        "minimum": 0,
        "title": "Count",
        "type": "integer",
    }
    assert limit["config_schema"]["required"] == ["count"]
    assert limit["config_schema"]["properties"]["keep"]["x-expression"] == "none"


async def test_every_member_sees_them_and_nobody_else(make_tenant: MakeTenant) -> None:
    for role in Role:
        assert (await (await make_tenant(role)).get(PATH)).status_code == 200, role
    narrowed = await make_tenant(scopes=["agents.*"])
    answer = await narrowed.get(PATH)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("name", "kind", "seconds"),
    [
        ("manual_trigger", "trigger", None),
        ("switch", "pure", None),
        ("respond_to_webhook", "effect", 10.0),
        ("wait", "wait", None),
        ("loop", "loop", None),
    ],
)
def test_a_type_says_how_it_works(name: str, kind: str, seconds: float | None) -> None:
    assert (served(name)["kind"], served(name)["seconds"]) == (kind, seconds)


def test_a_type_says_whether_its_configuration_adds_ports() -> None:
    assert served("switch")["dynamic_outputs"]
    assert not served("if")["dynamic_outputs"]


def test_a_base_may_add_the_ports() -> None:
    class Derived(Switch):
        type, name, description = "derived", "Derived", "Of a plugin, with a base of its own."

    assert _shown(Derived())["dynamic_outputs"]


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_is_described(kind: Any) -> None:
    about = served(kind.type)
    assert about["description"].endswith(".")
    assert "\n" not in about["description"]
    jsonschema_rs.validator_for(about["config_schema"])
    jsonschema_rs.validator_for(about["output_schema"])
    names = [port.name for port in (*kind.inputs, *kind.outputs)]
    assert len({port.name for port in kind.outputs}) == len(kind.outputs), names


@pytest.mark.parametrize("kind", TYPES)
def test_each_field_is_described_and_unknown_ones_are_refused(kind: Any) -> None:
    schema = served(kind.type)["config_schema"]
    models = [schema, *schema.get("$defs", {}).values()]
    assert not [name for name, field in schema.get("properties", {}).items() if not field.get("description")]
    assert all(model["additionalProperties"] is False for model in models if "properties" in model)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        configured(kind, {"no_such_field": 1})


@pytest.mark.parametrize("kind", TYPES)
def test_examples_are_expressions_or_fit_their_field(kind: Any) -> None:
    schema = served(kind.type)["config_schema"]
    for name, field in schema.get("properties", {}).items():
        for example in field.get("examples", ()):
            one = {**field, "$defs": schema.get("$defs", {})}
            whole = isinstance(example, str) and example.startswith("{{") and example.endswith("}}")
            assert whole or jsonschema_rs.is_valid(one, example), (name, example)


def test_the_webhooks_events_can_start_workflows() -> None:
    kind = EventTrigger()
    for name, family in events():
        assert configured(kind, {"event_types": [name, family]}).event_types == [name, family]
    for name in ("*", "thread", "Thread.created", "thread.created.x", "thread.", ".created", "{{ x }}"):
        assert refusal(kind, {"event_types": [name]})[0] == "event_types.0"
    assert refusal(kind, {"event_types": []})[0] == "event_types"
    twice = {"event_types": ["thread.created", "run.*", "thread.created"]}
    assert refusal(kind, twice) == ("event_types.2", "thread.created stands here twice.")


def test_a_failure_elsewhere_needs_no_configuration() -> None:
    assert configured(node_types()["error_trigger"], {}).model_dump() == {}
    assert node_types()["error_trigger"].inputs == ()
