"""Commit messages follow Conventional Commits."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TYPES = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test")
SUBJECT = re.compile(rf"({'|'.join(TYPES)})(\([a-z0-9_, /.-]+\))?!?: [^\s].*[^.\s]")
SUBJECT_LENGTH = 120


def problem(message: str) -> str | None:
    """What is wrong with a commit's message, if anything is."""
    subject, _, rest = message.strip("\n").partition("\n")
    if not SUBJECT.fullmatch(subject):
        return f"{subject!r} is not `type(scope): what it does`, with a type of {', '.join(TYPES)}"
    if len(subject) > SUBJECT_LENGTH:
        return f"{subject!r} is longer than {SUBJECT_LENGTH} characters"
    if rest and not rest.startswith("\n"):
        return f"{subject!r} has no empty line after it"
    return None


@pytest.mark.parametrize(
    "message", ["feat: a thing", "fix(runs)!: another\n\nWhy it was so.", "docs(adr): one more decision", "ci: x1"]
)
def test_good_messages_pass(message: str) -> None:
    assert problem(message) is None


@pytest.mark.parametrize(
    "message",
    ["a thing", "feat a thing", "feature: x1", "feat: ends with a dot.", "feat: x1\nno empty line", "Feat: x1"],
)
def test_bad_messages_are_found(message: str) -> None:
    assert problem(message) is not None


def test_every_commit_is_conventional(root: Path) -> None:
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("not a clone")
    log = ["git", "-c", f"safe.directory={root}", "log", "--no-merges", "--format=%B%x00", "HEAD"]
    done = subprocess.run(log, cwd=root, capture_output=True, text=True, check=True)
    messages = [each.lstrip("\n") for each in done.stdout.split("\0") if each.strip()]
    assert messages
    assert not [text for each in messages if (text := problem(each))]
