"""Where the address and the token are kept, and the client that is made of them."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from athena_client import Athena


@dataclass(frozen=True)
class SignIn:
    """What ``athena login`` keeps. ``session``: the token was made by it, and ends with ``athena logout``."""

    url: str
    token: str = field(repr=False)
    session: bool = False


def file() -> Path:
    """The file that only its owner may read."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    return Path(base) / "athena" / "client.json"


def stored() -> SignIn | None:
    """What was kept; none when there is nothing, or nothing that can be read."""
    with suppress(OSError, ValueError, TypeError):
        return SignIn(**json.loads(file().read_text("utf-8")))
    return None


def store(kept: SignIn) -> Path:
    """Keeps it. The file is never readable to others, not for a moment."""
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            json.dump(asdict(kept), opened)
        new.replace(path)
    except OSError as error:
        stop(f"the sign-in cannot be kept in {path}: {error.strerror}")
    return path


def forget() -> bool:
    """Removes it; whether there was something."""
    try:
        file().unlink()
    except FileNotFoundError:
        return False
    return True


def reached() -> dict[str, Any]:
    """Address and token: the environment's, or else the stored ones. A stored token goes to its own server alone."""
    kept = stored()
    url = os.environ.get("ATHENA_URL") or (kept.url if kept else None)
    token = os.environ.get("ATHENA_TOKEN")
    if token is None and kept is not None and url is not None and url.rstrip("/") == kept.url:
        token = kept.token
    if not token:
        stop("nobody is signed in: use `athena login`, or set ATHENA_URL and ATHENA_TOKEN")
    return {"base_url": url, "token": token}


@contextmanager
def connected() -> Generator[Athena]:
    """A client for what a command does; what goes wrong is one line on standard error and exit status 1."""
    from athena_client import Athena

    with told(), Athena(**reached()) as client:
        yield client


@contextmanager
def told() -> Generator[None]:
    """Tells an error of the client in one line."""
    from athena_client import AthenaError

    try:
        yield
    except AthenaError as error:
        stop(str(error))


def stop(line: str) -> NoReturn:
    """Ends the command with a reason."""
    from athena.commands.output import clean

    typer.echo(f"athena: {' '.join(clean(line).split())}", err=True)
    raise SystemExit(1)
