"""The documentation site: links that are right in the repository are right there, and nothing comes from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from mkdocs.config.base import load_config
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from mkdocs.structure.pages import Page

from athena.node_types.registry import node_types
from scripts.documentation import on_post_page, turned
from scripts.documentation_reference import reference_pages, run_events

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("origin", "at", "link", "shown"),
    [
        ("docs/start.md", "start.md", "api.md#runs", "api.md#runs"),
        ("docs/start.md", "start.md", "../SECURITY.md#reporting", "project/security.md#reporting"),
        ("docs/adr/0001-x.md", "adr/0001-x.md", "../workflows.md", "../workflows.md"),
        ("SECURITY.md", "project/security.md", "docs/data.md", "../data.md"),
        ("docs/start.md", "start.md", "https://example.com/docs", "https://example.com/docs"),
        ("docs/start.md", "start.md", "#below", "#below"),
    ],
)
def test_links_lead_to_where_the_site_has_the_text(origin: str, at: str, link: str, shown: str) -> None:
    assert turned(f"See [this]({link}).", origin, at) == f"See [this]({shown})."


@pytest.mark.parametrize(
    "hostile",
    [
        '<script src="https://example.com/x.js"></script>',
        "<link rel=stylesheet href=//example.com/x.css>",
        '<img alt="" src="http://example.com/x.png">',
    ],
)
def test_a_page_that_would_fetch_from_elsewhere_ends_the_build(hostile: str, tmp_path: Path) -> None:
    config = load_config(str(ROOT / "mkdocs.yml"), hooks=[])
    page = Page("Start", File("start.md", str(tmp_path), str(tmp_path), use_directory_urls=False), config)
    harmless = '<a href="https://example.com">There</a><script src="assets/x.js"></script>'
    assert on_post_page(harmless, page=page, config=config) == harmless
    with pytest.raises(PluginError, match=r"start\.md fetches"):
        on_post_page(harmless + hostile, page=page, config=config)


def test_every_node_type_and_event_is_on_its_page() -> None:
    pages = {name: text for name, _, text in reference_pages()}
    for kind in node_types():
        assert f"{{ #{kind} }}" in pages["reference/node-types.md"]
    events = run_events()
    assert {
        "run.started",
        "run.failed",
        "message.delta",
        "reflection.planned",
        "node.completed",
        "approval.required",
    } <= set(events)
    assert all(f"- `{name}`" in pages["reference/events.md"] for name in events)
