"""The command line as its users meet it: real programs, their exit status, and what they print."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest

from athena import __version__
from athena.postgres import EmbeddedPostgres, supervisor
from athena.postgres.binaries import PACKAGE, Binaries, find_binaries
from tests.old_server import OldServer

ROOT = Path(__file__).parents[1]
READY_SECONDS = 60.0
STOP_SECONDS = 5.0
PASSWORD = "open-sesame-81"
GOOD_KEY = "kBv1pQ8sX4nT7wZ2cR5yL9mD3hF6gJ0a-uEoIxNq"

Environment = dict[str, str]


@pytest.fixture
def open_folder() -> Generator[Path]:
    """A new folder that every user can enter, as the server's must: pytest's own is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="athena-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def environment(open_folder: Path) -> Environment:
    """A new installation on a free port, without what the caller's own environment sets."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ATHENA_", "COVERAGE_"))}
    own = {"ATHENA_DATA_DIR": str(open_folder / "data"), "ATHENA_PORT": str(port), "ATHENA_LOCAL_MODEL": "none"}
    return {**kept, "PYTHONPATH": str(ROOT), **own}


def athena(environment: Environment, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    # In the data folder's parent, so that no `.env` of the checkout is read.
    return subprocess.run(
        [sys.executable, "-m", "athena", *arguments],
        env={**environment, **more},
        cwd=Path(environment["ATHENA_DATA_DIR"]).parent,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error of a command that failed."""
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("athena: ")
    return lines[0]


class Serving:
    """A running ``athena serve`` and every process that belongs to it."""

    def __init__(self, environment: Environment, *arguments: str) -> None:
        self.environment = environment
        self.program = subprocess.Popen(
            [sys.executable, "-m", "athena", "serve", *arguments],
            env=environment,
            cwd=Path(environment["ATHENA_DATA_DIR"]).parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        address = f"http://127.0.0.1:{self.environment['ATHENA_PORT']}/health/ready"
        while time.monotonic() < deadline and self.program.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=1) as answer:
                assert answer.status == 200
                return
            time.sleep(0.05)
        self.program.kill()
        pytest.fail(f"it does not become ready: {self.program.communicate()[0]}")

    def family(self) -> list[psutil.Process]:
        """The program, and every process that it started."""
        root = psutil.Process(self.program.pid)
        return [root, *root.children(recursive=True)]

    def end(self, number: int, *, group: bool = False) -> str:
        """Sends a signal, waits for the program, and gives what it printed."""
        if group:
            os.killpg(self.program.pid, number)
        else:
            self.program.send_signal(number)
        return self.program.communicate(timeout=STOP_SECONDS * 2)[0]


Serve = Callable[..., Serving]


@pytest.fixture
def serve(environment: Environment) -> Generator[Serve]:
    started: list[Serving] = []

    def start(*arguments: str, **more: str) -> Serving:
        started.append(Serving({**environment, **more}, *arguments))
        return started[-1]

    yield start
    for each in started:
        if each.program.poll() is None:
            each.program.kill()
            each.program.communicate()


def test_the_version_is_told_at_once(environment: Environment) -> None:
    begun = time.monotonic()
    done = athena(environment, "--version")
    assert (done.returncode, done.stdout) == (0, f"athena {__version__}\n")
    # Measured at 0.03 s alone; the rest is room for a machine that runs other tests at the same time.
    assert time.monotonic() - begun < 2


def test_the_help_tells_each_command_in_a_whole_line(environment: Environment) -> None:
    for group in ((), ("token",), ("user",), ("secrets",), ("model",)):
        usage, _, commands = athena(environment, *group, "--help").stdout.partition("Commands:")
        assert (usage.split(" [")[0], "..." in commands) == (" ".join(("Usage: athena", *group)), False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("serve", "--port", "abc"),
        ("serve", "--port", "70000"),
        ("serve", "--processes", "0"),
        ("token",),
    ],
)
def test_wrong_usage_ends_with_status_2(environment: Environment, arguments: tuple[str, ...]) -> None:
    assert athena(environment, *arguments).returncode == 2


@pytest.mark.parametrize(
    ("setting", "value", "also"),
    [
        ("ATHENA_PORT", "abc", {}),
        ("ATHENA_PORT", "70000", {}),
        ("ATHENA_EGRESS_ALLOW", "10.0.0.0/99", {}),
        ("ATHENA_LOCAL_MODEL", "70b", {}),
        ("ATHENA_ENVIRONMENT", "staging", {}),
        ("ATHENA_SECRET_KEY", "short", {"ATHENA_ENVIRONMENT": "production"}),
        (
            "ATHENA_BOOTSTRAP_PASSWORD",
            "password",
            {"ATHENA_ENVIRONMENT": "production", "ATHENA_SECRET_KEY": GOOD_KEY},
        ),
    ],
)
def test_a_bad_setting_is_named_in_one_line(
    environment: Environment, setting: str, value: str, also: Environment
) -> None:
    assert setting in only_line(athena(environment, "migrate", **{setting: value, **also}))


def test_a_taken_port_is_told_in_one_line(environment: Environment) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environment["ATHENA_PORT"])))
        other.listen()
        line = only_line(athena(environment, "serve"))
        written = Path(environment["ATHENA_DATA_DIR"]).parent / "report.json"
        report = athena(environment, "doctor", "--report", str(written))
    assert f"cannot listen on 127.0.0.1:{environment['ATHENA_PORT']}" in line
    assert "ATHENA_PORT" in line
    assert report.returncode == 1
    assert "PROBLEM  port: cannot listen on" in report.stdout
    assert f"The report is in {written}" in report.stdout
    assert "PROBLEM  port: cannot listen on" in str(json.loads(written.read_text("utf-8"))["checks"])


def test_a_data_folder_in_use_names_its_user(
    environment: Environment, cluster: EmbeddedPostgres, data_dir: Path
) -> None:
    assert cluster.running
    wanted = f"{data_dir} is in use by another Athena (process {os.getpid()})"
    assert wanted in only_line(athena(environment, "serve", ATHENA_DATA_DIR=str(data_dir)))
    report = athena(environment, "doctor", ATHENA_DATA_DIR=str(data_dir))
    assert report.returncode == 1
    assert wanted in report.stdout
    assert len(report.stderr.splitlines()) == 1


def test_a_data_folder_that_is_none_is_told(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = only_line(athena(environment, "serve", ATHENA_DATA_DIR=str(tmp_path / "file" / "data")))
    assert "data folder" in line
    report = athena(environment, "doctor", ATHENA_DATA_DIR=str(tmp_path / "file" / "data"))
    assert "PROBLEM  data folder" in report.stdout


@pytest.fixture
def old_server() -> Generator[OldServer]:
    server = OldServer(PASSWORD)
    yield server
    server.close()


@pytest.fixture
def without_pgvector(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> Generator[str]:
    """A real server, from a copy of the embedded one that has lost the extension."""
    package = find_binaries(None).folder.parents[1]
    shutil.copytree(package, open_folder / PACKAGE, ignore=shutil.ignore_patterns("vector*", "__pycache__", "include"))
    libraries = package.with_name(f"{PACKAGE}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, open_folder / libraries.name)
    subprocess.run(["/bin/chmod", "-R", "a+rX", str(open_folder)], check=True)
    copy = Binaries(open_folder / PACKAGE / "pginstall" / "bin")

    def found(_account: object) -> Binaries:
        return copy

    monkeypatch.setattr(supervisor, "find_binaries", found)
    with EmbeddedPostgres.start(open_folder / "server", settings={"fsync": "off"}) as postgres:
        yield postgres.url


def test_a_database_that_is_too_old_is_told_in_one_line(environment: Environment, old_server: OldServer) -> None:
    wanted = "the database is PostgreSQL 13"
    line = only_line(athena(environment, "serve", ATHENA_DATABASE_URL=old_server.url))
    assert wanted in line
    assert line.endswith("Athena needs 15 or newer")
    report = athena(environment, "doctor", ATHENA_DATABASE_URL=old_server.url)
    assert report.returncode == 1
    assert f"PROBLEM  database: {wanted}" in report.stdout
    assert PASSWORD not in report.stdout + report.stderr


def test_a_database_without_pgvector_is_told_in_one_line(environment: Environment, without_pgvector: str) -> None:
    line = only_line(athena(environment, "serve", ATHENA_DATABASE_URL=without_pgvector))
    assert "the database lacks pgvector: install" in line
    report = athena(environment, "doctor", ATHENA_DATABASE_URL=without_pgvector)
    assert report.returncode == 1
    assert "PROBLEM  database: the database lacks pgvector" in report.stdout


@pytest.mark.parametrize("url", [f"postgresql://nobody:{PASSWORD}@127.0.0.1:1/none", "nonsense"])
def test_a_database_that_cannot_be_reached_is_told_in_one_line(environment: Environment, url: str) -> None:
    line = only_line(athena(environment, "serve", ATHENA_DATABASE_URL=url))
    assert "cannot connect to the database" in line
    assert PASSWORD not in line
    report = athena(environment, "doctor", ATHENA_DATABASE_URL=url)
    assert report.returncode == 1
    assert "PROBLEM  database: cannot be reached" in report.stdout


def test_a_worker_wants_a_shared_database_and_queues_that_there_are(
    environment: Environment, database_url: str
) -> None:
    assert "ATHENA_DATABASE_URL" in only_line(athena(environment, "worker"))
    line = only_line(athena(environment, "worker", "--queues", "training,chess", ATHENA_DATABASE_URL=database_url))
    assert "there is no queue chess; there are default, workflows, memories, evaluations, training" in line


@pytest.mark.durability
def test_a_signal_during_the_start_leaves_nothing(serve: Serve) -> None:
    for seconds in (0.3, 1.0, 2.0):
        serving = serve()
        time.sleep(seconds)
        family = serving.family() if serving.program.poll() is None else []
        printed = serving.end(signal.SIGINT)
        assert not psutil.wait_procs(family, timeout=STOP_SECONDS)[1]
        assert "Traceback" not in printed


@pytest.mark.durability
def test_a_killed_server_does_not_stop_the_next_start(serve: Serve) -> None:
    first = serve()
    first.wait_ready()
    family = first.family()
    first.end(signal.SIGKILL)
    second = serve()
    second.wait_ready()
    assert not psutil.wait_procs(family, timeout=STOP_SECONDS)[1]
    second.end(signal.SIGINT)


@pytest.mark.durability
def test_commands_beside_a_running_server(serve: Serve, environment: Environment) -> None:
    serving = serve()
    serving.wait_ready()
    token = athena(environment, "token", "create", "--name", "a test", "--days", "1")
    assert token.returncode == 0, token.stderr
    request = urllib.request.Request(
        f"http://127.0.0.1:{environment['ATHENA_PORT']}/api/v1/user",
        headers={"Authorization": f"Bearer {token.stdout.strip()}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["data"]["workspaces"][0]["role"] == "owner"
    assert "in use by another Athena" in only_line(athena(environment, "serve", "--port", "1"))
    assert f"Athena serves on 127.0.0.1:{environment['ATHENA_PORT']}" in athena(environment, "doctor").stdout
    serving.end(signal.SIGINT)
    report = athena(environment, "doctor")
    assert (report.returncode, "up to date" in report.stdout) == (0, True), report.stdout
    assert athena(environment, "migrate").stdout == "The database is up to date.\n"
