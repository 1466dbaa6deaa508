"""The guides say what the converters do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from athena.importers import assistants
from athena.importers.dify import catalogue as dify
from athena.importers.flowise import catalogue as flowise
from athena.importers.langflow import catalogue as langflow
from athena.importers.n8n import catalogue as n8n
from athena.importers.rules import table
from athena.node_types.registry import node_types

GUIDES = Path(__file__).parents[2] / "docs" / "migrating"
RULES: dict[str, Any] = {"n8n": n8n.RULES, "dify": dify.RULES, "flowise": flowise.RULES, "langflow": langflow.RULES}


@pytest.mark.parametrize("name", RULES)
def test_the_tables_are_the_rules(name: str) -> None:
    assert table(RULES[name]) in (GUIDES / f"{name}.md").read_text("utf-8"), table(RULES[name])


def test_the_table_of_assistants_is_the_codes() -> None:
    assert assistants.table() in (GUIDES / "assistants.md").read_text("utf-8"), assistants.table()


@pytest.mark.parametrize("name", RULES)
def test_no_type_has_two_rules(name: str) -> None:
    types = [each for rule in RULES[name] for each in rule.types]
    assert len(types) == len(set(types))


@pytest.mark.parametrize("name", RULES)
def test_what_they_become_exists(name: str) -> None:
    for rule in RULES[name]:
        for word in rule.becomes.split("`")[1::2]:
            assert word in node_types(), rule
