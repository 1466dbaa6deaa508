"""The installer: what it takes over from pip's configuration, and when it has to work again."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("athena_setup", ROOT / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "SSL_CERT_FILE", "UV_INDEX_STRATEGY"):
        monkeypatch.delenv(variable, raising=False)
    return module


LISTING = """:env:.cert='/certificates/all.pem'
global.extra-index-url='file:///packages/one file:///packages/two'
global.find-links='/wheels /more wheels'
global.index-url='https://packages.example.com/simple'
install.index-url='https://packages.example.org/simple'
global.verbose='1'
nonsense
"""


def test_pips_configuration_reaches_uv(setup: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(*_given: Any, **_more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, stdout=LISTING)

    monkeypatch.setattr(setup.subprocess, "run", listed)
    environment = setup.uv_environment()
    assert environment["UV_DEFAULT_INDEX"] == "https://packages.example.org/simple"
    assert environment["UV_INDEX"] == "file:///packages/one file:///packages/two"
    assert environment["SSL_CERT_FILE"] == "/certificates/all.pem"
    assert environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.example.com/simple")
    assert setup.uv_environment()["UV_DEFAULT_INDEX"] == "https://own.example.com/simple"


def test_a_command_that_fails_shows_why(setup: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(setup.SetupError, match="“Trying” failed with status 3"):
        setup.run("Trying", [sys.executable, "-c", "print('because'); raise SystemExit(3)"])
    said = capsys.readouterr()
    assert said.out == "Trying …\n"
    assert said.err == "  because\n"


def test_no_python_that_is_new_enough_is_one_clear_line(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "python.sh"), "-V"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_python_without_ensurepip_is_told(setup: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        assert name in {"venv", "ensurepip"}

    monkeypatch.setattr(setup, "find_spec", missing)
    with pytest.raises(setup.SetupError, match=r"lacks the module venv.*apt install python3\.\d+-venv"):
        setup.make_venv()


def test_a_changed_lock_or_a_moved_checkout_is_noticed(
    setup: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1\n")
    monkeypatch.setattr(setup, "LOCKS", {"run": lock, "dev": lock})
    before = setup.fingerprint()
    assert before == setup.fingerprint()
    lock.write_text("a==2\n")
    assert setup.fingerprint() != before
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    assert setup.fingerprint()["path"] == str(tmp_path)


def test_wrong_usage(setup: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.main(["everything"]) == 2
    assert capsys.readouterr().err.startswith("usage:")


def test_the_locks_are_exact_and_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock", "requirements-node.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pinned
        assert not [line for line in pinned if "==" not in line or not line.endswith("\\")]
