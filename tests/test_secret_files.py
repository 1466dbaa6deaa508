"""Secrets may come in files, as containers and systemd give them; nothing of what is in them is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from athena.config import Settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "secret"
    monkeypatch.setenv("ATHENA_SECRET_KEY_FILE", str(path))
    return path


def made() -> Settings:
    return Settings(_env_file=None)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_its_file(file: Path, end: str) -> None:
    file.write_bytes(f"a-key-of-this-installation-0123456789{end}".encode())
    secret = made().secret_key
    assert secret is not None
    assert secret.get_secret_value() == "a-key-of-this-installation-0123456789"


def test_the_address_of_the_database_may_come_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://athena:p@db/athena")
    monkeypatch.setenv("ATHENA_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert str(made().database_url) == "**********"


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo", b"\xff\xfe", b"x" * 70_000])
def test_what_is_no_secret_stops_the_start(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ValidationError, match="ATHENA_SECRET_KEY_FILE") as caught:
        made()
    assert "two" not in str(caught.value.errors()[0]["msg"])


def test_a_file_that_is_missing_stops_the_start(file: Path) -> None:
    with pytest.raises(ValidationError, match="cannot be read"):
        made()


def test_a_secret_is_given_in_one_way(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("a-key-of-this-installation-0123456789")
    monkeypatch.setenv("ATHENA_SECRET_KEY", "another")
    with pytest.raises(ValidationError, match="both set"):
        made()
