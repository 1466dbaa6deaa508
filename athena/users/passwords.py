"""Passwords: Argon2id, in threads of their own, as slow for nobody's password as for somebody's."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from athena.kit.guesses import Guesses

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 256

# The parameters that OWASP recommends where memory is dear.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Few, because each holds 19 MiB and one core: a flood of sign-ins queues here and leaves the rest its share.
_AT_ONCE = 2
_threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="argon2")
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def turn() -> asyncio.Semaphore:
    """What a check of somebody's password holds from looking at the failures so far to counting its own.

    Without it, many guesses sent at once would all look before the first is counted.
    """
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))


async def hash_password(password: str) -> str:
    """What is stored of a password."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one of ``stored``; without ``stored`` it takes as long, and is not."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, stored, password)


async def verify_link_password(guesses: Guesses, stored: str, password: str) -> bool:
    """Whether ``password`` is that of a link; :class:`athena.kit.errors.TooManyRequests` after some wrong ones."""
    async with turn():
        await guesses.check()
        if not await verify_password(stored, password):
            await guesses.count()
            return False
    await guesses.forgive()
    return True


def needs_rehash(stored: str) -> bool:
    """Whether ``stored`` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _verify(stored: str | None, password: str) -> bool:
    try:
        _hasher.verify(stored or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _nobodys() -> str:
    return _hasher.hash("the password of nobody")
