"""The page, the dashboard and the alerts know the metrics that there are, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import prometheus_client
import pytest
import yaml

import athena.app

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"\b(?:athena|process|python)_[a-z_]+")
LABEL = re.compile(r"\bby \(([a-z_, ]+)\)|\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}|[{,]([a-z_]+)(?:=|!=)~?\"")
ROW = re.compile(r"^\| `(athena_[a-z_]+)` \| (\w+) \| ([^|]*)\|", re.MULTILINE)
OF_PROMETHEUS = {"instance", "le"}
Known = dict[str, tuple[str | None, set[str]]]


@pytest.fixture(scope="module")
def known() -> Known:
    """Type and labels of each metric of ours."""
    assert athena.app.api  # whatever counts is imported by now
    found: Known = {}
    for each in list(prometheus_client.REGISTRY._collector_to_names):
        if isinstance(each, prometheus_client.metrics.MetricWrapperBase) and each._name.startswith("athena_"):
            name = f"{each._name}_total" if each._type == "counter" else each._name
            found[name] = (each._type, set(each._labelnames))
    return found


def expressions(file: str) -> list[str]:
    """All expressions of a dashboard or of alert rules, with what shows their labels."""
    text = (ROOT / "deploy" / file).read_text("utf-8")
    if file.endswith(".yml"):
        rules: list[Any] = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
        return [f"{rule['expr']} {rule['annotations']['summary']}" for rule in rules]
    panels = json.loads(text)["panels"]
    return [f"{each['expr']} {each['legendFormat']}" for panel in panels for each in panel.get("targets", ())]


def test_the_page_lists_every_metric_with_its_type_and_labels(known: Known) -> None:
    text = (ROOT / "docs" / "observability.md").read_text("utf-8")
    listed = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in ROW.findall(text)}
    assert listed == known


FILES = ("grafana/athena.json", "prometheus/alerts.yml")


@pytest.mark.parametrize("file", FILES)
def test_what_a_file_asks_for_is_exported(file: str, known: Known) -> None:
    exported = prometheus_client.generate_latest().decode()
    series = set(known) | {f"{name}_bucket" for name, (kind, _) in known.items() if kind == "histogram"}
    series |= set(re.findall(r"^((?:process|python)_\w+)", exported, re.MULTILINE))
    asked = expressions(file)
    assert len(asked) >= 10
    assert {name for each in asked for name in NAME.findall(each)} - series == set()


@pytest.mark.parametrize("file", FILES)
def test_what_it_groups_by_are_labels_of_these_metrics(file: str, known: Known) -> None:
    unknown: dict[str, set[str]] = {}
    for each in expressions(file):
        labels = set().union(
            *(
                known[name.removesuffix("_bucket")][1]
                for name in NAME.findall(each)
                if name in known or name.removesuffix("_bucket") in known
            )
        )
        asked = {label.strip() for found in LABEL.findall(each) for part in found for label in part.split(",") if part}
        if asked - labels - OF_PROMETHEUS:
            unknown[each] = asked - labels
    assert not unknown


def test_the_dashboard_shows_every_metric(known: Known) -> None:
    shown = {name.removesuffix("_bucket") for each in expressions("grafana/athena.json") for name in NAME.findall(each)}
    assert set(known) - shown == {"athena_build_info"}


def test_panels_lie_side_by_side() -> None:
    panels = json.loads((ROOT / "deploy" / "grafana" / "athena.json").read_text("utf-8"))["panels"]
    places = [panel["gridPos"] for panel in panels]
    cells = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)
