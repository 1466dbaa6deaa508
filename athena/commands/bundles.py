"""``athena export``, ``import``, ``apply`` and ``diff``: bundles between folders and a workspace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from uuid import UUID

import typer

from athena.commands import bundle_plan, output
from athena.commands.sign_in import connected, stop

if TYPE_CHECKING:
    from athena.bundles.format import Bundle, Manifest
    from athena_client import Athena

SECONDS = 300.0
"""For a bundle's way to the server and back."""
DIFFERENT = 1
PENDING = 2

SELECTABLE = {
    "agents": "agent_uuids",
    "prompts": "prompt_uuids",
    "workflows": "workflow_uuids",
    "tools": "tool_uuids",
    "guardrails": "guardrail_uuids",
    "datasets": "dataset_uuids",
}
"""Lists of the API, and what an export calls what is chosen of them."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Source = Annotated[Path, typer.Argument(help="A bundle's folder, or a zip of it.")]
Chosen = Annotated[list[str] | None, typer.Option("--account", "-a", help="KEY=UUID: the account to use for a key.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="What was changed by hand becomes as the bundle says.")]


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    cli.command("export")(export)
    cli.command("import")(import_)
    cli.command("apply")(apply)
    cli.command("diff")(diff)


def export(  # noqa: PLR0913, PLR0917 - an option for each kind
    target: Annotated[Path, typer.Argument(help="The folder to write, or a file that ends with .zip.")],
    agents: Annotated[list[str] | None, typer.Option("--agent", help="An agent's name or uuid.")] = None,
    prompts: Annotated[list[str] | None, typer.Option("--prompt", help="A prompt's.")] = None,
    workflows: Annotated[list[str] | None, typer.Option("--workflow", help="A workflow's.")] = None,
    tools: Annotated[list[str] | None, typer.Option("--tool", help="A tool's.")] = None,
    guardrails: Annotated[list[str] | None, typer.Option("--guardrail", help="A guardrail's.")] = None,
    datasets: Annotated[list[str] | None, typer.Option("--dataset", help="An evaluation set's.")] = None,
    name: Annotated[str | None, typer.Option(help="The bundle's. Left out: as in the folder, or the folder's.")] = None,
    version: Annotated[str | None, typer.Option(help="The bundle's. Left out: as in the folder, or 1.0.0.")] = None,
    *,
    knowledge: Annotated[bool, typer.Option(help="Take along what the agents were trained with.")] = True,
    as_json: AsJson = False,
) -> None:
    """Write resources of the workspace into a bundle.

    Without any option, all of them. What they refer to comes along, and no secret does. A folder that is a bundle
    already is brought up to date: its name, version, description and dependencies stay, and resources that were not
    chosen leave it.
    """
    from athena.bundles.files import write_zip
    from athena.bundles.format import write

    known = _known(target)
    given = (agents, prompts, workflows, tools, guardrails, datasets)
    wanted = dict(zip(SELECTABLE, given, strict=True))
    body: dict[str, Any] = {
        "name": name or (known.name if known else _slug(target.resolve().stem)),
        "version": version or (known.version if known else "1.0.0"),
        "description": known.description if known else "",
        "knowledge": knowledge,
    }
    with connected() as client:
        for resource, field in SELECTABLE.items():
            body[field] = _selected(client, resource, wanted[resource], everything=not any(given))
        bundle = _exported(client, body)
    files = write(_merged(bundle, known))
    if target.suffix == ".zip":
        target.write_bytes(write_zip(files))
    else:
        if known is not None:
            _remove_old(target, files)
        _write_folder(target, files)
    counts = {"target": str(target), "name": body["name"], "resources": [each.name for each in bundle.resources]}
    text = f"{target}: {len(bundle.resources)} resources in {len(files)} files"
    typer.echo(output.as_json(counts) if as_json else output.clean(text))


def import_(
    source: Source,
    accounts: Chosen = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Show what a bundle would make and change, ask, and do it."""
    bundle = _read(source)
    with connected() as client:
        plan = _plan(client, bundle, accounts)
        if not as_json:
            typer.echo(bundle_plan.told(plan))
        _check(plan, overwrite=overwrite)
        if not bundle_plan.pending(plan):
            _end(plan, {"resources": []}, as_json=as_json)
        if not (yes or typer.confirm("Do this?")):
            stop("nothing was done")
        _end(plan, _apply(client, plan, accounts, overwrite=overwrite), as_json=as_json)


def apply(
    source: Source,
    accounts: Chosen = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show it; exit status 2 if something would.")] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Have the workspace be as a bundle says, without asking.

    Exit status 0: it is so. 1: it failed, or there are conflicts. 2, with `--dry-run`: something would change.
    """
    bundle = _read(source)
    with connected() as client:
        plan = _plan(client, bundle, accounts)
        if not as_json or dry_run:
            typer.echo(output.as_json(plan) if as_json else bundle_plan.told(plan))
        _check(plan, overwrite=overwrite)
        if dry_run:
            raise SystemExit(PENDING if bundle_plan.pending(plan) else 0)
        if not bundle_plan.pending(plan):
            _end(plan, {"resources": []}, as_json=as_json)
        _end(plan, _apply(client, plan, accounts, overwrite=overwrite), as_json=as_json)


def diff(source: Source, accounts: Chosen = None, *, as_json: AsJson = False) -> None:
    """Show how a bundle and the workspace differ. Exit status 1 if they do, as of `diff`."""
    bundle = _read(source)
    with connected() as client:
        plan = _plan(client, bundle, accounts)
    typer.echo(output.as_json(plan) if as_json else bundle_plan.told(plan))
    raise SystemExit(DIFFERENT if bundle_plan.pending(plan) else 0)


def _end(plan: Mapping[str, Any], done: Mapping[str, Any], *, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(output.as_json({"name": plan["name"], "version": plan["version"], "resources": done["resources"]}))
    else:
        changed = [each for each in done["resources"] if each["action"] != "unchanged"]
        typer.echo(f"Done: {len(changed)} resources." if changed else "Nothing to do.")
    raise SystemExit(0)


def _read(source: Path) -> Bundle:
    from athena.bundles.errors import BundleError
    from athena.bundles.format import read

    try:
        return read(source)
    except BundleError as error:
        stop(str(error))


def _known(target: Path) -> Manifest | None:
    """The manifest of the bundle that is at ``target`` already."""
    from athena.bundles.files import MANIFEST

    return _read(target).manifest if (target / MANIFEST).exists() else None


def _plan(client: Athena, bundle: Bundle, accounts: list[str] | None) -> dict[str, Any]:
    from athena.bundles.files import write_zip
    from athena.bundles.format import write

    files = {"file": ("bundle.zip", write_zip(write(bundle)), "application/zip")}
    kept = client.request("POST", "/bundles", files=files, timeout=SECONDS)["data"]
    body = {"bundle_uuid": kept["uuid"], "accounts": _accounts(accounts)}
    plan: dict[str, Any] = client.request("POST", "/bundles/plan", body=body, timeout=SECONDS)["data"]
    return plan


def _apply(client: Athena, plan: Mapping[str, Any], accounts: list[str] | None, *, overwrite: bool) -> dict[str, Any]:
    body = {"bundle_uuid": plan["bundle_uuid"], "accounts": _accounts(accounts), "plan_hash": plan["hash"]}
    done: dict[str, Any] = client.request(
        "POST", "/bundles/apply", body={**body, "overwrite": overwrite}, timeout=SECONDS
    )["data"]
    return done


def _check(plan: Mapping[str, Any], *, overwrite: bool) -> None:
    """Stops where the plan cannot be carried out."""
    blocking = [each["message"] for each in plan["problems"] if each["blocking"]]
    if blocking:
        stop(f"it cannot be applied: {blocking[0]}")
    if plan["conflicts"] and not overwrite:
        stop(f"{plan['conflicts']} were changed by hand; `--overwrite` has them be as the bundle says")


def _accounts(given: list[str] | None) -> dict[str, str]:
    pairs = [each.partition("=") for each in given or ()]
    if bad := next((key for key, equals, _ in pairs if not equals), None):
        raise typer.BadParameter(f"{bad!r} is not of the form KEY=UUID", param_hint="--account")
    return {key: uuid for key, _, uuid in pairs}


def _selected(client: Athena, resource: str, names: list[str] | None, *, everything: bool) -> list[str]:
    """The uuids of what was named, or of all."""
    if everything:
        return [each["uuid"] for each in _listed(client, resource, {})]
    return [_named(client, resource, name) for name in names or ()]


def _named(client: Athena, resource: str, name: str) -> str:
    try:
        return str(UUID(name))
    except ValueError:
        rows = _listed(client, resource, {"search": name})
    found = [each["uuid"] for each in rows if each["name"].casefold() == name.casefold()]
    if len(found) != 1:
        stop(
            f"{name!r} names several of the {resource}; use the uuid" if found else f"no {name!r} among the {resource}"
        )
    return found[0]


def _listed(client: Athena, resource: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.request("GET", f"/{resource}", query={**query, "per_page": 100, "cursor": cursor})
        rows += page["data"]
        cursor = page["meta"]["next_cursor"]
    return rows


def _exported(client: Athena, body: Mapping[str, Any]) -> Bundle:
    from athena.bundles.format import read
    from athena_client.calls import Call

    answer = client.open(Call("POST", "/bundles/export", body=body, timeout=SECONDS))
    try:
        return read(answer.read())
    finally:
        answer.close()


def _merged(bundle: Bundle, known: Manifest | None) -> Bundle:
    """The exported bundle with what only people write: descriptions, dependencies, versions that it works with."""
    if known is None:
        return bundle
    told = {each.name: each.description for each in known.variables}
    accounts = {each.key: each.description for each in known.accounts}
    manifest = bundle.manifest
    changes = {
        "athena": known.athena,
        "dependencies": known.dependencies,
        "variables": [
            each.model_copy(update={"description": told.get(each.name, each.description)})
            for each in manifest.variables
        ],
        "accounts": [
            each.model_copy(update={"description": accounts.get(each.key, each.description)})
            for each in manifest.accounts
        ],
    }
    return type(bundle)(manifest.model_copy(update=changes), bundle.resources)


def _remove_old(target: Path, files: Mapping[str, str]) -> None:
    """Removes the files of resources that are in the bundle no more."""
    from athena.bundles.format import KINDS

    for kind in KINDS:
        for old in sorted((target / kind).glob("*")):
            if old.suffix in {".yaml", ".md"} and f"{kind}/{old.name}" not in files:
                old.unlink()


def _write_folder(target: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64].strip("-") or "bundle"
