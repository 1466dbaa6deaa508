"""Hosts on one machine: network namespaces that reach each other over a bridge, with a worker in each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

ROOT = Path(__file__).parents[2]
PROGRAM = "tests.engine.host_program"


class NotPermitted(Exception):
    """This process may not make network namespaces here."""


class Host:
    """A namespace with a worker in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._program: subprocess.Popen[str] | None = None

    def start(self, url: str, lease_seconds: float, calls: Path) -> None:
        """Starts the worker; :meth:`until_ready` waits for it."""
        command = [sys.executable, "-m", PROGRAM, url, str(lease_seconds), str(calls)]
        self._program = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_ready(self) -> None:
        """Waits until it has reached the database."""
        assert self._program is not None
        assert self._program.stdout is not None
        said = self._program.stdout.readline()
        assert said == "ready\n", self._program.communicate()[1]

    def begin(self) -> None:
        """Lets it take runs."""
        assert self._program is not None
        assert self._program.stdin is not None
        self._program.stdin.write("begin\n")
        self._program.stdin.flush()

    def cut_off(self) -> None:
        """Takes the network away, without a word to anyone."""
        ip("link", "set", f"{self.name}p", "down")

    def connect(self) -> None:
        """Gives the network back."""
        ip("link", "set", f"{self.name}p", "up")

    def signal(self, number: int) -> None:
        """Sends a signal to the worker."""
        assert self._program is not None
        self._program.send_signal(number)

    def end(self) -> None:
        """Kills the worker."""
        if self._program is not None:
            self._program.kill()
            self._program.communicate()


class Network:
    """A bridge with hosts. They reach a database over :meth:`database`."""

    def __init__(self) -> None:
        number = os.getpid() % 65_000
        self._bridge = f"ath{number}"
        self._prefix = f"10.213.{number % 250 + 1}"
        self.address = f"{self._prefix}.1"
        self.hosts: list[Host] = []

    @contextlib.asynccontextmanager
    async def database(self, local: str) -> AsyncGenerator[str]:
        """The address at which the hosts reach the embedded server, which itself listens on a socket of its folder."""
        parts = urlsplit(local)
        query = parse_qs(parts.query)
        door = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"

        answering: set[asyncio.Task[Any]] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            to_read, to_write = await asyncio.open_unix_connection(door)
            pumps = asyncio.gather(_pump(reader, to_write), _pump(to_read, writer), return_exceptions=True)
            if task := asyncio.current_task():
                answering.add(task)
            try:
                await pumps
            except asyncio.CancelledError:
                pass  # by the end of the test
            finally:
                for each in (writer, to_write):
                    each.transport.abort()

        server = await asyncio.start_server(answer, self.address, 0)
        port = server.sockets[0].getsockname()[1]
        login = parts.netloc.rpartition("@")[0]
        yield urlunsplit((parts.scheme, f"{login}@{self.address}:{port}", parts.path, "sslmode=disable", ""))
        server.close()
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)
        await asyncio.sleep(0)  # in which the transports close their sockets

    def open(self, number: int) -> None:
        """Makes the bridge and the hosts."""
        ip("link", "add", self._bridge, "type", "bridge")
        ip("addr", "add", f"{self.address}/24", "dev", self._bridge)
        ip("link", "set", self._bridge, "up")
        for place in range(number):
            host = Host(f"{self._bridge}h{place}")
            self.hosts.append(host)
            ip("netns", "add", host.name)
            ip("link", "add", f"{host.name}p", "type", "veth", "peer", "name", "eth0", "netns", host.name)
            ip("link", "set", f"{host.name}p", "master", self._bridge, "up")
            ip("-n", host.name, "addr", "add", f"{self._prefix}.{place + 10}/24", "dev", "eth0")
            ip("-n", host.name, "link", "set", "eth0", "up")

    def close(self) -> None:
        """Takes everything away again."""
        for host in self.hosts:
            host.end()
            with contextlib.suppress(NotPermitted):
                ip("netns", "del", host.name)
        with contextlib.suppress(NotPermitted):
            ip("link", "del", self._bridge)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def ip(*words: str) -> None:
    """Runs ``ip``."""
    try:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=10, check=False)
    except OSError as error:
        raise NotPermitted(f"ip: {error.strerror}") from error
    if done.returncode:
        raise NotPermitted(f"ip {' '.join(words)}: {done.stderr.strip()}")


@contextlib.contextmanager
def network(number: int) -> Generator[Network]:
    """A network with so many hosts; :class:`NotPermitted` where that cannot be."""
    made = Network()
    try:
        made.open(number)
        yield made
    finally:
        made.close()


FREEZE = signal.SIGSTOP
THAW = signal.SIGCONT
