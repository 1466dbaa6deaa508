"""Bundles of others hold anything at all: it is refused with a reason, or it is taken, and nothing breaks."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from athena.bundles.differences import differences
from athena.bundles.format import KINDS, references
from athena.bundles.materials import Kinds
from athena.bundles.order import in_order
from athena.bundles.references import ids, referring, resolved, without_secrets
from athena.kit.access import Access, WorkspaceId
from athena.kit.errors import AthenaError
from athena.workflows.service import compiled
from tests.bundles.conftest import DESK
from tests.bundles.test_format import json_values, texts

ID = "01980000-0000-7000-8000-000000000000"
NOBODY = Access(WorkspaceId(UUID(ID)), UUID(ID), "owner", frozenset())
VALID: dict[str, Any] = {each.kind: resolved(each.spec, lambda _: ID) for each in DESK.resources}
VALID["guardrails"] = {"name": "G", "type": "pii", "stages": ["input"], "config": {}}
FIELDS = st.sampled_from(
    ["name", "nodes", "edges", "settings", "items", "config", "tool_uuids", "metadata", "limits", "text", "variables"]
)


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    return Kinds(cast("Any", None), NOBODY)


@settings(max_examples=150)
@given(st.sampled_from(KINDS), st.dictionaries(FIELDS | texts, json_values, max_size=4))
def test_whatever_a_spec_holds_is_taken_or_refused(kinds: Kinds, kind: str, hostile: dict[str, Any]) -> None:
    spec = {**VALID[kind], **hostile}
    try:
        normal = kinds[kind].normal(spec)
    except (ValidationError, AthenaError):
        return
    assert kinds[kind].normal(normal) == normal
    if kind == "workflows":
        compiled(kinds[kind].full(spec))


@settings(max_examples=100)
@given(json_values, json_values)
def test_differences_are_there_when_something_differs(before: Any, after: Any) -> None:
    found = list(differences(before, after))
    if before == after:
        assert found == []
    for each in found:
        assert each.before != each.after
        assert each.lines() != []


@settings(max_examples=100)
@given(json_values)
def test_ids_and_references_lead_both_ways(value: Any) -> None:
    spec = {"kept": value, "account_uuid": ID, "list": [ID, "text"]}
    named = referring(spec, {ID: "accounts/key"})
    assert [each.text for _, each in references(named)] == ["accounts/key", "accounts/key"]
    assert resolved(named, lambda _: ID) == spec
    assert [text for _, text in ids(spec)] == [ID, ID]
    assert referring(spec, {ID: None})["list"] == ["text"]


def test_what_is_written_out_as_a_secret_is_left_out() -> None:
    spec = {
        "headers": {"Authorization": "Bearer x", "X-Api-Key": "x", "Accept": "text"},
        "secret": "{{ secrets.PARTNER }}",
        "nodes": [{"data": {"link_password": "x", "max_tokens": 5, "token": {"type": "string"}}}],
    }
    assert without_secrets(spec) == {
        "headers": {"Accept": "text"},
        "secret": "{{ secrets.PARTNER }}",
        "nodes": [{"data": {"max_tokens": 5, "token": {"type": "string"}}}],
    }


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from([f"{kind}/{key}" for kind in ("agents", "workflows") for key in "abc"]),
        st.lists(st.sampled_from([f"{kind}/{key}" for kind in ("agents", "workflows") for key in "abcd"]), max_size=4),
    )
)
def test_everything_is_made_once_after_what_it_needs(needed: dict[str, list[str]]) -> None:
    steps = in_order(needed)
    assert sorted(step.name for step in steps) == sorted(needed)
    made: set[str] = set()
    for step in steps:
        assert {each for each in needed[step.name] if each in needed} - step.without <= made
        made.add(step.name)
