"""Texts and fields: split, written from templates, and renamed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena.node_types.lists import MAXIMUM_ITEMS
from athena.node_types.rename_fields import RenameFields
from athena.node_types.split import Split
from athena.node_types.template import Template
from tests.node_types.calling import failure, output, refusal

SPLIT, TEMPLATE, RENAME = Split(), Template(), RenameFields()


# -- split -------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.text("ab,; ", max_size=12), st.sampled_from([",", "; ", "ab"]))
def test_the_parts_of_a_text_make_it_again(text: str, separator: str) -> None:
    assert separator.join(output(SPLIT, {"separator": separator}, text)) == text


@settings(max_examples=60)
@given(st.lists(st.integers()), st.integers(1, 5))
def test_chunks_make_the_list_again(items: list[int], size: int) -> None:
    chunks = output(SPLIT, {"chunk_size": size}, items)
    assert [item for chunk in chunks for item in chunk] == items
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(1 <= len(chunk) <= size for chunk in chunks)


def test_a_text_is_split_by_lines_trimmed_and_without_what_is_empty() -> None:
    text = " a \n\n  \nb"
    assert output(SPLIT, {}, text) == [" a ", "", "  ", "b"]
    assert output(SPLIT, {"trim": True}, text) == ["a", "", "", "b"]
    assert output(SPLIT, {"trim": True, "drop_empty": True, "chunk_size": 5}, text) == [["a", "b"]]


def test_a_list_is_given_as_it_is() -> None:
    assert output(SPLIT, {"value": [1, " "], "trim": True, "drop_empty": True}, "input") == [1, " "]


@pytest.mark.parametrize(("value", "kind"), [({}, "an object"), (7, "a number"), (None, "null")])
def test_nothing_else_is_split(value: Any, kind: str) -> None:
    message = f"Lists and texts can be split, and this is {kind}."
    assert failure(SPLIT, {}, value) == ("wrong_input", message)
    assert failure(SPLIT, {"value": value}, []) == ("wrong_input", message)


def test_a_text_has_only_so_many_parts() -> None:
    assert failure(SPLIT, {"separator": ","}, "," * MAXIMUM_ITEMS)[0] == "too_many_items"
    assert refusal(SPLIT, {"separator": ""})[0] == "separator"
    assert refusal(SPLIT, {"chunk_size": 0})[0] == "chunk_size"


# -- template ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"), [("Dear Ada,", "Dear Ada,"), (None, ""), (7, "7"), (True, "true"), ({"a": [1]}, '{"a":[1]}')]
)
def test_a_template_gives_a_text_whatever_its_expression_gave(value: Any, text: str) -> None:
    assert output(TEMPLATE, {"text": value}) == text


def test_a_template_may_be_json() -> None:
    assert output(TEMPLATE, {"text": '{"a": [1, null]}', "parse_json": True}) == {"a": [1, None]}
    code, message = failure(TEMPLATE, {"text": '{"a": }', "parse_json": True})
    assert (code, message) == (
        "invalid_json",
        "The text is no JSON: unexpected character, expected a JSON value, at character 6.",
    )


def test_a_template_has_a_longest_text() -> None:
    assert refusal(TEMPLATE, {"text": "x" * 1_000_001})[0] == "text"
    assert refusal(TEMPLATE, {"text": 2**70}) == ("text", "Value error, This is no JSON that can be written as text.")


# -- fields ------------------------------------------------------------------------------------------------------------


def test_fields_get_other_names_and_keep_their_order() -> None:
    data = {"names": {"mail": "email", "no_such": "x"}}
    renamed = output(RENAME, data, {"id": 1, "mail": "a@b", "n": None})
    assert list(renamed.items()) == [("id", 1), ("email", "a@b"), ("n", None)]
    assert output(RENAME, data, [{"mail": 1}, {}]) == [{"email": 1}, {}]
    assert output(RENAME, {"names": {"a": "b", "b": "a"}}, {"a": 1, "b": 2}) == {"b": 1, "a": 2}


def test_no_field_is_overwritten() -> None:
    data = {"names": {"a": "b"}}
    assert failure(RENAME, data, {"a": 1, "b": 2}) == ("duplicate_field", "The value would have two fields b.")
    assert failure(RENAME, data, [{}, {"b": 2, "a": 1}]) == ("duplicate_field", "Item 1 would have two fields b.")
    problems = RENAME.check({"names": {"a": "c", "b": "c"}})
    assert list(problems) == [(f"names.{name}", "Two fields would be called c.") for name in "ab"]


def test_only_objects_have_fields() -> None:
    data = {"names": {"a": "b"}}
    assert failure(RENAME, data, "a") == ("wrong_input", "The value is a text, not an object.")
    assert failure(RENAME, data, [{}, [1]]) == ("wrong_input", "Item 1 is a list, not an object.")
    assert failure(RENAME, {**data, "value": None}, {}) == ("wrong_input", "The value is null, not an object.")
