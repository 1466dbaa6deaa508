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

    __slots__ = ("_by_id", "_keys")

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys:
            raise ValueError("a keyring needs a secret key")
        self._keys = tuple(_Keys.of(secret.encode()) for secret in secret_keys)
        self._by_id: Mapping[bytes, _Keys] = {keys.id: keys for keys in reversed(self._keys)}

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """The keyring of ``ATHENA_SECRET_KEY``, or else of the key that is made once and kept in ``data_dir``."""
        given = settings.secret_key.get_secret_value() if settings.secret_key else ""
        return cls([given or _kept(settings.data_dir)])

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
        keys = self._by_id.get(bytes(rest[:ID_BYTES]))
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
        genuine = [hmac.compare_digest(self._mac(keys, purpose, message, until), given) for keys in self._keys]
        return any(genuine) and until > (now or clock.now()).timestamp()

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


def _kept(folder: Path) -> str:
    """The secret key that is kept in ``folder``, made if there is none; processes that start together agree on one."""
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"cannot read or make the secret key in {path}: {error}") from error
    if len(key) < KEY_BYTES:
        raise StartupError(f"the secret key in {path} is damaged; restore it, or set ATHENA_SECRET_KEY")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces the key that another process made meanwhile.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
