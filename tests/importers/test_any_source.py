"""What holds of any file, whoever wrote it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena.importers.conversion import Imported, convert
from athena.importers.kinds import Kind
from athena.importers.source import MAXIMUM_BYTES, MAXIMUM_NODES, ImportRefused, detect, parse
from tests.importers.conftest import SAMPLES, sound
from tests.importers.sources import ASSISTANTS, DIFY, FLOWISE, JSON, LANGFLOW, N8N, SHORT


def converted(content: bytes, kind: Kind | None) -> Imported | None:
    """What it becomes; nothing, if it is refused with a reason."""
    try:
        return sound(convert(content, kind))
    except ImportRefused as refused:
        return None if str(refused) else pytest.fail("It is refused without a reason.")


@given(content=st.binary(max_size=200) | JSON.map(orjson.dumps) | SHORT.map(str.encode))
@settings(max_examples=25, deadline=None)
def test_any_bytes_are_imported_or_refused(content: bytes) -> None:
    for kind in (None, *Kind):
        converted(content, kind)


@pytest.mark.parametrize(
    ("kind", "documents", "field"),
    [
        (Kind.N8N, N8N, ("nodes",)),
        (Kind.DIFY, DIFY, ("workflow", "graph", "nodes")),
        (Kind.FLOWISE, FLOWISE, ("nodes",)),
        (Kind.LANGFLOW, LANGFLOW, ("data", "nodes")),
        (Kind.ASSISTANTS, ASSISTANTS, ("assistants",)),
    ],
)
def test_whatever_stands_in_nodes_it_is_sound_and_each_is_told_of_once(
    kind: Kind, documents: st.SearchStrategy[dict[str, Any]], field: tuple[str, ...]
) -> None:
    @given(document=documents)
    @settings(max_examples=30, deadline=None)
    def holds(document: dict[str, Any]) -> None:
        found = converted(json.dumps(document).encode(), kind)
        if found is None:
            return
        rows: Any = document
        for name in field:
            rows = rows[name]
        told = len(found.report.entries)
        if kind in {Kind.N8N, Kind.FLOWISE, Kind.LANGFLOW}:
            assert told == len(rows)
        elif kind is not Kind.DIFY or document["app"]["mode"] in {"workflow", "advanced-chat"}:
            assert told >= len(rows)

    holds()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" " * (MAXIMUM_BYTES + 1), "10,000,000 are the most"),
        (b'{"nodes": [', "begins as JSON, and is none"),
        (b"a: &a [1]\nb: *a\n", "aliases"),
        (b"a: [b: c]: d", "neither JSON nor YAML: an error in line 1"),
        (b"[" * 100_000, "begins as JSON"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested more than 64 deep"),
        (b"- " * 200 + b"a", "nested too deeply"),
        (b"", "does not look like a file"),
        (b"just words", "does not look like a file"),
        (orjson.dumps({"connections": {}, "nodes": [{}] * (MAXIMUM_NODES + 1)}), "401 nodes; 400 are the most"),
    ],
)
def test_what_is_too_much_or_nothing_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        convert(content)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("n8n_orders.json", Kind.N8N), ("dify_ticket.yml", Kind.DIFY), ("assistants.json", Kind.ASSISTANTS)],
)
def test_where_a_file_comes_from_is_seen(name: str, kind: Kind) -> None:
    assert detect(parse((SAMPLES / name).read_bytes())) is kind


def test_large_workflows_take_no_time_to_speak_of() -> None:
    """Every node leads to every other one: as far as a source may go."""
    names = [f"N{number}" for number in range(30)]
    nodes = [{"name": name, "type": "n8n-nodes-base.splitInBatches", "typeVersion": 3} for name in names]
    targets = [{"node": name, "index": 0} for name in names]
    connections = {name: {"main": [targets]} for name in names}
    found = sound(convert(orjson.dumps({"nodes": nodes, "connections": connections})))
    assert len(found.report.entries) == len(names)
