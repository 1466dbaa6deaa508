"""Secrets at rest, and signatures of short-lived links."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from athena.config import Settings
from athena.kit import clock
from athena.kit.crypto import KEY_FILE, Keyring, SecretUnreadable, place
from athena.kit.errors import StartupError

OLD, NEW = "an old secret key, long enough 0123456789", "a new secret key, long enough 0123456789"
HERE = place("accounts", "workspace", "row", "credentials")
keyring = Keyring([NEW])


def settings(folder: Path, secret: str | None = None) -> Settings:
    key = SecretStr(secret) if secret is not None else None
    return Settings(_env_file=None, data_dir=folder, secret_key=key)  # pyright: ignore[reportCallIssue]


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_at_its_place_and_shows_nothing(plaintext: bytes) -> None:
    sealed = keyring.seal(plaintext, HERE)
    assert keyring.open(sealed, HERE) == plaintext
    assert len(plaintext) < 8 or plaintext not in sealed
    assert keyring.seal(plaintext, HERE) != sealed


@pytest.mark.parametrize(
    "elsewhere",
    [
        place("accounts", "workspace", "another row", "credentials"),
        place("accounts", "another workspace", "row", "credentials"),
        place("tokens", "workspace", "row", "credentials"),
        place("accounts", "workspace", "row", "another column"),
    ],
)
def test_a_ciphertext_that_was_moved_does_not_open(elsewhere: str) -> None:
    sealed = keyring.seal(b"secret", HERE)
    with pytest.raises(SecretUnreadable, match="moved"):
        keyring.open(sealed, elsewhere)


def test_no_changed_byte_goes_unnoticed() -> None:
    sealed = keyring.seal(b"secret", HERE)
    for index in range(len(sealed)):
        changed = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(SecretUnreadable):
            keyring.open(changed, HERE)
    for length in range(len(sealed)):
        with pytest.raises(SecretUnreadable):
            keyring.open(sealed[:length], HERE)


def test_another_secret_key_says_that_it_has_changed() -> None:
    with pytest.raises(SecretUnreadable, match="secret key has changed"):
        Keyring([NEW]).open(Keyring([OLD]).seal(b"secret", HERE), HERE)


def test_an_older_key_still_opens_and_verifies_but_does_not_seal() -> None:
    before, both = Keyring([OLD]), Keyring([NEW, OLD])
    until = clock.now() + timedelta(minutes=1)
    assert both.open(before.seal(b"secret", HERE), HERE) == b"secret"
    assert both.verify("media", "x", before.sign("media", "x", until))
    with pytest.raises(SecretUnreadable):
        before.open(both.seal(b"secret", HERE), HERE)


def test_a_signature_holds_for_its_purpose_message_and_time_alone() -> None:
    until = clock.now() + timedelta(minutes=1)
    signature = keyring.sign("media", "file", until)
    assert keyring.verify("media", "file", signature)
    assert not keyring.verify("media", "another file", signature)
    assert not keyring.verify("share", "file", signature)
    assert not keyring.verify("media", "file", signature, now=until + timedelta(seconds=1))
    assert not Keyring([OLD]).verify("media", "file", signature)
    later, _, mac = signature.partition(".")
    assert not keyring.verify("media", "file", f"{int(later) + 60}.{mac}")


@given(st.text(max_size=100))
def test_garbage_is_no_signature(text: str) -> None:
    assert not keyring.verify("media", "file", text)
    assert not keyring.verify("media", "file", f"99999999999.{text}")


def test_a_kept_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    sealed = Keyring.load(settings(folder)).seal(b"secret", HERE)
    assert Keyring.load(settings(folder)).open(sealed, HERE) == b"secret"
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keyrings = list(pool.map(Keyring.load, [settings(tmp_path)] * 16))
    sealed = keyrings[0].seal(b"secret", HERE)
    assert {each.open(sealed, HERE) for each in keyrings} == {b"secret"}


def test_the_secret_key_of_the_settings_is_used_and_nothing_is_kept(tmp_path: Path) -> None:
    sealed = Keyring.load(settings(tmp_path, NEW)).seal(b"secret", HERE)
    assert keyring.open(sealed, HERE) == b"secret"
    assert not list(tmp_path.iterdir())


def test_a_damaged_or_unreadable_key_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(StartupError, match="damaged"):
        Keyring.load(settings(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(StartupError, match="cannot read or make"):
        Keyring.load(settings(tmp_path / "file"))


def test_no_key_is_seen_in_a_representation() -> None:
    assert NEW not in repr(keyring)
    with pytest.raises(ValueError, match="needs a secret key"):
        Keyring([])
