"""A prompt's text: what it names, what fits its variables, and what comes of both."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.kit.errors import ValidationFailed
from athena.prompts import template


def variable(name: str, kind: str = "string", **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "description": "",
        "required": None,
        "default": None,
        "options": None,
        **fields,
    }


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("Hello", []),
        ("{{name}}", ["name"]),
        ("{{ b }} and {{a}} and {{b}}", ["b", "a"]),
        ("{{{name}}}", ["name"]),
        (r"\{{name}}", []),
        ("{{ open", []),
        ('{"a": {"b": 1}}', []),
    ],
    ids=["none", "one", "in order, each once", "in braces", "escaped", "not closed", "JSON"],
)
def test_the_names_that_a_text_holds(content: str, names: list[str]) -> None:
    assert template.names_in(content) == names


@pytest.mark.parametrize(
    "content", ["{{first name}}", "{{}}", "{{1}}", "{{user.name}}", "{{naïve}}", "{{" + "a" * 65 + "}}"]
)
def test_what_is_no_name_is_refused_with_a_hint(content: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        template.names_in(content)
    assert "content" in (refused.value.errors or {})
    assert r"\{{" in refused.value.detail


def test_what_nobody_declared_is_required_text() -> None:
    declared = template.declared("{{a}} {{b}}", [variable("b", "integer", default=3)])
    assert [(each["name"], each["type"], each["required"]) for each in declared] == [
        ("b", "integer", False),
        ("a", "string", True),
    ]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ([variable("a"), variable("a")], "variables.1.name"),
        ([variable("a", "integer", default="3")], "variables.0.default"),
        ([variable("a", "integer", default=True)], "variables.0.default"),
        ([variable("a", "enum")], "variables.0.options"),
        ([variable("a", "string", options=["x"])], "variables.0.options"),
        ([variable("a", "enum", options=["x"], default="y")], "variables.0.default"),
    ],
    ids=["twice", "text for a number", "truth for a number", "no options", "options of a text", "no option"],
)
def test_a_wrong_declaration_is_refused_where_it_is_wrong(wrong: list[dict[str, Any]], path: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        template.declared("", wrong)
    assert list(refused.value.errors or {}) == [path]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("string", "x", "x"),
        ("number", 1.5, "1.5"),
        ("number", 2, "2"),
        ("integer", -3, "-3"),
        ("boolean", False, "false"),
        ("array", [1, "ä"], '[1,"ä"]'),
        ("object", {"a": None}, '{"a":null}'),
    ],
)
def test_each_type_has_its_text(kind: str, value: Any, text: str) -> None:
    assert template.texts([variable("v", kind, required=True)], {"v": value}) == {"v": text}


def test_all_that_is_wrong_with_the_values_is_told_at_once() -> None:
    variables = [
        variable("count", "integer", required=True),
        variable("tone", "enum", options=["warm", "cold"], required=True),
        variable("text", required=True),
        variable("note", required=False),
    ]
    with pytest.raises(ValidationFailed) as refused:
        template.texts(variables, {"count": 1.0, "tone": "loud", "other": 1})
    assert refused.value.errors == {
        "variables.count": ["It must be a whole number."],
        "variables.tone": ["It must be one of: warm, cold."],
        "variables.text": ["This variable is required."],
        "variables.other": ["The prompt has no such variable."],
    }
    assert list(refused.value.errors or ()) == sorted(refused.value.errors or ())


def test_a_default_fills_in_and_what_is_optional_may_be_missing() -> None:
    variables = [variable("a", default="A", required=True), variable("b", required=False)]
    values = template.texts(variables, {"a": None})
    assert template.render("[{{a}}|{{ b }}]", values) == "[A|]"


def test_a_value_is_not_looked_at_again() -> None:
    assert template.render("{{a}}{{b}}", {"a": "{{b}}", "b": r"\{{a}}"}) == r"{{b}}\{{a}}"


def test_braces_that_stand_for_themselves() -> None:
    assert template.render(r"\{{a}} {{a}}", {"a": "1"}) == "{{a}} 1"


def test_a_text_that_grows_without_end_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        template.render("{{a}}" * 1000, {"a": "x" * 1000})
    assert len(template.render("{{a}}" * 10, {"a": "x" * 20_000})) == 200_000


@given(st.lists(st.tuples(st.text(alphabet="ab {}\\\n", max_size=8), st.text(max_size=8)), max_size=6))
def test_the_rest_of_the_text_stays_as_it_is(parts: list[tuple[str, str]]) -> None:
    # A space keeps what stands before a place from being read with it.
    plain = [text.replace("{", "").replace("\\", "") for text, _ in parts]
    content = "".join(f"{text} {{{{v{n}}}}}" for n, text in enumerate(plain))
    values = {f"v{n}": value for n, (_, value) in enumerate(parts)}
    expected = "".join(f"{text} {value}" for text, (_, value) in zip(plain, parts, strict=True))
    assert template.render(content, values) == expected
