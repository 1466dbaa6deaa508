"""``athena import-from``: what other products export, as a bundle's folder and a report."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from athena.commands import output
from athena.commands.sign_in import connected, stop

if TYPE_CHECKING:
    from athena.importers.conversion import Imported
    from athena_client import Athena

from athena.importers.kinds import Kind

KEY = "OPENAI_API_KEY"
REPORT = "REPORT.md"
MOST_THREADS = 10_000


def register(cli: typer.Typer) -> None:
    """Adds the command."""
    cli.command("import-from")(import_from)


def import_from(  # noqa: PLR0913 - each is an option
    kind: Annotated[Kind, typer.Argument(help="Where it comes from.")],
    file: Annotated[Path | None, typer.Argument(help="The exported file; - for standard input.")] = None,
    target: Annotated[Path | None, typer.Option("--output", "-o", help="The bundle's folder, new or empty.")] = None,
    url: Annotated[
        str | None, typer.Option(help=f"Of assistants: their server's address, read with the key in {KEY}.")
    ] = None,
    threads: Annotated[list[str] | None, typer.Option("--thread", help="With --url: a thread's id.")] = None,
    allow: Annotated[list[str] | None, typer.Option(help="With --url: a private host that may be reached.")] = None,
    *,
    with_threads: Annotated[
        bool, typer.Option("--with-threads", help="Also make the threads on the server; apply the bundle before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Turn exports of other products into a bundle.

    What became of each part of them is told. Look at the folder and its REPORT.md, then make it with `athena apply`.
    Nothing of it is active at first.
    """
    from athena.importers.conversion import convert
    from athena.importers.source import ImportRefused

    if (file is None) == (url is None):
        raise typer.BadParameter("give a file, or with assistants --url", param_hint="FILE")
    if url is not None and kind is not Kind.ASSISTANTS:
        raise typer.BadParameter("assistants alone are read from a server", param_hint="--url")
    if target is not None and target.exists() and (not target.is_dir() or any(target.iterdir())):
        stop(f"{target} is there already, and is no empty folder")
    try:
        content = _read(file) if file is not None else asyncio.run(_fetched(url or "", threads or [], allow or []))
        imported = convert(content, kind, file.stem if file is not None else "")
    except ImportRefused as error:
        stop(str(error))
    if target is not None:
        _write(target, imported)
    made = _make_threads(imported) if with_threads else None
    _tell(imported, target, made, as_json=as_json)


def _read(file: Path) -> bytes:
    from athena.importers.source import MAXIMUM_BYTES

    if str(file) == "-":
        return sys.stdin.buffer.read(MAXIMUM_BYTES + 1)
    try:
        with file.open("rb") as opened:
            return opened.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror}")


async def _fetched(url: str, threads: list[str], allow: list[str]) -> bytes:
    from athena.importers.openai_api import AssistantsServer
    from athena.kit.egress import Egress

    key = os.environ.get(KEY)
    if not key:
        stop(f"set {KEY} to the key of the server")
    egress = Egress(allow)
    try:
        return await AssistantsServer(egress, url, key).document(threads)
    finally:
        await egress.close()


def _write(target: Path, imported: Imported) -> None:
    from athena.bundles.format import write

    title = f"{imported.bundle.manifest.name}, imported from {imported.kind.value}"
    for path, text in {**write(imported.bundle), REPORT: imported.report.as_markdown(title)}.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def _make_threads(imported: Imported) -> int:
    """Makes the threads that are not there yet; how many it made."""
    made = 0
    with connected() as client:
        agents = {each["name"]: each["uuid"] for each in client.agents.list(limit=MOST_THREADS)}
        rows = client.threads.list(limit=MOST_THREADS)
        known = {each["metadata"].get("source_thread") for each in rows}
        for conversation in imported.conversations:
            if conversation.source[:255] not in known:
                _make_thread(client, conversation, agents.get(conversation.agent or ""))
                made += 1
    return made


def _make_thread(client: Athena, conversation: Any, agent_uuid: str | None) -> None:
    body: dict[str, Any] = {"name": conversation.name, "metadata": {"source_thread": conversation.source[:255]}}
    if agent_uuid is not None:
        body["agent_uuid"] = agent_uuid
    thread = client.request("POST", "/threads", body=body)["data"]["uuid"]
    for message in conversation.messages:
        said = {"thread_uuid": thread, "role": message.role, "content": message.text}
        client.request("POST", "/messages", body=said)


def _tell(imported: Imported, target: Path | None, made: int | None, *, as_json: bool) -> None:
    report = imported.report
    names = [each.name for each in imported.bundle.resources]
    if as_json:
        found = {"kind": imported.kind.value, "target": str(target) if target else None, "resources": names}
        threads = {} if made is None else {"threads_made": made}
        typer.echo(output.as_json({**found, **threads, "report": report.as_json()}))
        return
    rows = [entry.as_json() for entry in report.entries]
    typer.echo(output.table(("source", "kind", "outcome", "became", "why"), rows))
    counts = ", ".join(f"{count} {name}" for name, count in report.counts().items())
    where = f"; {len(names)} resources in {target}" if target else f"; {len(names)} resources, written nowhere (-o)"
    threads = "" if made is None else f"; {made} threads made"
    typer.echo(output.clean(f"\n{counts}{where}{threads}"))
