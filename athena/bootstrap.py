"""The first start: what a fresh installation needs so that its owner can sign in and get an answer."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from athena.agents.schemas import AgentCreate
from athena.agents.service import AgentService
from athena.auth import service as auth
from athena.auth.resets import begin_reset
from athena.auth.secrets import digest
from athena.config import Environment, Settings
from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.crypto import Keyring
from athena.kit.db import Database, Session
from athena.kit.errors import Conflict, NotFound, StartupError
from athena.large_language_models import service as models
from athena.local_model.endpoint import LocalModelEndpoint
from athena.media.storage import MediaStorage
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.providers import service as providers
from athena.threads.schemas import ThreadCreate
from athena.threads.service import ThreadService
from athena.users import service as users
from athena.users.passwords import verify_password
from athena.workspaces import service as workspaces

FILE = "first-owner.json"
PASSWORD_BYTES = 12

INSTRUCTIONS = (
    "You are Athena, a friendly assistant that runs on the user's own machine. Answer briefly and clearly, in the "
    "user's language. If you do not know something, say so."
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a development installation keeps of its first start, so that each start can print it again."""

    email: str
    password: str
    token: str
    agent_uuid: str
    thread_uuid: str


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What the first owner needs to know."""

    kept: Kept | None
    has_model: bool

    def lines(self, settings: Settings) -> Iterator[str]:
        """For the terminal. In production nothing secret is kept, so nothing is printed."""
        if self.kept is None:
            return
        yield f"  Sign in as   {self.kept.email}  with the password  {self.kept.password}"
        yield f"  API docs     {settings.base_url}/docs"
        if not self.has_model:
            yield "  No model     The packaged model does not run here. First connect a provider: see docs/start.md."
        yield "  Talk to the first agent, in a thread, and see its answer as it comes:"
        yield ""
        yield f"curl -N {settings.base_url}/api/v1/threads/{self.kept.thread_uuid}/run \\"
        yield f"  -H 'Authorization: Bearer {self.kept.token}' \\"
        yield "  -H 'Content-Type: application/json' \\"
        model = "" if self.has_model else '"model": "<one of your provider>", '
        yield f"""  -d '{{"message": "Hello! What can you do?", {model}"stream": true}}'"""
        yield ""


async def first_start(database: Database, settings: Settings) -> FirstStart:
    """Brings built-in data up to date, and makes the first owner with a workspace, an agent and a thread."""
    keyring = Keyring.load(settings)
    database.provide(MediaStorage(settings.data_dir / "media", keyring, settings.base_url))
    async with database.system() as session:
        await providers.sync_builtin(session)
        await models.sync_catalogue(session, LocalModelEndpoint.from_env())
    path = settings.data_dir / FILE
    has_model = LocalModelEndpoint.from_env() is not None
    async with database.system() as session:
        if await session.value("SELECT EXISTS (SELECT FROM users)"):
            return FirstStart(await _still_true(session, _read(path, settings)), has_model)
        password = _password(settings)
        user_uuid, workspace_uuid, _ = await workspaces.bootstrap(session, settings.bootstrap_email, password)
        agent_uuid, thread_uuid = await _first_thread(session, user_uuid, workspace_uuid)
        kept = None
        if settings.environment is Environment.DEVELOPMENT:
            _, secret = await auth.create_token(session, user_uuid=user_uuid, kind="personal", name="First start")
            kept = Kept(settings.bootstrap_email, password, secret.text, str(agent_uuid), str(thread_uuid))
            # Before the commit: an owner whose password nobody knows would be worse than a file without an owner.
            _write(path, json.dumps(asdict(kept), indent=2))
    return FirstStart(kept, has_model)


async def _first_thread(session: Session, user_uuid: UUID, workspace_uuid: UUID) -> tuple[UUID, UUID]:
    access = Access(WorkspaceId(workspace_uuid), user_uuid, Role.OWNER, frozenset(ROLE_PERMISSIONS[Role.OWNER]))
    agent = await AgentService(session, access).create(
        AgentCreate(
            name="Athena", description="Answers from the start, without any account.", system_prompt=INSTRUCTIONS
        )
    )
    thread = await ThreadService(session, access).create(
        ThreadCreate(name="First conversation", agent_uuid=agent["uuid"])
    )
    return agent["uuid"], thread["uuid"]


def _password(settings: Settings) -> str:
    if settings.bootstrap_password is not None:
        return settings.bootstrap_password.get_secret_value()
    if settings.environment is Environment.PRODUCTION:
        raise StartupError("the first start in production needs ATHENA_BOOTSTRAP_PASSWORD for the first owner")
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _read(path: Path, settings: Settings) -> Kept | None:
    if settings.environment is Environment.PRODUCTION:
        return None
    try:
        return Kept(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


async def _still_true(session: Session, kept: Kept | None) -> Kept | None:
    """What was kept, unless the password or the token was changed since: a wrong sign-in is worse than none."""
    if kept is None:
        return None
    found = await users.password_by_email(session, kept.email)
    row = await session.fetch_one("SELECT revoked_at FROM tokens WHERE token_hash = $1", digest(kept.token))
    if found is None or found[1] is None or not await verify_password(found[1], kept.password):
        return None
    return kept if row is not None and row["revoked_at"] is None else None


async def token_for(database: Database, *, name: str, email: str | None, days: int | None) -> str:
    """A new personal token of a user, the first owner by default; :class:`StartupError` when there is none such."""
    async with database.system() as session:
        user_uuid = await _find(session, email)
        if user_uuid is None:
            raise StartupError(
                f"there is no user {email}" if email else "there is no user yet: start `athena serve` once"
            )
        expires_at = None if days is None else clock.now() + timedelta(days=days)
        _, secret = await auth.create_token(
            session, user_uuid=user_uuid, kind="personal", name=name, expires_at=expires_at
        )
    return secret.text


async def reset_for(database: Database, email: str) -> str:
    """A token that sets a user's password anew; :class:`StartupError` when there is none such."""
    try:
        async with database.system() as session:
            return (await begin_reset(session, email)).text
    except (NotFound, Conflict) as error:
        raise StartupError(error.detail[:1].lower() + error.detail[1:].rstrip(".")) from error


async def _find(session: Session, email: str | None) -> UUID | None:
    if email is not None:
        return await users.find_user(session, email)
    return await session.value("SELECT uuid FROM users ORDER BY uuid LIMIT 1")


def _write(path: Path, content: str) -> None:
    """Readable by the owner of this process alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
