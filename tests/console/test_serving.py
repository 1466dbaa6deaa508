"""The console's files: each address gives the page, each file is kept for good and sent compressed, and nothing of the
API is hidden behind them.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from athena.app import api
from athena.console.assets import Asset, accepted_encodings
from athena.console.endpoints import router
from athena.kit.http import Envelope, install_problems
from tests.conftest import Settings

SCRIPT = b"console.log('Athena')\n" * 50


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it."""
    (tmp_path / "index.html").write_text('<script type="module" src="/assets/index-1a2b.js"></script>')
    (tmp_path / "index-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "index-1a2b.js.br").write_bytes(b"as brotli has it")
    (tmp_path / "icon-3c4d.svg").write_text("<svg/>")
    (tmp_path / "sources.json").write_text("a hash")
    return tmp_path


def client_of(folder: Path, settings: Settings) -> httpx2.AsyncClient:
    app = api()
    app.state.settings = settings
    install_problems(app)
    app.include_router(router(folder))
    envelope = Envelope(app, max_body_bytes=1024, body_timeout=5)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=envelope), base_url="http://athena.test")


@pytest.fixture
async def console(built: Path, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(built, settings) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/sign-in", "/reset-password", "/w/0198/chat", "/w/0198/chat/0199?at=1"])
async def test_every_address_of_the_console_gives_its_page(console: httpx2.AsyncClient, path: str) -> None:
    answer = await console.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert "/assets/index-1a2b.js" in answer.text


async def test_the_page_may_run_and_load_only_what_is_here(console: httpx2.AsyncClient) -> None:
    policy = (await console.get("/")).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "data:" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;")
    assert "require-trusted-types-for 'script'" in policy


async def test_files_are_kept_for_good(console: httpx2.AsyncClient) -> None:
    answer = await console.get("/assets/icon-3c4d.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.0, GZIP", "gzip"),
        ("identity", None),
        ("gzip;q=0", None),
        ("", None),
    ],
)
async def test_files_are_sent_as_small_as_the_browser_takes_them(
    console: httpx2.AsyncClient, accepted: str, encoding: str | None
) -> None:
    async with console.stream("GET", "/assets/index-1a2b.js", headers={"Accept-Encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"].startswith("text/javascript")
        content = b"".join([piece async for piece in answer.aiter_raw()])
    assert {"br": b"as brotli has it", "gzip": gzip.compress(SCRIPT), None: SCRIPT}[encoding][10:] == content[10:]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/nothing.js",
        "/assets/index.html",
        "/assets/sources.json",
        "/assets/index-1a2b.js.gz",
        "/assets/..%2Fendpoints.py",
        "/assets/",
        "/elsewhere",
        "/api",
        "/api/v1/nothing",
        "/w",
    ],
)
async def test_nothing_else_is_served(console: httpx2.AsyncClient, path: str) -> None:
    answer = await console.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "route_not_found"


async def test_the_api_is_not_hidden(app: Any) -> None:
    """Whether the console is built or not."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://athena.test") as client:
        for path in ("/docs", "/openapi.json", "/health/live"):
            assert (await client.get(path)).status_code == 200
        assert (await client.get("/api/v1/threads", headers={"Accept": "text/html"})).status_code == 401


async def test_without_a_build_the_start_leads_to_the_documentation(tmp_path: Path, settings: Settings) -> None:
    async with client_of(tmp_path, settings) as client:
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
        assert (await client.get("/w/0198/chat")).status_code == 404


def test_a_file_without_compressed_forms_is_sent_as_it_is() -> None:
    assert Asset("image/svg+xml", b"<svg/>").best("br, gzip") == (b"<svg/>", None)
    assert accepted_encodings("*;q=0.1, br;q=1.0") == {"*", "br"}


def test_the_first_load_is_small(console_folder: Path) -> None:
    """What a browser loads before it shows the sign-in or a chat: 250 KB at most, compressed."""
    page = (console_folder / "index.html").read_text("utf-8")
    scripts = re.findall(r'(?:src|href)="/assets/([\w.-]+\.js)"', page)
    assert scripts
    # What gains nothing by it has no compressed form.
    forms = [
        [path for path in (console_folder / f"{name}.gz", console_folder / name) if path.exists()] for name in scripts
    ]
    assert sum(paths[0].stat().st_size for paths in forms) < 250_000
