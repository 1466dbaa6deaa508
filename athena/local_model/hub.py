"""One file over HTTPS, resumed where an earlier try ended."""

from __future__ import annotations

import http.client
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from athena.local_model.catalog import HubSource
from athena.local_model.errors import LocalModelError

CONNECT_SECONDS = 10.0
"""For everything up to the answer's first byte: name, connection, TLS, redirects."""
_STALL_SECONDS = 30.0
_BLOCK = 1024 * 1024
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416


def download(source: HubSource, target: Path, size: int, progress: Callable[[int, int], None]) -> None:
    """Fetch ``size`` bytes to ``target``, going on from what is in it.

    :raises LocalModelError: it cannot be reached, breaks off, or is of another size. What has come stays.
    :raises OSError: it cannot be written.
    """
    there = target.stat().st_size if target.exists() else 0
    if there == size:
        return
    if there > size:
        target.unlink()
        there = 0
    with _open(source.url, there) as answer:
        start = _start(answer)
        if start not in {0, there}:
            raise LocalModelError("it answered with another part than was asked for")
        with target.open("r+b" if start else "wb") as file:
            file.seek(start)
            done = start
            while block := _read(answer):
                done += len(block)
                if done > size:
                    file.truncate(0)
                    raise LocalModelError("its file is larger than it should be")
                file.write(block)
                progress(done, size)
    if done != size:
        raise LocalModelError(f"it broke off after {done} of {size} bytes")


def _start(answer: http.client.HTTPResponse) -> int:
    if answer.status != _PARTIAL_CONTENT:
        return 0
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(found.group(1)) if found else -1


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read1(_BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise LocalModelError(f"it broke off: {error}") from error


def _open(url: str, start: int) -> http.client.HTTPResponse:
    """Open ``url`` from byte ``start`` on, or give up after :data:`CONNECT_SECONDS` in all.

    In a thread, because nothing else bounds the look-up of a name and each of several addresses and redirects.
    """
    outcome: list[http.client.HTTPResponse | LocalModelError] = []
    late = threading.Event()

    def work() -> None:
        headers = {"User-Agent": "athena", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            request = urllib.request.Request(url, headers=headers)  # noqa: S310 - an address of the catalogue
            answer = urllib.request.urlopen(request, timeout=_STALL_SECONDS)  # noqa: S310 - as above
        except urllib.error.HTTPError as error:
            error.close()
            outcome.append(LocalModelError(f"it answered with status {error.code}"))
        except (OSError, http.client.HTTPException, ValueError) as error:
            outcome.append(LocalModelError(f"it cannot be reached: {getattr(error, 'reason', error)}"))
        else:
            outcome.append(answer)
            if late.is_set():
                answer.close()

    thread = threading.Thread(target=work, daemon=True, name="athena-model-hub")
    thread.start()
    thread.join(CONNECT_SECONDS)
    if not outcome:
        late.set()
        raise LocalModelError(f"it did not answer within {CONNECT_SECONDS:.0f} seconds")
    if isinstance(outcome[0], LocalModelError):
        raise outcome[0]
    return outcome[0]
