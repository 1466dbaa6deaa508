"""Clients that public generators make from ``/openapi.json`` pass strict type checks, and work against a server."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from tests.clients.conftest import HERE, ROOT, node, python, run
from tests.e2e.program import Athena

# A default is what the server fills in: whoever calls may leave it out.
OPTIONS = ("--default-non-nullable=false", "-o", "schema.ts")


async def document(athena: Athena, folder: Path) -> Path:
    """The server's document as a file."""
    path = folder / "openapi.json"
    path.write_bytes((await athena.client.get("/openapi.json")).content)
    return path


def arguments(athena: Athena, mockllm: str) -> list[str]:
    token = athena.client.headers["Authorization"].removeprefix("Bearer ")
    return [str(athena.client.base_url).rstrip("/"), token, mockllm]


async def test_a_python_client(athena: Athena, tools: Path, mockllm: str, tmp_path: Path) -> None:
    source = await document(athena, tmp_path)
    package = tmp_path / "athena_generated"
    generate = ["-m", "openapi_python_client", "generate", "--path", str(source), "--output-path", str(package)]
    options = ["--meta", "none", "--config", str(HERE / "generator.yml"), "--fail-on-warning"]
    binaries = f"{tools / 'python' / 'bin'}:/usr/bin:/bin"
    await asyncio.to_thread(run, python(*generate, *options), tmp_path, PATH=binaries)
    shutil.copy(HERE / "use.py", tmp_path / "use.py")
    config = '{"typeCheckingMode": "strict", "include": ["use.py"], "reportMissingTypeStubs": false}'
    (tmp_path / "pyrightconfig.json").write_text(config, "utf-8")
    check = [sys.executable, "-m", "pyright", "--pythonpath", python()[0], "--project", str(tmp_path)]
    await asyncio.to_thread(run, check, tmp_path)
    await asyncio.to_thread(run, python("use.py", *arguments(athena, mockllm)), tmp_path)


async def test_a_typescript_client(athena: Athena, tools: Path, mockllm: str, tmp_path: Path) -> None:
    source = await document(athena, tmp_path)
    for name in ("use.ts", "tsconfig.json"):
        shutil.copy(HERE / name, tools / name)
    modules = tools / "node_modules"
    said = await asyncio.to_thread(
        node, str(modules / "openapi-typescript" / "bin" / "cli.js"), str(source), *OPTIONS, where=tools
    )
    assert "warn" not in said.lower(), said
    await asyncio.to_thread(node, str(modules / "typescript" / "bin" / "tsc"), "-p", ".", where=tools)
    await asyncio.to_thread(node, "use.ts", *arguments(athena, mockllm), where=tools)


async def test_the_client_for_typescript(athena: Athena, tools: Path, mockllm: str) -> None:
    package = tools / "package"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / "clients" / "typescript", package, ignore=shutil.ignore_patterns("node_modules", "dist"))
    source = await document(athena, package)
    # It is compiled and run as a part of the package: its types are checked as strictly.
    shutil.copy(HERE / "use_client.ts", package / "src" / "use_client.ts")
    modules = tools / "node_modules"
    generate = [str(modules / "openapi-typescript" / "bin" / "cli.js"), str(source), *OPTIONS[:-1], "src/schema.ts"]
    await asyncio.to_thread(node, *generate, where=package)
    await asyncio.to_thread(node, str(modules / "typescript" / "bin" / "tsc"), "-p", ".", where=package)
    await asyncio.to_thread(node, "dist/use_client.js", *arguments(athena, mockllm), where=package)
