"""``athena login``, ``logout``, ``list``, ``chat``, ``run`` and ``logs``."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from athena.commands import output, sign_in
from athena.commands.finding import find, only_agent
from athena.commands.sign_in import connected, stop

if TYPE_CHECKING:
    from athena_client import AsyncStream, Event, Stream

SILENCE_SECONDS = 1.0
"""After which a run that is not followed has told what there is so far."""

OPTIONS = frozenset({"limit", "search", "cursor"})
"""What the client knows beside the API's filters."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Text = Annotated[str | None, typer.Option("--input", "-i", help="What is said or given; left out: standard input.")]


class Resource(StrEnum):
    """What can be listed."""

    ACCOUNTS = "accounts"
    AGENTS = "agents"
    APPROVALS = "approvals"
    BUDGETS = "budgets"
    MEMORIES = "memories"
    MESSAGES = "messages"
    MODELS = "large-language-models"
    PROMPTS = "prompts"
    PROVIDERS = "providers"
    RUNS = "runs"
    THREADS = "threads"
    TOOLS = "tools"
    VARIABLES = "variables"
    WORKFLOW_EXECUTIONS = "workflow-executions"
    WORKFLOWS = "workflows"
    WORKSPACES = "workspaces"


COLUMNS: dict[Resource, tuple[str, ...]] = {
    Resource.AGENTS: ("uuid", "name", "model", "version", "created_at"),
    Resource.APPROVALS: ("uuid", "title", "status", "created_at"),
    Resource.MEMORIES: ("uuid", "kind", "content", "created_at"),
    Resource.MESSAGES: ("uuid", "role", "content", "created_at"),
    Resource.RUNS: ("uuid", "kind", "status", "created_at"),
    Resource.VARIABLES: ("uuid", "name", "value", "created_at"),
    Resource.WORKFLOW_EXECUTIONS: ("uuid", "workflow_uuid", "status", "trigger", "created_at"),
    Resource.WORKFLOWS: ("uuid", "name", "status", "version", "created_at"),
}


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    for name, command in {
        "login": login,
        "logout": logout,
        "list": list_,
        "chat": chat,
        "run": run,
        "logs": logs,
    }.items():
        cli.command(name)(command)


def login(
    url: Annotated[str, typer.Option(help="The server's address.", envvar="ATHENA_URL")] = "http://127.0.0.1:8000",
    email: Annotated[str | None, typer.Option(help="Sign in with e-mail and password, instead of a token.")] = None,
) -> None:
    """Keep a server's address and a token for the other commands.

    The token or the password is asked for, or read from standard input. ATHENA_URL and ATHENA_TOKEN win over them.
    """
    from athena_client import Athena

    secret = _secret("Password" if email else "Token")
    with sign_in.told():
        token = secret
        if email:
            # No token that is meant for another server, such as one of the environment.
            with Athena(url, token="") as client:
                body = {"email": email, "password": secret, "device_name": "athena login"}
                token = client.request("POST", "/auth/sign-in", body=body)["data"]["token"]
        with Athena(url, token) as client:
            user = client.request("GET", "/user")["data"]
    path = sign_in.store(sign_in.SignIn(url.rstrip("/"), token, session=email is not None))
    typer.echo(output.clean(f"Signed in as {user['email']}; kept in {path}"))


def logout() -> None:
    """Forget what `athena login` kept; a token that it made ends."""
    kept = sign_in.stored()
    if kept is not None and kept.session:
        from athena_client import Athena, AthenaError

        try:
            with Athena(kept.url, kept.token) as client:
                client.request("POST", "/auth/logout")
        except AthenaError as error:
            typer.echo(output.clean(f"The token was not ended: {error}"), err=True)
    typer.echo("Signed out." if sign_in.forget() else "Nobody was signed in.")


def list_(
    resource: Annotated[Resource, typer.Argument(help="What to list.")],
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    search: Annotated[str | None, typer.Option(help="Text that they hold.")] = None,
    filters: Annotated[list[str] | None, typer.Option("--filter", "-f", help="Such as status=failed.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List resources."""
    pairs = [each.partition("=") for each in filters or ()]
    if bad := next((name for name, equals, _ in pairs if not equals), None):
        raise typer.BadParameter(f"{bad!r} is not of the form name=value", param_hint="--filter")
    if own := next((name for name, _, _ in pairs if name in OPTIONS), None):
        raise typer.BadParameter(f"{own!r} is no filter; see `athena list --help`", param_hint="--filter")
    query = {name: value for name, _, value in pairs}
    with connected() as client:
        listed: Any = getattr(client, resource.replace("-", "_"))
        rows = list(listed.list(limit=limit, search=search, **query))
    columns = COLUMNS.get(resource, ("uuid", "name", "created_at"))
    typer.echo(output.as_json(rows) if as_json else output.table(columns, rows))


def chat(
    agent: Annotated[str | None, typer.Argument(help="Its name or uuid; left out: the only one.")] = None,
    text: Text = None,
    thread: Annotated[str | None, typer.Option(help="The uuid of a thread to go on with.")] = None,
) -> None:
    """Talk with an agent.

    At a terminal until an empty line; with input from a pipe, or `--input`, once.
    """
    with connected() as client:
        given = {"agent_uuid": find(client, agent, ("agent",))[1]} if agent else {}
        if thread is None:
            thread = client.threads.create(agent_uuid=given.get("agent_uuid") or only_agent(client))["uuid"]
        if text is not None or not sys.stdin.isatty():
            if not _answer(client.threads.stream(thread, message=_given(text), **given)):
                raise SystemExit(1)
            return
        typer.echo(f"Thread {thread}; an empty line ends it.", err=True)
        while said := _line():
            _answer(client.threads.stream(thread, message=said, **given))


def run(
    name: Annotated[str, typer.Argument(help="The name or uuid of an agent or workflow.")],
    text: Text = None,
    *,
    background: Annotated[bool, typer.Option("--background", help="Print the run's uuid and leave it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run an agent or a workflow, and print what it gives.

    A workflow's input is JSON, or else text. Exit status 1 when the run fails.
    """
    with connected() as client:
        kind, uuid = find(client, name, ("agent", "workflow"))
        given = _given(text, needed=kind == "agent")
        resource: Any = client.agents if kind == "agent" else client.workflows
        value = given if kind == "agent" else _value(given)
        if background:
            started = resource.run(uuid, input=value, background=True)
            typer.echo(started["uuid"] if kind == "agent" else started["data"]["uuid"])
            return
        stream = resource.stream(uuid, input=value)
        if kind == "agent" and not as_json:
            if not _answer(stream):
                raise SystemExit(1)
            return
        last = _last(stream)
    typer.echo(output.as_json(last.data if as_json else last.data.get("output")))
    if last.type != "run.completed":
        stop(output.failure(last.data))


def logs(
    uuid: Annotated[str, typer.Argument(help="The uuid of a run or workflow execution.")],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for what comes, to the run's end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the events of a run or workflow execution."""

    async def show() -> None:
        from athena_client import AsyncAthena

        async with AsyncAthena(**sign_in.reached()) as client, client.runs.events(uuid) as stream:
            while event := await _next(stream, None if follow else SILENCE_SECONDS):
                typer.echo(
                    output.as_json({"id": event.id, "type": event.type, "data": event.data})
                    if as_json
                    else _told(event)
                )

    with sign_in.told():
        asyncio.run(show())


async def _next(stream: AsyncStream, seconds: float | None) -> Event | None:
    try:
        # The first answer takes as long as it takes; only after it is silence an end.
        async with asyncio.timeout(seconds if stream.last_event_id else None):
            return await anext(stream, None)
    except TimeoutError:
        return None


def _told(event: Event) -> str:
    """An event as a line: when, what, and what it is about."""
    known = ("node_id", "name", "status", "model", "delta", "message", "error")
    parts = [f"{name}={output.cell(event.data[name])}" for name in known if event.data.get(name) is not None]
    return "  ".join([str(event.data.get("at", ""))[11:23], event.type.ljust(22), " ".join(parts)]).rstrip()


def _answer(stream: Stream) -> bool:
    """Prints an agent's answer as it comes; whether it succeeded."""
    said = ""
    with stream:
        for event in stream:
            if event.type == "message.delta":
                said += event.data["delta"]
                output.write(event.data["delta"])
            elif event.type == "message.restarted":
                output.write("\n[begins anew]\n" if said else "")
                said = ""
            elif event.type == "message.completed" and not said:
                output.write(str(event.data.get("content") or ""))
            elif event.type == "approval.required":
                _tell_wait(event)
            elif event.type in {"run.failed", "run.cancelled"}:
                reason = output.failure(event.data) if event.type == "run.failed" else "it was cancelled"
                typer.echo(f"athena: {output.cell(reason)}", err=True)
                return False
    output.write("\n")
    return True


def _tell_wait(event: Event) -> None:
    """Whoever follows a run that waits for people is told, however long that is."""
    typer.echo(f"\n[waits for approval {event.data.get('approval_uuid')}]", err=True)


def _last(stream: Stream) -> Event:
    with stream:
        event = next(stream)
        for event in stream:
            if event.type == "approval.required":
                _tell_wait(event)
        return event


def _given(text: str | None, *, needed: bool = True) -> str:
    given = text if text is not None else "" if sys.stdin.isatty() else sys.stdin.read()
    if needed and not given.strip():
        raise typer.BadParameter("nothing is said", param_hint="--input")
    return given


def _value(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text


def _secret(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True))
    return sys.stdin.readline().strip() or stop(f"no {name.lower()} came on standard input")


def _line() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""
