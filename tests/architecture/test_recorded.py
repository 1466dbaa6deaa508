"""Whatever a workspace has is told in the log of changes, or there is a reason; and webhooks can ask for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from athena.kit.repository import Rows
from athena.kit.tables import metadata
from athena.webhooks.event_types import FAMILIES, catalogue

# Tables of tenants whose repositories do not say `recorded`, and who tells of their rows instead, if anybody does.
REASONS = {
    "audit_events": "the log itself",
    "tokens": "`auth.service` tells of them where they belong: in a workspace's log, or among the user's own affairs",
    "workspace_members": "`workspaces` tells of them, by what happened: joined, left, removed, role_changed",
    "runs": "the engine tells of their beginning, and a trigger of their end",
    "run_events": "a run's own log",
    "large_language_models": "what an account was found to offer when it was verified, which is told",
    "attachments": "they come and go with their message",
    "bundle_resources": "told as `bundle.applied` and `bundle.exported`, and as the changes of the resources",
    "approval_answers": "told as `approval.answered`",
    "dataset_items": "told as `dataset.updated`",
    "evaluation_results": "what an evaluation, which is told, has come to",
    "agent_versions": "they come and go with their agent",
    "prompt_versions": "they come and go with their prompt",
    "workflow_versions": "they come and go with their workflow",
    "workflow_triggers": "they say once more what stands in their workflow",
    "workflow_deliveries": "by what a sender calls a delivery, the execution that it has started, which is told",
    "workflow_events": "made from the log",
    "budget_periods": "numbers, and told as `budget.warning` and `budget.exhausted`",
    "budget_reservations": "what is set aside while a model is asked",
    "webhook_deliveries": "made from the log",
    "idempotency_keys": "answers that are kept for a day, for their caller alone",
    "row_counts": "numbers",
    "row_count_deltas": "numbers",
    "row_count_spans": "numbers",
    "execution_counts": "numbers",
    "execution_count_deltas": "numbers",
    "metric_rollups": "numbers",
    "metric_deltas": "numbers",
    "embedding_settings": "told as a change of the workspace",
    "memory_vectors": "made from memories",
    "memory_cells": "made from memories",
    "memory_extraction_progress": "how far threads were read; what came of it are memories",
    "memory_extractions": "how far threads were read; what came of it are memories",
    "leftovers": "files that wait to be removed, after what they belonged to was",
}
# Repositories that only read what others write.
READERS = {"MeasuredWorkspaces", "OwnInvitationRepository", "SharedRepository"}
# Of a user and no workspace; webhooks are never told.
OF_USERS = {"user"}
ENDED = {"workspace.deleted"}
RECORDED = re.compile(r'\.record\(\s*f?"([a-z_]+\.[a-z_]+)"')
VERB = re.compile(r'\bverb="([a-z_]+)"')


def repositories(kind: Any = Rows) -> Iterator[type[Rows]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("athena.") and hasattr(each, "table"):
            yield each
        yield from repositories(each)


def test_every_table_of_a_workspace_is_told_of_or_has_a_reason(app: Any) -> None:
    told = {each.table.name for each in repositories() if each.recorded}
    with_workspace = {table.name for table in metadata.tables.values() if "workspace_uuid" in table.columns}
    assert sorted(with_workspace - told) == sorted(REASONS)
    assert not [name for name in REASONS if name in told]


def test_every_repository_tells_or_has_a_reason(app: Any) -> None:
    silent = {
        each.__name__ for each in repositories() if not each.recorded and each.table.name not in {*REASONS, "members"}
    }
    assert sorted(silent) == sorted(READERS)


def test_webhooks_can_ask_for_whatever_is_told(app: Any) -> None:
    recorded = {each.recorded for each in repositories() if each.recorded}
    assert recorded - OF_USERS <= set(FAMILIES)


def test_the_catalogue_knows_every_event(root: Path) -> None:
    known = {name for name, _ in catalogue()}
    verbs = {name.partition(".")[2] for name in known}
    for path in sorted((root / "athena").rglob("*.py")):
        text = path.read_text("utf-8")
        of_workspaces = {name for name in RECORDED.findall(text) if name.partition(".")[0] not in OF_USERS}
        assert of_workspaces - ENDED <= known, path
        assert set(VERB.findall(text)) <= verbs, path


def test_the_page_lists_the_catalogue(root: Path) -> None:
    page = (root / "docs" / "webhooks.md").read_text("utf-8")
    for name, family in FAMILIES.items():
        assert f"| `{name}.*` | {', '.join(f'`{verb}`' for verb in family.verbs)} |" in page
