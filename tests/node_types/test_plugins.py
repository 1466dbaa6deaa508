"""The package that the documentation shows is installed as it stands there, and its nodes are run."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from athena.node_types import catalogue, registry
from tests.conftest import Tenant
from tests.node_types.server import Server, answer
from tests.workflow_executions.conftest import create, ended, node, run

DOCUMENT = Path(__file__).parents[2] / "docs" / "plugins.md"
MODULE = "athena_shop"
SLUG = node("slug", "slug", {"text": "{{ trigger.input }}", "longest": 12})


def shown(language: str) -> str:
    """The one text in that language that the documentation shows."""
    whole = DOCUMENT.read_text("utf-8")
    [text] = re.findall(rf"^```{language}\n(.*?)^```$", whole, re.MULTILINE | re.DOTALL)
    return text


@pytest.fixture
def installed(tmp_path: Path) -> Generator[None]:
    """What ``pip install`` leaves: the module, and beside it what is known of its distribution."""
    project: dict[str, Any] = tomllib.loads(shown("toml"))["project"]
    (tmp_path / f"{MODULE}.py").write_text(shown("python"))
    about = tmp_path / f"{MODULE}-{project['version']}.dist-info"
    about.mkdir()
    about.joinpath("METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in points.items())])
        for group, points in project["entry-points"].items()
    ]
    about.joinpath("entry_points.txt").write_text("\n".join(groups))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        forget()
        yield
    sys.modules.pop(MODULE, None)
    forget()


def forget() -> None:
    """As a process that starts: it knows no types yet."""
    registry.node_types.cache_clear()
    catalogue.catalogue.cache_clear()


@pytest.mark.usefixtures("installed")
async def test_its_types_are_told_and_checked_as_any_others(owner: Tenant) -> None:
    told = {each["type"]: each for each in (await owner.get("/api/v1/node-types")).json()["data"]}
    assert (told["slug"]["name"], told["slug"]["category"]) == ("Slug", "data")
    assert told["slug"]["config_schema"]["required"] == ["text"]
    assert told["open_ticket"]["output_schema"]["required"] == ["id"]
    wrong = [node("slug", "slug", {"longest": 0}), node("ticket", "open_ticket", {"title": "{{ secrets.X }}"})]
    workflow = await create(owner, wrong, [("start", "slug"), ("slug", "ticket")])
    assert {(each["node_id"], each["path"], each["code"]) for each in workflow["problems"]} == {
        ("slug", "data.text", "missing_configuration"),
        ("slug", "data.longest", "invalid_configuration"),
        ("ticket", "data.title", "expression_error"),
        ("ticket", "data.url", "missing_configuration"),
        ("ticket", "data.token", "missing_configuration"),
    }


@pytest.mark.usefixtures("installed")
async def test_its_nodes_compute_fail_and_have_effects(owner: Tenant, server: Server) -> None:
    secret = {"name": "TICKETS", "kind": "secret", "value": "tickets-0123456789"}
    assert (await owner.post("/api/v1/variables", secret)).status_code == 201
    data = {"url": server.url, "token": "{{ secrets.TICKETS }}", "title": "{{ input }}"}
    ticket = node("ticket", "open_ticket", data, retry={"max_attempts": 2, "delay_ms": 0})
    workflow = await create(owner, [SLUG, ticket], [("start", "slug"), ("slug", "ticket")], status="active")
    server.answers = [answer("busy", 503), answer({"id": "T-7", "by": "tickets-0123456789"})]
    done = await run(owner, workflow, "Wide Tyres, for Gravel")
    assert (done["status"], done["output"]) == ("succeeded", {"id": "T-7"})
    assert [each.json for each in server.asked] == [{"title": "wide-tyres-f"}] * 2
    assert {each.headers["authorization"] for each in server.asked} == {"Bearer tickets-0123456789"}
    assert all(each.headers["idempotency-key"] for each in server.asked)
    failed = await ended(owner, workflow, "…")
    assert (failed["error"]["code"], failed["error"]["node_id"]) == ("no_words", "slug")


async def test_without_it_its_nodes_are_problems_of_their_workflows(owner: Tenant) -> None:
    workflow = await create(owner, [SLUG], [("start", "slug")])
    assert (workflow["problems"][0]["code"], workflow["problems"][0]["node_id"]) == ("unknown_node_type", "slug")
