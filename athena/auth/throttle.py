"""What slows guessing down: failures are counted by keys, and after some of them no attempt is taken for a while."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import timedelta

from athena.auth.repository import AttemptRepository
from athena.kit import clock
from athena.kit.db import Database, Session
from athena.kit.errors import TooManyRequests

EMAIL_FREE_FAILURES = 5
# Many people may share an address.
ADDRESS_FREE_FAILURES = 50
MAXIMUM_DELAY_SECONDS = 300
FORGOTTEN_AFTER = timedelta(hours=1)
IPV6_SITE_BITS = 64


@dataclass(frozen=True, slots=True)
class Throttle:
    """The failures of one attempt's keys, each with how many are free; needs a session of the system's scope."""

    session: Session
    keys: dict[bytes, int]

    @classmethod
    def of_sign_in(cls, session: Session, email: str, address: str) -> Throttle:
        """By the e-mail first, and by the client's address."""
        by_address = cls.of_address(session, address).keys
        return cls(session, {_key("email", email.strip().lower()): EMAIL_FREE_FAILURES, **by_address})

    @classmethod
    def of_address(cls, session: Session, address: str) -> Throttle:
        """By the client's address alone."""
        site = _site(address)
        return cls(session, {_key("address", site): ADDRESS_FREE_FAILURES} if site else {})

    @property
    def _attempts(self) -> AttemptRepository:
        return AttemptRepository(self.session)

    async def check(self) -> None:
        """:class:`TooManyRequests` while one of the keys is to wait."""
        until = await self._attempts.blocked_until(list(self.keys))
        moment = clock.now()
        if until is not None and until > moment:
            await self.session.commit()
            seconds = math.ceil((until - moment).total_seconds())
            raise TooManyRequests("Too many failed attempts; wait a while.", retry_after=seconds)

    async def count_failure(self) -> None:
        """Notes a failed attempt, and commits that."""
        moment = clock.now()
        for key, row in (await self._attempts.lock(list(self.keys))).items():
            failures = 1 if row["updated_at"] < moment - FORGOTTEN_AFTER else row["failures"] + 1
            wait = delay_after(failures, self.keys[key])
            await self._attempts.store(key, failures, moment + timedelta(seconds=wait) if wait else None)
        await self.session.commit()

    async def forgive(self) -> None:
        """Forgets the failures of the first key."""
        await self._attempts.forgive(next(iter(self.keys)))


@dataclass(frozen=True, slots=True)
class PasswordGuesses:
    """Guesses at a password from one address, counted together with failed sign-ins, each in its own transaction."""

    database: Database
    address: str

    async def check(self, email: str) -> None:
        """:class:`TooManyRequests` while the e-mail or the address is to wait."""
        async with self.database.system() as session:
            await Throttle.of_sign_in(session, email, self.address).check()

    async def count_failure(self, email: str) -> None:
        """Notes a wrong guess."""
        async with self.database.system() as session:
            await Throttle.of_sign_in(session, email, self.address).count_failure()


def delay_after(failures: int, free: int) -> int:
    """For how many seconds no attempt is taken after so many failures: none at first, then twice as long each time."""
    return 0 if failures <= free else min(2 ** min(failures - free, 30), MAXIMUM_DELAY_SECONDS)


def _key(kind: str, value: str) -> bytes:
    return hashlib.sha256(f"{kind}\0{value}".encode("utf-8", "replace")).digest()


def _site(address: str) -> str:
    """The address; of IPv6 the network, since one client has all addresses of one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if parsed.version == 6:  # noqa: PLR2004
        return str(ipaddress.ip_network((parsed, IPV6_SITE_BITS), strict=False))
    return str(parsed)
