"""Bundles from the command line: written, compared, applied, in ways that people and pipelines can read."""

from __future__ import annotations

import json
from pathlib import Path

from athena.bundles.files import write_zip
from athena.bundles.format import read, write
from tests.bundles.conftest import DESK
from tests.commands.conftest import Shell


def put(folder: Path) -> Path:
    for path, text in write(DESK).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    return folder


async def test_a_folder_is_compared_applied_changed_and_exported_again(shell: Shell, tmp_path: Path) -> None:
    folder = put(tmp_path / "desk")
    differing = await shell.run("diff", "desk")
    assert differing.status == 1
    assert "  + agents/support  Support" in differing.out
    assert differing.out.endswith("6 to create\n")
    assert (await shell.run("apply", "desk", "--dry-run")).status == 2
    assert (await shell.good("apply", "desk")).endswith("Done: 6 resources.\n")
    assert (await shell.good("diff", "desk")).endswith("6 unchanged\n")

    support = folder / "agents" / "support.yaml"
    support.write_text(support.read_text("utf-8").replace("Be brief.", "Be kind."), "utf-8")
    shown = (await shell.run("diff", "desk")).out
    assert "  ~ agents/support  Support\n      system_prompt\n" in shown
    assert "        -Be brief.\n        +Be kind.\n" in shown
    done = json.loads(await shell.good("apply", "desk", "--json"))
    assert {each["key"]: each["action"] for each in done["resources"]}["support"] == "update"

    # Only what was chosen stays in the folder; the manifest's own words do.
    manifest = folder / "bundle.yaml"
    manifest.write_text(f"{manifest.read_text('utf-8')}description: Ours.\n", "utf-8")
    await shell.good("export", "desk", "--workflow", "ask")
    exported = read(folder)
    assert exported.manifest.description == "Ours."
    assert [each.name for each in exported.resources] == [
        "tools/clock",
        "agents/support",
        "knowledge/returns",
        "workflows/ask",
    ]
    assert support.read_text("utf-8").count("Be kind.") == 1


async def test_an_archive_is_shown_and_imported_after_a_yes(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "desk.zip").write_bytes(write_zip(write(DESK)))
    refused = await shell.run("import", "desk.zip", said="n\n")
    assert refused.status == 1
    assert "nothing was done" in refused.error
    assert "6 to create" in await shell.good("import", "desk.zip", said="y\n")
    assert (await shell.good("import", "desk.zip", "--yes")).endswith("Nothing to do.\n")
    await shell.good("export", "all.zip", "--name", "desk")
    names = {each.name for each in read(tmp_path / "all.zip").resources}
    assert {each.name for each in DESK.resources} < names


async def test_what_goes_wrong_is_one_line(shell: Shell, tmp_path: Path) -> None:
    none = await shell.run("apply", "nowhere")
    assert (none.status, none.error) == (1, "athena: nowhere: It cannot be read: No such file or directory.\n")
    folder = put(tmp_path / "desk")
    (folder / "tools" / "clock.yaml").write_text("name: Clock\ntype: sundial\n", "utf-8")
    wrong = await shell.run("apply", "desk")
    assert wrong.status == 1
    assert wrong.error.startswith("athena: it cannot be applied: type: Input should be ")
    assert "Error: tools/clock: type: Input should be" in wrong.out
    assert (await shell.run("export", "x", "--agent", "nobody")).error == "athena: no 'nobody' among the agents\n"
    assert (await shell.run("apply", "desk", "--account", "openai")).status == 2
