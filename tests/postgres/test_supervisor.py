"""The embedded PostgreSQL: what it keeps, how it ends, and what it says when it cannot start."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from athena.postgres import EmbeddedPostgres, PostgresError, inspect
from athena.postgres.binaries import SYSTEM_FOLDER
from athena.postgres.server import choose_address

pytestmark = pytest.mark.durability
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who alone can become other users")
NOBODY = 65534
CREATE = "CREATE TABLE IF NOT EXISTS kept (x int)"
INSERT = "INSERT INTO kept VALUES (1)"
COUNT = "SELECT count(*) FROM kept"


async def test_a_second_start_keeps_the_rows(folder: Path, run_sql: Callable[..., Any]) -> None:
    with EmbeddedPostgres.start(folder / "data") as server:
        assert await run_sql(server.url, CREATE, INSERT, COUNT) == 1
        assert server.running
    with EmbeddedPostgres.start(folder / "data") as server:
        assert await run_sql(server.url, COUNT) == 1


async def test_the_database_is_what_athena_needs(folder: Path, run_sql: Callable[..., Any]) -> None:
    with EmbeddedPostgres.start(folder, settings={"work_mem": "7MB"}) as server:
        shown = [
            await run_sql(server.url, f"SHOW {name}")
            for name in ("server_encoding", "data_checksums", "fsync", "timezone", "jit", "work_mem")
        ]
        assert shown == ["UTF8", "on", "on", "UTC", "off", "7MB"]
        assert await run_sql(server.url, "SELECT lower('ÄÉ')") == "äé"
        assert await run_sql(server.url, "SELECT current_user || current_database()") == "athenaathena"
        assert await run_sql(server.url, "CREATE EXTENSION vector", "SELECT '[1,2]'::vector <-> '[1,3]'") == 1


async def test_users_text_stays_out_of_its_log(folder: Path, run_sql: Callable[..., Any]) -> None:
    with EmbeddedPostgres.start(folder) as server, pytest.raises(Exception, match="sesame"):
        await run_sql(server.url, "SELECT 'sesame'::int")
    assert "sesame" not in (folder / "postgres.log").read_text()


async def test_a_folder_with_a_space(folder: Path, run_sql: Callable[..., Any]) -> None:
    with EmbeddedPostgres.start(folder / "my data") as server:
        assert await run_sql(server.url, "SELECT 1") == 1


async def test_a_path_that_no_socket_can_have(folder: Path, run_sql: Callable[..., Any]) -> None:
    with EmbeddedPostgres.start(folder / ("long" * 30) / "a,b") as server:
        assert "@127.0.0.1:" in server.url
        assert await run_sql(server.url, "SELECT 1") == 1
        with pytest.raises(Exception, match="password"):
            await run_sql(server.url.replace(":", ":wrong", 2).replace(":wrong", ":", 1), "SELECT 1")


def test_only_a_path_that_fits_is_a_sockets() -> None:
    assert choose_address(Path("/a b/data")).socket_folder == Path("/a b/data")
    for path in ("/a,b", '/a"b', "/a\\b", "/a\nb", "/" + "x" * 100):
        assert choose_address(Path(path)).socket_folder is None


@pytest.mark.parametrize("whole_group", [False, True])
async def test_it_dies_with_its_parent(
    folder: Path,
    whole_group: bool,
    start_parent: Callable[..., Any],
    run_sql: Callable[..., Any],
    wait_gone: Callable[[int, float], bool],
) -> None:
    parent = start_parent(folder)
    pid, url = parent.answer()
    await run_sql(url, CREATE, INSERT)
    (os.killpg if whole_group else os.kill)(parent.process.pid, signal.SIGKILL)
    assert wait_gone(int(pid), 5)
    with EmbeddedPostgres.start(folder) as server:
        assert await run_sql(server.url, COUNT) == 1


async def test_a_start_right_after_the_kill(
    folder: Path, start_parent: Callable[..., Any], run_sql: Callable[..., Any]
) -> None:
    for _ in range(3):
        parent = start_parent(folder)
        _, url = parent.answer()
        await run_sql(url, CREATE, INSERT)
        os.kill(parent.process.pid, signal.SIGKILL)
        parent.process.wait()
    with EmbeddedPostgres.start(folder) as server:
        assert await run_sql(server.url, COUNT) == 3


async def test_a_dead_servers_id_that_is_another_programs_now(folder: Path, run_sql: Callable[..., Any]) -> None:
    with EmbeddedPostgres.start(folder) as server:
        await run_sql(server.url, CREATE, INSERT)
        locks = {
            path: path.read_text().replace(str(server.pid), str(os.getppid()), 1)
            for path in (
                Path(inspect(folder).location or "") / name for name in ("postmaster.pid", ".s.PGSQL.5432.lock")
            )
            if path.exists()
        }
        assert locks
    for path, text in locks.items():
        path.write_text(text)
        path.chmod(0o644)
    with EmbeddedPostgres.start(folder) as server:
        assert server.pid != os.getppid()
        assert await run_sql(server.url, COUNT) == 1


async def test_a_server_that_was_left_running_is_ended(
    folder: Path,
    start_parent: Callable[..., Any],
    run_sql: Callable[..., Any],
    wait_gone: Callable[[int, float], bool],
) -> None:
    parent = start_parent(folder)
    pid, url = parent.answer()
    await run_sql(url, CREATE, INSERT)
    os.kill(int(pid), signal.SIGSTOP)  # it cannot follow the kernel's request while it is stopped
    os.kill(parent.process.pid, signal.SIGKILL)
    parent.process.wait()
    timer = threading.Timer(1, os.kill, (int(pid), signal.SIGCONT))
    timer.start()
    with EmbeddedPostgres.start(folder) as server:
        assert wait_gone(int(pid), 0.1)
        assert await run_sql(server.url, COUNT) == 1
    timer.join()


async def test_a_server_that_dies_is_started_again_at_the_same_address(
    folder: Path, run_sql: Callable[..., Any]
) -> None:
    with EmbeddedPostgres.start(folder) as server:
        url, pid = server.url, server.pid
        assert await run_sql(url, CREATE, INSERT, COUNT) == 1
        assert not server.ensure_running()
        os.kill(pid, signal.SIGKILL)
        while server.running:
            os.sched_yield()
        assert server.ensure_running()
        assert (server.url, server.pid) != (url, pid)
        assert server.url == url
        assert await run_sql(url, COUNT) == 1


def test_a_second_instance_is_told_who_has_the_folder(folder: Path, start_parent: Callable[..., Any]) -> None:
    with EmbeddedPostgres.start(folder):
        said = start_parent(folder).answer()
        text = f"the data folder {folder} is in use by another Athena (process {os.getpid()})"
        assert said == ("error", text)
        status = inspect(folder)
        assert (status.locked_by, status.problem) == (os.getpid(), text)


def test_a_forked_child_does_not_keep_the_folder(folder: Path) -> None:
    server = EmbeddedPostgres.start(folder)
    sleeper = subprocess.Popen(["sleep", "30"], close_fds=False)
    server.stop()
    EmbeddedPostgres.start(folder).stop()
    sleeper.kill()
    sleeper.wait()


def test_a_kill_while_the_database_is_made(folder: Path, start_parent: Callable[..., Any]) -> None:
    for seconds in (0.25, 0.4, 0.55):
        parent = start_parent(folder)
        with suppress(subprocess.TimeoutExpired):
            parent.process.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(parent.process.pid, signal.SIGKILL)
        parent.process.wait()
    with EmbeddedPostgres.start(folder) as server:
        assert server.running
    assert not list(folder.glob("postgres.new-*"))


def test_a_database_of_another_version(folder: Path) -> None:
    with EmbeddedPostgres.start(folder):
        pass
    status = inspect(folder)
    assert (status.exists, status.version, status.problem) == (True, status.server_version, None)
    assert status.location is not None
    (status.location / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresError, match=r"was made by PostgreSQL 17; this is \d+"):
        EmbeddedPostgres.start(folder)
    assert "made by PostgreSQL 17" in (inspect(folder).problem or "")


def test_a_setting_that_the_server_refuses(folder: Path) -> None:
    with pytest.raises(PostgresError, match=r"^PostgreSQL did not start: .*work_mem.*postgres\.log$"):
        EmbeddedPostgres.start(folder, settings={"work_mem": "much"})
    EmbeddedPostgres.start(folder).stop()


def test_a_folder_that_cannot_be_made(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(PostgresError, match=r"the data folder .* cannot be made: Not a directory"):
        EmbeddedPostgres.start(folder / "file" / "data")
    with pytest.raises(PostgresError, match=r"the data folder .* cannot be made: File exists"):
        EmbeddedPostgres.start(folder / "file")


def test_inspect_makes_nothing(folder: Path) -> None:
    status = inspect(folder / "data")
    assert (status.exists, status.locked_by, status.problem) == (False, None, None)
    assert not list(folder.iterdir())


def test_only_the_main_thread_may_start_it(folder: Path) -> None:
    caught: list[BaseException] = []

    def start() -> None:
        try:
            EmbeddedPostgres.start(folder)
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main one" in str(caught[0])


@as_root
async def test_as_root_in_a_closed_folder(tmp_path: Path, run_sql: Callable[..., Any]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"
    try:
        with EmbeddedPostgres.start(data) as server:
            await run_sql(server.url, CREATE, INSERT)
        assert closed.stat().st_mode & 0o777 == 0o700
        place = Path((data / "postgres.location").read_text().strip())
        assert place.parent == SYSTEM_FOLDER
        with EmbeddedPostgres.start(data) as server:
            assert await run_sql(server.url, COUNT) == 1
            copied = tmp_path / "copy"
            copied.mkdir()
            shutil.copy(data / "postgres.location", copied)
            with pytest.raises(PostgresError, match=f"{copied} is in use by another Athena"):
                EmbeddedPostgres.start(copied)
        shutil.rmtree(data)
        with EmbeddedPostgres.start(data) as server:  # a new folder gets a new database, and the old one is kept
            assert await run_sql(server.url, "SELECT to_regclass('kept')") is None
        assert list(place.parent.glob(f"{place.name}.before-*"))
        shutil.rmtree(place)
        with pytest.raises(PostgresError, match="is missing: it was in"):
            EmbeddedPostgres.start(data)
    finally:
        for each in SYSTEM_FOLDER.glob(f"{hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}*"):
            shutil.rmtree(each)


@as_root
async def test_as_an_ordinary_user_and_then_as_root(
    folder: Path, start_parent: Callable[..., Any], run_sql: Callable[..., Any]
) -> None:
    home = folder / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    parent = start_parent(home / "data", uid=NOBODY)
    _, url = parent.answer()
    await run_sql(url, CREATE, INSERT)
    parent.end()
    with EmbeddedPostgres.start(home / "data") as server:  # the folder stays its owner's
        assert await run_sql(server.url, COUNT) == 1
    assert (home / "data" / "postgres").stat().st_uid == NOBODY


@as_root
def test_an_ordinary_user_and_roots_database(folder: Path, start_parent: Callable[..., Any]) -> None:
    folder.chmod(0o777)
    EmbeddedPostgres.start(folder / "data").stop()
    state, reason = start_parent(folder / "data", uid=NOBODY).answer()
    assert state == "error"
    assert reason.startswith(f"the data folder {folder / 'data'} is not writable")
