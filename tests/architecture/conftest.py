"""The project's own files, as the rules of the house see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("athena", "athena_client", "examples", "tests", "scripts", "benchmarks")


@dataclass(frozen=True)
class Module:
    """One file of Python."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path, as it stands in messages and rules."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def room(self) -> str:
        """The folder in ``athena``; empty for what lies in ``athena`` itself."""
        parts = self.path.relative_to(ROOT / "athena").parts
        return parts[0] if len(parts) > 1 else ""

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def imports(self) -> Iterator[str]:
        """Every module that it imports, wherever in the file; ``from a import b`` gives ``a`` and ``a.b``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (each.name for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{each.name}" for each in node.names)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def everything() -> list[Module]:
    """All Python of the project."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Module(path, text := path.read_text("utf-8"), ast.parse(text)) for path in paths]


@pytest.fixture(scope="session")
def modules(everything: list[Module]) -> list[Module]:
    """The package ``athena``."""
    return [each for each in everything if each.path.is_relative_to(ROOT / "athena")]
