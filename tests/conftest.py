"""What every test may use: a real database, the real application, and people in workspaces of their own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from athena.app import create_app
from athena.auth.service import create_token
from athena.config import Settings
from athena.kit import clock
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.permissions import Role
from athena.postgres import EmbeddedPostgres
from athena.process import Process, opened
from athena.tables import migrate

TESTS = Path(__file__).parent
SECRET_KEY = "test-key-0123456789-abcdefghijklmnopqrstuvwxyz"
_numbers = itertools.count(1)

# How long an example takes says how busy the machine is, and nothing of the code.
hypothesis_settings.register_profile("athena", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("athena")


# After those that are not asked for are gone, or the halves would not be those of the workers.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first, one kind for each of two workers: each begins with its half of the list."""
    durable = [item for item in items if item.get_closest_marker("durability")]
    fuzz = [item for item in items if item.path.name == "test_fuzz.py"]
    others = [item for item in items if item not in durable and item not in fuzz]
    half = len(items) // 2 - len(durable)
    items[:] = [*durable, *others[: max(0, half)], *fuzz, *others[max(0, half) :]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def data_dir() -> Generator[Path]:
    """A folder that an unprivileged database can enter, which pytest's own are not when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="athena-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(data_dir: Path) -> Generator[EmbeddedPostgres]:
    """One PostgreSQL per test process; fsync is off, because no test of this cluster pulls the plug."""
    settings = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    with EmbeddedPostgres.start(data_dir, settings=settings) as postgres:
        yield postgres


@pytest.fixture(scope="session")
async def database_url(cluster: EmbeddedPostgres) -> str:
    await migrate(cluster.url)
    return cluster.url


@pytest.fixture(scope="session")
async def superuser(database_url: str) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that sees everything, to look at what is really stored."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def settings(data_dir: Path) -> Settings:
    return Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        data_dir=data_dir,
        secret_key=SecretStr(SECRET_KEY),
        local_model="none",
        egress_allow=("127.0.0.1", "localhost"),
        public_url="http://athena.test",
        model_timeout_seconds=20,
        lease_seconds=5,
        log_level="error",
    )


@pytest.fixture(scope="session")
async def process(settings: Settings, database_url: str) -> AsyncGenerator[Process]:
    async with opened(settings, database_url) as opened_process:
        yield opened_process


@pytest.fixture(scope="session")
def database(process: Process) -> Database:
    return process.database


@pytest.fixture(scope="session")
def app(process: Process) -> Any:
    return create_app(process)


@pytest.fixture(scope="session")
async def client(app: Any) -> AsyncGenerator[httpx2.AsyncClient]:
    """Calls the application in this process; answers arrive whole. For streams there is ``server_url``."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://athena.test", timeout=30) as opened_client:
        yield opened_client


@pytest.fixture(scope="session")
async def server_url(app: Any) -> AsyncGenerator[str]:
    """The application behind the real server, in this process."""
    port = free_port()
    server = Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False, websockets=False)
    serving = asyncio.create_task(server.serve())
    await asyncio.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    server.stop()
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(serving, 2)


@dataclass(frozen=True)
class Tenant:
    """A user in a workspace, with a token."""

    user_uuid: UUID
    workspace_uuid: UUID
    email: str
    token: str
    client: httpx2.AsyncClient
    headers: dict[str, str] = field(default_factory=dict[str, str])

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx2.Response:
        return await self.request("POST", path, json=json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> httpx2.Response:
        return await self.request("PUT", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> httpx2.Response:
        return await self.request("DELETE", path, **options)


MakeTenant = Callable[..., Awaitable[Tenant]]


def tenant_maker(database: Database, client: httpx2.AsyncClient) -> MakeTenant:
    """Makes a user with a role, in a new workspace or in one that is there."""

    async def make(
        role: Role = Role.OWNER, workspace_uuid: UUID | None = None, scopes: list[str] | None = None
    ) -> Tenant:
        number = next(_numbers)
        user_uuid, now = new_uuid(), clock.now()
        email = f"user-{number}-{user_uuid.hex[-12:]}@example.com"
        workspace = workspace_uuid or new_uuid()
        async with database.system() as session:
            if workspace_uuid is None:
                await session.execute(
                    "INSERT INTO workspaces (uuid, created_at, updated_at, name, slug, settings) "
                    "VALUES ($1, $2, $2, $3, $4, $5)",
                    workspace,
                    now,
                    f"Workspace {number}",
                    f"workspace-{workspace.hex[-16:]}",
                    {},
                )
            await session.execute(
                "INSERT INTO users (uuid, created_at, updated_at, name, email, profile, default_workspace_uuid) "
                "VALUES ($1, $2, $2, $3, $4, $5, $6)",
                user_uuid,
                now,
                f"User {number}",
                email,
                {},
                workspace,
            )
            await session.execute(
                "INSERT INTO workspace_members (workspace_uuid, user_uuid, created_at, updated_at, role) "
                "VALUES ($1, $2, $3, $3, $4)",
                workspace,
                user_uuid,
                now,
                role.value,
            )
            _, secret = await create_token(session, user_uuid=user_uuid, kind="personal", name="test", scopes=scopes)
        token = secret.text
        return Tenant(user_uuid, workspace, email, token, client, {"Authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def make_tenant(database: Database, client: httpx2.AsyncClient) -> MakeTenant:
    """Makes a user with a role, in a new workspace or in one that is there."""
    return tenant_maker(database, client)


@pytest.fixture
async def owner(make_tenant: MakeTenant) -> Tenant:
    """The owner of a new workspace."""
    return await make_tenant()


@pytest.fixture
async def stranger(make_tenant: MakeTenant) -> Tenant:
    """The owner of another workspace."""
    return await make_tenant()


@pytest.fixture(scope="session")
def mockllm() -> Generator[str]:
    """A scripted model server as a program of its own; the address of its API."""
    port = free_port()
    program = subprocess.Popen(
        [sys.executable, str(TESTS / "mockllm.py"), "--port", str(port)], stderr=subprocess.DEVNULL, cwd=TESTS
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(100):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/healthz", timeout=1):
            break
        time.sleep(0.05)
    yield f"{address}/v1"
    program.terminate()
    program.wait(5)


Connect = Callable[..., Awaitable[UUID]]


@pytest.fixture
def connect(mockllm: str) -> Connect:
    """Connects a tenant's workspace to the scripted model server; the account's uuid."""

    async def connect_account(tenant: Tenant, base_url: str | None = None) -> UUID:
        providers = (await tenant.get("/api/v1/providers?slug=openai-compatible")).json()["data"]
        answer = await tenant.post(
            "/api/v1/accounts",
            {
                "name": "Scripted",
                "provider_uuid": providers[0]["uuid"],
                "credentials": {"base_url": base_url or mockllm, "api_key": "sk-canary-0123456789"},
            },
        )
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["data"]["uuid"])

    return connect_account


@pytest.fixture(scope="session")
def as_root() -> bool:
    return os.geteuid() == 0
