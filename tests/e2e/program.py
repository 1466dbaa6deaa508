"""Athena as a user starts it: a program of its own in a process group of its own, reached over HTTP alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
import psutil

ROOT: Final = Path(__file__).parents[2]
RESERVE: Final = str(Path(__file__).with_name("reserve.py"))
READY_SECONDS: Final = 60.0
"""On a machine that has much else to do; alone it is two seconds."""
TERMINAL: Final = {"run.completed", "run.failed", "run.cancelled"}
LOST: Final = (httpx2.TransportError, httpx2.StreamError)
"""What a client sees whose server dies."""


class Athena:
    """One ``athena`` command with its processes, among them the embedded PostgreSQL."""

    def __init__(self, folder: Path, port: int, **settings: str) -> None:
        self.folder = folder
        self.port = port
        self.log = folder / "athena.log"
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ATHENA_", "COVERAGE_"))}
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "ATHENA_DATA_DIR": str(folder / "data"),
            "ATHENA_PORT": str(port),
            "ATHENA_LOCAL_MODEL": "none",
            "ATHENA_EGRESS_ALLOW": "127.0.0.1",
            "ATHENA_LOG_LEVEL": "warning",
            **settings,
        }
        self.program: subprocess.Popen[bytes] | None = None
        self.reserve: subprocess.Popen[bytes] | None = None
        self.client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            timeout=httpx2.Timeout(20.0),
            limits=httpx2.Limits(max_connections=200, max_keepalive_connections=50),
        )

    # -- life -------------------------------------------------------------------------------------------------------

    def launch(self, *arguments: str, **settings: str) -> None:
        """Starts the program; it is not ready yet."""
        self.program = self._popen(["-m", "athena", *(arguments or ("serve",))], subprocess.DEVNULL, settings)

    def load(self, *arguments: str, **settings: str) -> None:
        """Has the next start do its imports already, beside the program that runs."""
        self.reserve = self._popen([RESERVE, *(arguments or ("serve",))], subprocess.PIPE, settings)

    def _popen(self, command: list[str], stdin: int, settings: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *command],
                env={**self.environment, **settings},
                cwd=self.folder,  # so that no `.env` of the checkout is read
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def start(self, *arguments: str, **settings: str) -> float:
        """Starts the program, or the one that is loaded, until it is ready; how many seconds that took."""
        begun = time.monotonic()
        if self.program is not None:
            self.program.wait(10)  # the one before
        if self.reserve is None:
            self.launch(*arguments, **settings)
        else:
            self.launch_loaded()
        await self.until_ready()
        return time.monotonic() - begun

    def launch_loaded(self) -> None:
        """Starts the program that is loaded."""
        assert self.reserve is not None
        assert self.reserve.stdin is not None
        self.reserve.stdin.write(b"\n")
        self.reserve.stdin.close()
        self.program, self.reserve = self.reserve, None

    async def until_ready(self) -> None:
        """Waits for ``/health/ready``."""
        deadline = time.monotonic() + READY_SECONDS
        while not await self.is_ready():
            assert self.program is None or self.program.poll() is None, f"it ended: {self.printed()}"
            assert time.monotonic() < deadline, f"it does not become ready: {self.printed()}"
            await asyncio.sleep(0.02)

    async def is_ready(self) -> bool:
        """Whether everything that a request needs is there."""
        with contextlib.suppress(*LOST):
            return (await self.client.get("/health/ready")).status_code == 200
        return False

    def family(self) -> list[psutil.Process]:
        """The program and all that it started: its children are in sessions of their own."""
        assert self.program is not None
        root = psutil.Process(self.program.pid)
        return [root, *root.children(recursive=True)]

    def postmaster(self) -> psutil.Process:
        """The embedded PostgreSQL."""
        return next(each for each in self.family()[0].children() if each.name() == "postgres")

    def kill_everything(self) -> None:
        """``kill -9`` for Athena and PostgreSQL alike, as a power cut would."""
        if self.program is None or self.program.poll() is not None:
            return
        family = self.family()
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
        self.program.wait(10)
        gone_within(family, 10)

    def end(self, number: int, *, group: bool = False) -> float:
        """Sends a signal and waits for the end of every process; how many seconds that took."""
        assert self.program is not None
        family = self.family()
        begun = time.monotonic()
        if group:
            os.killpg(self.program.pid, number)
        else:
            self.program.send_signal(number)
        self.program.wait(15)
        assert gone_within(family, 10), f"left behind: {[each for each in family if each.is_running()]}"
        return time.monotonic() - begun

    async def close(self) -> None:
        """Ends it in whatever state it is."""
        if self.program is not None:
            with contextlib.suppress(ProcessLookupError):
                self.program.send_signal(signal.SIGCONT)
            self.kill_everything()
        if self.reserve is not None:
            self.reserve.communicate()
        await self.client.aclose()

    def printed(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-4000:]

    # -- a client ---------------------------------------------------------------------------------------------------

    def sign_in_as_first_owner(self, folder: Path | None = None) -> None:
        """Takes the token that the first start printed."""
        kept = orjson.loads(((folder or self.folder) / "data" / "first-owner.json").read_bytes())
        self.client.headers["Authorization"] = f"Bearer {kept['token']}"

    async def call(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """A request's ``data``; ``status`` is the expected one."""
        answer = await self.client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == (status or {"POST": 201}.get(method, 200)), answer.text
        return answer.json().get("data")

    async def connect(self, mockllm: str, model: str) -> str:
        """Connects the scripted model server, and makes an agent of one of its models; the agent's uuid."""
        (provider,) = await self.call("GET", "/providers?slug=openai-compatible")
        account = await self.call(
            "POST",
            "/accounts",
            {
                "name": "Scripted",
                "provider_uuid": provider["uuid"],
                "credentials": {"base_url": mockllm, "api_key": "sk-canary"},
            },
        )
        agent = await self.call("POST", "/agents", {"name": "Teller", "model": model, "account_uuid": account["uuid"]})
        return agent["uuid"]

    async def thread(self, agent_uuid: str) -> str:
        """A new thread that the agent answers; its uuid."""
        return (await self.call("POST", "/threads", {"name": "Story", "agent_uuid": agent_uuid}))["uuid"]

    async def message(self, run: dict[str, Any]) -> dict[str, Any]:
        """The stored answer of a run."""
        return await self.call("GET", f"/messages/{run['message_uuid']}")


@dataclass(frozen=True)
class SeenEvent:
    """An event as it stood in the stream."""

    id: int
    type: str
    data: dict[str, Any]


class Follower:
    """A client that follows one run, over as many connections and servers as it takes."""

    def __init__(self) -> None:
        self.run_uuid = ""
        self.events: list[SeenEvent] = []
        self.connections = 0
        self.answered: list[int] = []

    @property
    def ended(self) -> bool:
        """Whether the terminal event came."""
        return bool(self.events) and self.events[-1].type in TERMINAL

    def has_begun(self) -> bool:
        """Whether an event came."""
        return bool(self.events)

    async def begin(self, athena: Athena, thread_uuid: str, text: str = "Tell me.") -> None:
        """Has the thread answered, and follows until the stream or the connection ends."""
        body = {"message": text, "stream": True}
        await self._read(athena, "POST", f"/api/v1/threads/{thread_uuid}/run", {}, body)

    async def resume(self, athena: Athena, after: int | None = None) -> None:
        """Goes on after the last event that it saw, or from ``after`` on."""
        last = after if after is not None else (self.events[-1].id if self.events else 0)
        headers = {"Last-Event-ID": str(last)} if last else {}
        await self._read(athena, "GET", f"/api/v1/runs/{self.run_uuid}/events", headers, None)

    async def persist(self, athena: Athena, seconds: float = 30.0) -> None:
        """Comes back after every error until the run's end."""
        async with asyncio.timeout(seconds):
            while not self.ended:
                await self.resume(athena)
                await asyncio.sleep(0.02)

    async def _read(self, athena: Athena, method: str, path: str, headers: dict[str, str], body: Any) -> None:
        self.connections += 1
        with contextlib.suppress(*LOST):
            async with athena.client.stream(method, path, headers=headers, json=body) as answer:
                self.answered.append(answer.status_code)
                if answer.status_code == 503:
                    assert answer.headers["content-type"] == "application/problem+json"
                    return
                assert answer.status_code == 200, await answer.aread()
                assert answer.headers["content-type"].startswith("text/event-stream")
                if "location" in answer.headers:
                    self.run_uuid = answer.headers["location"].rpartition("/")[2]
                await self._take(answer)

    async def _take(self, answer: httpx2.Response) -> None:
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                self.events.append(SeenEvent(int(fields["id"]), fields["event"], orjson.loads(fields["data"])))
                fields = {}

    def check(self, text: str) -> None:
        """What a client must have seen of a run that succeeded: no gap, no repeat, one end, the whole text."""
        ids = [event.id for event in self.events]
        assert ids == list(range(1, len(ids) + 1)), f"ids grow by one over all connections: {ids}"
        types = [event.type for event in self.events]
        assert [each for each in types if each in TERMINAL] == ["run.completed"], types
        assert types[-1] == "run.completed"
        assert types.count("run.started") == types.count("message.started") == types.count("message.completed") == 1
        assert all(event.data["run_uuid"] == self.run_uuid and event.data["at"] for event in self.events)
        assert self.text() == text
        assert self.events[-1].data["output"]["message"]["content"] == text

    def text(self) -> str:
        """The answer as a client puts it together."""
        text = ""
        for event in self.events:
            if event.type == "message.restarted":
                text = ""
            elif event.type == "message.delta":
                text += event.data["delta"]
        return text


async def check_stored(athena: Athena, follower: Follower, text: str) -> None:
    """What the API says of the run afterwards agrees with what was streamed."""
    run = await athena.call("GET", f"/runs/{follower.run_uuid}")
    assert run["status"] == "succeeded"
    assert run["output"]["message"]["content"] == text
    message = await athena.message(run)
    assert (message["status"], message["content"]) == ("completed", text)


class ModelServer:
    """The scripted model server's own count of what it was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = httpx2.AsyncClient(base_url=address.removesuffix("/v1"))

    async def calls(self) -> int:
        """How many streams were begun so far."""
        return (await self._client.get("/stats")).json()["streams"]

    async def text(self, model: str) -> str:
        """What a model answers."""
        body = {"model": model, "messages": [{"role": "user", "content": "Tell me."}]}
        answer = await self._client.post("/v1/chat/completions", json=body)
        return answer.json()["choices"][0]["message"]["content"]

    async def close(self) -> None:
        """Ends the connection."""
        await self._client.aclose()


def gone_within(processes: Sequence[psutil.Process], seconds: float) -> bool:
    """Whether all end in time; one that nobody waits for counts as ended."""
    deadline = time.monotonic() + seconds
    while any(lives(each) for each in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def lives(process: psutil.Process) -> bool:
    """Whether it runs."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
