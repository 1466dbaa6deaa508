"""The documents say what is true: their links lead somewhere, and their lists are the code's."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from athena.config import OidcSettings, Settings
from athena.kit.errors import AthenaError
from athena.llm.errors import ErrorKind
from athena.permissions import ROLE_PERMISSIONS, Permission, Role

CODE = re.compile(r"[a-z][a-z0-9_]+")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"\bATHENA_[A-Z][A-Z0-9_]*\b")
# Errors whose code is not given by the keyword `code`.
CODE_ARGUMENT = {
    "CallFailed",
    "CredentialRejected",
    "DocumentError",
    "NodeFailed",
    "PageFailed",
    "ProviderUnavailable",
    "Refused",
    "RunFailed",
    "ToolFailed",
    "SourceFailed",
    "WebhookRejected",
    "_failed",
    "_unusable",
}
# How one process of Athena tells another, and the tests': not for users.
# Nor are those of the client, which are no settings of the server.
INTERNAL = "ATHENA_(URL|TOKEN|PROCESS_DATABASE_URL|LOCAL_MODEL_(URL|KEY|NAME)|CRASH_POINT|ENGINE_.*)"


@pytest.fixture(scope="session")
def pages(root: Path) -> dict[Path, str]:
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    names = [name for name in listed.stdout.split("\0") if name]
    paths = [root / name for name in names] or [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return {path: path.read_text("utf-8") for path in paths if path.exists()}


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def test_every_link_leads_somewhere(pages: dict[Path, str], root: Path) -> None:
    lost: list[str] = []
    for page, text in pages.items():
        for link in LINK.findall(FENCE.sub("", text)):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists() or not target.is_relative_to(root):
                lost.append(f"{page.name}: {link}")
            elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text("utf-8")):
                lost.append(f"{page.name}: {link} has no such heading")
    assert not lost


def test_the_pages_that_a_reader_looks_for_are_there(root: Path) -> None:
    names = ("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/start.md")
    assert not [name for name in names if not (root / name).is_file()]
    assert "Apache License" in (root / "LICENSE").read_text("utf-8")


def codes_in(tree: ast.Module) -> Iterator[str]:
    """Every error code that a module writes down."""
    for node in ast.walk(tree):
        values: list[Any] = []
        if isinstance(node, ast.Call):
            values += [each.value for each in node.keywords if each.arg == "code"]
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            if name in CODE_ARGUMENT or (name == "__init__" and len(node.args) > 1):
                values += node.args
            elif name == "get" and [getattr(each, "value", "") for each in node.args[:1]] == ["code"]:
                values += node.args[1:]
        elif isinstance(node, ast.arguments):
            pairs = zip(node.args[len(node.args) - len(node.defaults) :], node.defaults, strict=True)
            values += [default for argument, default in pairs if argument.arg == "code"]
        elif isinstance(node, ast.Dict):
            values += [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "code"
            ]
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and CODE.fullmatch(value.value):
                yield value.value


def all_errors(kind: type[AthenaError] = AthenaError) -> Iterator[type[AthenaError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from all_errors(child)


def test_every_error_code_is_explained_and_none_else(modules: list[Any], root: Path) -> None:
    used = {code for each in modules for code in codes_in(each.tree)}
    used |= {each.code for each in all_errors()} | {kind.value for kind in ErrorKind}
    explained = re.findall(r"^### (\S+)$", (root / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(set(explained))
    assert used - set(explained) == set()
    assert set(explained) - used == set()


def settings_of() -> set[str]:
    own = {f"ATHENA_{name.upper()}" for name in Settings.model_fields if name != "oidc"}
    return own | {f"ATHENA_OIDC_{name.upper()}" for name in OidcSettings.model_fields}


def test_every_setting_is_explained_and_none_else(root: Path) -> None:
    text = (root / "docs" / "settings.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `(ATHENA_[A-Z0-9_]+)` \|", text, re.MULTILINE))
    assert explained == settings_of()


def test_no_page_names_a_setting_that_is_none(pages: dict[Path, str]) -> None:
    known = settings_of()
    unknown = {
        f"{page.name}: {name}"
        for page, text in pages.items()
        for name in SETTING.findall(text)
        if name not in known and not re.fullmatch(INTERNAL, name) and name != "ATHENA_OIDC_"
    }
    assert not unknown


def permission_table() -> str:
    """The table of ``docs/permissions.md``."""
    roles = list(Role)
    lines = [
        f"| permission | {' | '.join(role.value for role in roles)} |",
        f"|---|{'---|' * len(roles)}",
    ]
    for permission in Permission:
        marks = ["yes" if permission in ROLE_PERMISSIONS[role] else "" for role in roles]
        lines.append(f"| `{permission.value}` | {' | '.join(marks)} |")
    return "\n".join(lines)


def test_the_table_of_permissions_is_the_codes(root: Path) -> None:
    assert permission_table() in (root / "docs" / "permissions.md").read_text("utf-8"), permission_table()


def test_every_decision_has_its_page(root: Path) -> None:
    names = sorted(path.name for path in (root / "docs" / "adr").glob("*.md"))
    numbers = [name.split("-")[0] for name in names]
    assert numbers == [f"{number:04d}" for number in range(1, len(names) + 1)]
    for name in names:
        text = (root / "docs" / "adr" / name).read_text("utf-8")
        assert {"decision", "consequences"} <= anchors(text), name


def test_the_table_of_operations_is_well_formed(root: Path) -> None:
    rows = (root / "docs" / "operations.tsv").read_text("utf-8").splitlines()
    assert rows[0].split("\t") == ["group", "operation", "method", "path", "source"]
    assert all(len(row.split("\t")) == 5 for row in rows)
