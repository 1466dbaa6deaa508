"""``athena import-from``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from athena.bundles.format import read
from athena.cli import cli
from tests.athena_client.conftest import Desk
from tests.commands.conftest import Shell

SAMPLES = Path(__file__).parents[1] / "importers" / "samples"


def import_from(*arguments: str, **environment: str) -> Result:
    """In this process: it needs no server."""
    return CliRunner(env={"OPENAI_API_KEY": "", **environment}).invoke(cli, ["import-from", *arguments])


def test_a_file_becomes_a_folder_with_a_report(tmp_path: Path) -> None:
    target = tmp_path / "desk"
    arguments = ("dify", str(SAMPLES / "dify_ticket.yml"), "-o", str(target))
    lines = import_from(*arguments).stdout.splitlines()
    assert lines[0].split() == ["SOURCE", "KIND", "OUTCOME", "BECAME", "WHY"]
    assert lines[-1] == f"9 mapped, 0 approximated, 1 dropped; 1 resources in {target}"
    assert [each.name for each in read(target).resources] == ["workflows/ticket-desk"]
    assert "| Answer | llm | mapped | model_call |" in (target / "REPORT.md").read_text("utf-8")
    again = import_from(*arguments)
    assert (again.exit_code, again.stderr) == (1, f"athena: {target} is there already, and is no empty folder\n")


async def test_an_assistant_is_applied_and_its_threads_are_made_once(shell: Shell, desk: Desk, tmp_path: Path) -> None:
    source, target = str(SAMPLES / "assistants.json"), str(tmp_path / "bikes")
    assert import_from("assistants", source, "-o", target).exit_code == 0
    await shell.good("apply", target)

    def threads() -> Result:
        given = ("assistants", source, "--with-threads", "--json")
        return import_from(*given, ATHENA_URL=desk.server_url, ATHENA_TOKEN=desk.tenant.token)

    made = json.loads((await asyncio.to_thread(threads)).stdout)
    assert made["threads_made"] == 1
    assert made["report"]["counts"] == {"mapped": 1, "approximated": 4, "dropped": 3}
    async with desk.client() as client:
        (thread,) = [each async for each in client.threads.list(search="A flat tyre")]
        assert thread["agent_uuid"] is not None
        agent = await client.agents.get(thread["agent_uuid"])
        said = [each async for each in client.messages.list(thread_uuid=thread["uuid"], sort="created_at")]
    assert agent["name"] == "Bike helper"
    assert [(each["role"], each["content"]) for each in said] == [
        ("user", "My tyre is flat."),
        ("assistant", "Patch it."),
    ]
    assert json.loads((await asyncio.to_thread(threads)).stdout)["threads_made"] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("n8n", "{folder}/broken.json"), 1, "The file begins as JSON, and is none: it may have been cut off."),
        (("n8n", "{folder}/missing.json"), 1, "{folder}/missing.json cannot be read: No such file or directory"),
        (("assistants", "--url", "https://a.example"), 1, "set OPENAI_API_KEY to the key of the server"),
        (("n8n",), 2, "give a file"),
        (("n8n", "--url", "https://a.example"), 2, "assistants alone are read from a server"),
    ],
)
def test_what_cannot_be_read_is_told(arguments: tuple[str, ...], status: int, told: str, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"nodes": [')
    done = import_from(*(each.format(folder=tmp_path) for each in arguments))
    assert done.exit_code == status
    assert told.format(folder=tmp_path) in done.stderr
