"""Clients of one's own address, people with passwords, and an application with an identity provider."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

from athena.app import create_app
from athena.auth.authorization import Authorizer
from athena.config import OidcSettings
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.process import Process
from athena.users.service import add_user
from tests.auth.identity_provider import AUDIENCE, IdentityProvider
from tests.providers.conftest import built_in

__all__ = ["built_in"]

PASSWORD = "correct horse battery"
_addresses = itertools.count(1)

NewClient = Callable[..., httpx2.AsyncClient]
NewPerson = Callable[..., Awaitable[str]]


def client_of(app: Any, base_url: str = "http://athena.test") -> httpx2.AsyncClient:
    """A client of an address of its own, so that failed sign-ins of one test slow no other one."""
    number = next(_addresses)
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    transport = httpx2.ASGITransport(app=app, client=(address, 4000))
    return httpx2.AsyncClient(transport=transport, base_url=base_url, timeout=30)


@pytest.fixture
async def browser(app: Any) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(app) as opened:
        yield opened


@pytest.fixture
def new_person(database: Database) -> NewPerson:
    """Makes a user with :data:`PASSWORD` in no workspace; the e-mail address."""

    async def make(email: str = "", password: str | None = PASSWORD) -> str:
        email = email or f"{new_uuid().hex}@example.com"
        async with database.system() as session:
            await add_user(session, email, "Ada Lovelace", password=password)
        return email

    return make


@pytest.fixture
async def identity_provider() -> AsyncGenerator[IdentityProvider]:
    provider = IdentityProvider()
    await provider.start()
    yield provider
    await provider.stop()


@pytest.fixture
async def external(process: Process, identity_provider: IdentityProvider) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of an application that trusts the identity provider."""
    oidc = OidcSettings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        issuer=identity_provider.url,
        audience=AUDIENCE,
    )
    settings = process.settings.model_copy(update={"oidc": oidc})
    authorizer = Authorizer(process.database, settings, process.egress)
    app = create_app(dataclasses.replace(process, settings=settings, authorizer=authorizer))
    async with client_of(app) as opened:
        yield opened
