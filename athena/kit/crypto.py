"""Secrets at rest, and signatures of short-lived links; every key comes from the instance's secret key.

A secret is sealed with AES-256-GCM under a random key of its own, which is stored beside it, wrapped by the key that is
derived from the secret key. The secret's place (``table/workspace/row/column``) is authenticated with it, so that a
ciphertext that is moved to another row does not open.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from athena.config import Settings
from athena.kit import clock
from athena.kit.errors import StartupError

KEY_FILE = "secret-key"
VERSION = b"\x01"
KEY_BYTES = 32
ID_BYTES = 8
NONCE_BYTES = 12
TAG_BYTES = 16
_WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES
_HEADER_BYTES = len(VERSION) + ID_BYTES + _WRAPPED_BYTES + NONCE_BYTES


class SecretUnreadable(Exception):
    """A stored secret cannot be opened: it was sealed with another secret key, or it was changed or moved."""


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"athena/{purpose}".encode()).derive(secret)


@dataclass(frozen=True, slots=True)
class _Keys:
    """What is derived from one secret key; ``id`` names it in each ciphertext without telling anything about it."""

    id: bytes
    wrapping: AESGCM = field(repr=False)
    signing: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> Self:
        wrapping = _derive(secret, "secrets")
        return cls(_derive(secret, "key-id")[:ID_BYTES], AESGCM(wrapping), _derive(secret, "signatures"))


class Keyring:
    """The keys of one instance: the first of ``secret_keys`` seals and signs, all of them open and verify."""

    __slots__ = ("_by_id", "_file", "_keys", "_previous", "_version")

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._file: KeyFile | None = None
        self._previous: Sequence[str] = ()
        self._version: object = None
        self._take(secret_keys)

    def _take(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys:
            raise ValueError("a keyring needs a secret key")
        self._keys = tuple(_Keys.of(secret.encode()) for secret in secret_keys)
        self._by_id: Mapping[bytes, _Keys] = {keys.id: keys for keys in reversed(self._keys)}

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """The keyring of ``ATHENA_SECRET_KEY``, or else of the keys that are kept in ``data_dir``."""
        given = settings.secret_key.get_secret_value() if settings.secret_key else ""
        previous = [key.get_secret_value() for key in settings.secret_key_previous]
        if given:
            return cls([given, *previous])
        file = KeyFile.in_folder(settings.data_dir)
        version = file.version()
        keyring = cls([*file.read(), *previous])
        keyring._file, keyring._previous, keyring._version = file, previous, version
        return keyring

    def refresh(self) -> bool:
        """Takes over what was changed in the file; whether that is something."""
        if self._file is None or (version := self._file.version()) in {None, self._version}:
            return False
        try:
            self._take([*self._file.read(), *self._previous])
        except StartupError:  # of a file that somebody damaged: the keys that are known go on
            return False
        self._version = version
        return True

    @property
    def stamps(self) -> Sequence[bytes]:
        """What a secret begins with that was sealed by each of the keys, the present one first."""
        return [VERSION + keys.id for keys in self._keys]

    def seal(self, plaintext: bytes, place: str) -> bytes:
        """``plaintext`` encrypted, to be opened at the same ``place`` only."""
        keys = self._keys[0]
        bound = place.encode()
        data_key, wrap_nonce, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES), os.urandom(NONCE_BYTES)
        wrapped = keys.wrapping.encrypt(wrap_nonce, data_key, bound)
        return b"".join(
            (VERSION, keys.id, wrap_nonce, wrapped, nonce, AESGCM(data_key).encrypt(nonce, plaintext, bound))
        )

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed at ``place``; :class:`SecretUnreadable` otherwise."""
        if len(sealed) < _HEADER_BYTES + TAG_BYTES or sealed[:1] != VERSION:
            raise SecretUnreadable("This stored secret is damaged.")
        rest = memoryview(sealed)[1:]
        key_id = bytes(rest[:ID_BYTES])
        keys = self._by_id.get(key_id)
        if keys is None and self.refresh():
            keys = self._by_id.get(key_id)
        if keys is None:
            raise SecretUnreadable("The secret key has changed since this secret was stored; enter the secret again.")
        rest = rest[ID_BYTES:]
        bound = place.encode()
        try:
            data_key = keys.wrapping.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:_WRAPPED_BYTES], bound)
            rest = rest[_WRAPPED_BYTES:]
            return AESGCM(data_key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound)
        except InvalidTag:
            raise SecretUnreadable("This stored secret was changed, or moved from another place.") from None

    def sign(self, purpose: str, message: str, expires: datetime) -> str:
        """A signature of ``message`` for ``purpose``, safe in an address, which holds until ``expires``."""
        until = int(expires.timestamp())
        return f"{until}.{_encoded(self._mac(self._keys[0], purpose, message, until))}"

    def verify(self, purpose: str, message: str, signature: str, *, now: datetime | None = None) -> bool:
        """Whether ``signature`` was made by :meth:`sign` for the same purpose and message, and still holds."""
        expires, _, mac = signature.partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) < 12):  # noqa: PLR2004 - the year 5138
            return False
        until = int(expires)
        try:
            given = base64.b64decode(mac + "=" * (-len(mac) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return False
        genuine = self._is_genuine(purpose, message, until, given)
        if not genuine and self.refresh():
            genuine = self._is_genuine(purpose, message, until, given)
        return genuine and until > (now or clock.now()).timestamp()

    def _is_genuine(self, purpose: str, message: str, until: int, given: bytes) -> bool:
        genuine = [hmac.compare_digest(self._mac(keys, purpose, message, until), given) for keys in self._keys]
        return any(genuine)

    @staticmethod
    def _mac(keys: _Keys, purpose: str, message: str, until: int) -> bytes:
        # The length of the purpose stands first, so that no two pairs of purpose and message give the same bytes.
        text = f"{len(purpose)}:{purpose}:{until}:{message}"
        return hmac.new(keys.signing, text.encode(), hashlib.sha256).digest()


def place(table: str, workspace_uuid: object, uuid: object, column: str) -> str:
    """A secret's place, for :meth:`Keyring.seal` and :meth:`Keyring.open`."""
    return f"{table}/{workspace_uuid}/{uuid}/{column}"


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The secret keys that are kept in a folder, a line for each, the present one first."""

    path: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """The file, with a key in it; processes that start together agree on one."""
        path = folder / KEY_FILE
        try:
            if not path.exists():
                _make(path)
        except OSError as error:
            raise _unreadable(path, error) from error
        return cls(path)

    def version(self) -> object:
        """What is another after each change; ``None`` while the file cannot be reached."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def read(self) -> list[str]:
        """The keys."""
        try:
            keys = self.path.read_text("ascii").split()
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(self.path, error) from error
        if not keys or any(len(key) < KEY_BYTES for key in keys):
            raise StartupError(f"the secret key in {self.path} is damaged; restore it, or set ATHENA_SECRET_KEY")
        return keys

    def add(self) -> None:
        """Makes a new key the present one; the others stay."""
        self._replace([secrets.token_urlsafe(KEY_BYTES), *self.read()])

    def keep(self, keys: Sequence[str]) -> None:
        """Adds former keys, which open and do not seal, unless they are there."""
        present = self.read()
        self._replace([*present, *(key for key in keys if key not in present)])

    def forget(self) -> None:
        """Keeps the present key alone."""
        self._replace(self.read()[:1])

    def _replace(self, keys: Sequence[str]) -> None:
        try:
            draft = _draft(self.path, keys)
            draft.replace(self.path)
        except OSError as error:
            raise StartupError(f"cannot write the secret key to {self.path}: {error}") from error


def _unreadable(path: Path, error: Exception) -> StartupError:
    return StartupError(f"cannot read or make the secret key in {path}: {error}")


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, [secrets.token_urlsafe(KEY_BYTES)])
    # A link appears whole or not at all, and never replaces the key that another process made meanwhile.
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink(missing_ok=True)


def _draft(path: Path, keys: Sequence[str]) -> Path:
    """A file beside ``path`` with the keys, safely on the disk and readable by its owner alone."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{key}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    return draft
