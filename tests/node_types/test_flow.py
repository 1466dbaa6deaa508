"""Ways through a workflow: switches, ends, and notes beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from athena.node_types.base import NodeFailed, Result
from athena.node_types.note import Note
from athena.node_types.stop_with_error import StopWithError
from athena.node_types.switch import Switch
from tests.node_types.calling import Expressions, compute, failure, refusal

SWITCH, STOP, NOTE = Switch(), StopWithError(), Note()
CASES = [{"name": name, "condition": f"{{{{ {name} }}}}"} for name in ("urgent", "large", "new")]


def holding(*names: str) -> Expressions:
    """Each case's condition, which holds for those that are named."""

    def condition(name: str) -> Callable[[Mapping[str, Any]], bool]:
        return lambda _: name in names

    return {case["condition"]: condition(case["name"]) for case in CASES}


# -- switch ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "holds", "ways"),
    [
        ("first", ("large", "new"), ["large"]),
        ("all", ("large", "new"), ["large", "new"]),
        ("first", (), ["default"]),
        ("all", (), ["default"]),
    ],
)
def test_the_input_goes_on_by_the_cases_that_fit(match: str, holds: tuple[str, ...], ways: list[str]) -> None:
    result = compute(SWITCH, {"cases": CASES, "match": match}, {"id": 7}, holding(*holds))
    assert result == Result({way: {"id": 7} for way in ways})
    assert list(result.outputs) == ways


def test_conditions_after_the_first_that_holds_are_not_evaluated() -> None:
    def fail(_: Mapping[str, Any]) -> bool:
        raise NodeFailed("expression_error", "There is no field total.")

    expressions: Expressions = {**holding("urgent"), "{{ large }}": fail}
    assert list(compute(SWITCH, {"cases": CASES}, 1, expressions).outputs) == ["urgent"]
    assert failure(SWITCH, {"cases": CASES, "match": "all"}, 1, expressions)[0] == "expression_error"


def test_a_case_takes_true_or_false_alone() -> None:
    expressions: Expressions = {**holding(), "{{ large }}": lambda _: "yes"}
    message = "The condition of the case large gives a text, not true or false."
    assert failure(SWITCH, {"cases": CASES}, 1, expressions) == ("wrong_condition", message)


def test_each_case_has_a_port() -> None:
    assert [port.name for port in SWITCH.output_ports({"cases": CASES})] == ["urgent", "large", "new", "default"]


@pytest.mark.parametrize(
    "cases",
    [None, "x", {}, [], [None, 7, {}, {"name": 3}, {"name": ""}, {"name": "default"}, {"name": "error"}]],
)
def test_a_draft_has_the_ports_that_make_sense(cases: Any) -> None:
    assert [port.name for port in SWITCH.output_ports({"cases": cases})] == ["default"]
    twice = [{"name": "a"}, {"name": "a"}]
    assert [port.name for port in SWITCH.output_ports({"cases": twice})] == ["a", "default"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("urgent", "There is another case called urgent."),
        ("default", "No case may be called default: each node has that port."),
        ("error", "No case may be called error: each node has that port."),
    ],
)
def test_a_case_has_a_name_of_its_own(name: str, message: str) -> None:
    data = {"cases": [*CASES, {"name": name, "condition": "{{ true }}"}]}
    assert refusal(SWITCH, data) == ("cases.3.name", message)


@pytest.mark.parametrize(
    ("case", "path"),
    [
        ({"name": "two words", "condition": "{{ true }}"}, "cases.0.name"),
        ({"name": "{{ x }}", "condition": "{{ true }}"}, "cases.0.name"),
        ({"name": "a", "condition": "true"}, "cases.0.condition"),
        ({"name": "a", "condition": True}, "cases.0.condition"),
        ({"name": "a"}, "cases.0.condition"),
    ],
)
def test_a_case_that_makes_no_sense_is_refused(case: dict[str, Any], path: str) -> None:
    assert refusal(SWITCH, {"cases": [case]})[0] == path
    assert refusal(SWITCH, {"cases": []})[0] == "cases"


# -- the end -----------------------------------------------------------------------------------------------------------


def test_an_execution_ends_with_the_error_that_was_asked_for() -> None:
    data = {"message": "Order 7 has no items.", "code": "empty_order"}
    assert failure(STOP, data) == ("empty_order", "Order 7 has no items.")
    assert failure(STOP, {"message": {"id": 7}}) == ("stopped", '{"id":7}')


def test_a_long_message_is_cut_and_the_execution_ends_all_the_same() -> None:
    _, message = failure(STOP, {"message": "x" * 3_000})
    assert message == f"{'x' * 1_999}…"
    assert failure(STOP, {"message": "x" * 2_000})[1] == "x" * 2_000


def test_an_error_has_a_code_by_which_it_is_found() -> None:
    assert refusal(STOP, {"message": "x", "code": "Not Found"})[0] == "code"
    assert refusal(STOP, {"message": ""})[0] == "message"
    assert STOP.output_ports({}) == ()


# -- notes -------------------------------------------------------------------------------------------------------------


def test_a_note_has_no_ports_and_gives_nothing() -> None:
    assert (NOTE.inputs, NOTE.output_ports({})) == ((), ())
    assert compute(NOTE, {"text": "# Why\n{{ as it stands }}", "color": "blue"}).outputs == {}
    assert refusal(NOTE, {"color": "#fff"})[0] == "color"
    assert refusal(NOTE, {"text": "x" * 20_001})[0] == "text"
