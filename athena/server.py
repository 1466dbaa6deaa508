"""``athena serve``: from nothing to a server that answers, and back, in one foreground process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from athena.bootstrap import FirstStart, first_start, reset_for, token_for
from athena.config import Settings
from athena.kit import logging
from athena.kit.db import Database
from athena.kit.errors import StartupError
from athena.kit.rotation import rotate
from athena.kit.tables import metadata
from athena.local_model.process import LocalModel, why_unavailable
from athena.postgres import EmbeddedPostgres, PostgresError, find_running
from athena.tables import migrate

DATABASE_VARIABLE = "ATHENA_PROCESS_DATABASE_URL"
"""Hands the embedded database's address to further processes; not a setting for users."""
STOP_SECONDS = 3.0
"""What an end may take beside the grace of the settings."""
RESTART_SECONDS = 1.0
DATABASE_LOOK_SECONDS = 0.2
ANSWERS_SECONDS = 0.5
MODEL_SECONDS = 60.0
OPEN_FILES = 65_536

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What ``athena serve`` was asked for."""

    processes: int = 1
    worker: bool = True
    number: int = 0
    """Which of the processes that share a port this one is."""


def serve(settings: Settings, options: Options, report: Report) -> None:
    """Serves until a signal; ``report`` gets lines for the user. :class:`StartupError` when it cannot start."""
    check_port(settings.host, settings.port)
    for number in range(options.processes if settings.metrics_port else 0):
        check_port(settings.host, (settings.metrics_port or 0) + number, "ATHENA_METRICS_PORT")
    begun = time.monotonic()
    _raise_open_files()
    with _kept_database(settings) as url, _local_model(settings, report) as model:
        asyncio.run(migrate(url))
        first = asyncio.run(_prepare(settings, url))

        def ready() -> None:
            seconds = time.monotonic() - begun
            # In a thread, because it waits for the model; the server answers meanwhile.
            threading.Thread(target=_welcome, args=(settings, first, report, seconds, model), daemon=True).start()

        if options.processes == 1:
            _run(_serve_here(settings, url, options, ready))
        else:
            given = {DATABASE_VARIABLE: url, "ATHENA_HOST": settings.host, "ATHENA_PORT": str(settings.port)}
            os.environ.update(given)
            _run(_serve_in_children(options, ready, settings.shutdown_grace_seconds + STOP_SECONDS))


def serve_child(settings: Settings, *, worker: bool, number: int) -> None:
    """Serves as one of several processes that another one prepared, and for as long as that one lives."""
    stop_seconds = settings.shutdown_grace_seconds + STOP_SECONDS
    threading.Thread(target=_end_with_parent, args=(stop_seconds,), daemon=True).start()
    _run(_serve_here(settings, os.environ[DATABASE_VARIABLE], Options(worker=worker, number=number), lambda: None))


def work(settings: Settings, report: Report, queues: Sequence[str] = ()) -> None:
    """``athena worker``: takes runs until a signal, over a database that others share."""
    from athena.listener import listening  # noqa: PLC0415 - the engine is loaded where it is needed
    from athena.worker import run  # noqa: PLC0415

    if settings.database_url is None:
        raise StartupError("a worker needs ATHENA_DATABASE_URL: the embedded database belongs to `athena serve`")
    if settings.metrics_port is not None:
        check_port(settings.host, settings.metrics_port, "ATHENA_METRICS_PORT")
    url = settings.database_url.get_secret_value()
    asyncio.run(migrate(url))

    async def until_signal() -> None:
        await run(settings, url, queues, _stop_signal(), listening)

    report("Worker is running. Ctrl-C ends it.")
    _run(until_signal())


def check_port(host: str, port: int, setting: str = "ATHENA_PORT") -> None:
    """:class:`StartupError` when the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise StartupError(f"cannot listen on {host}:{port}: {reason.lower()} ({setting} sets another)") from error


@contextlib.contextmanager
def database_url(settings: Settings, *, share: bool = False) -> Generator[str]:
    """The database's address; without one in the settings, that of the embedded server, which runs meanwhile.

    With ``share`` it may also be the embedded server of another process, for commands beside ``athena serve``.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    try:
        running = find_running(settings.data_dir) if share else None
        postgres = EmbeddedPostgres.start(settings.data_dir) if running is None else None
    except PostgresError as error:
        raise StartupError(str(error)) from error
    if postgres is None:
        yield running or ""
        return
    with postgres:
        yield postgres.url


@contextlib.contextmanager
def _kept_database(settings: Settings) -> Generator[str]:
    """As :func:`database_url`; the embedded server is started again whenever it dies."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    try:
        postgres = EmbeddedPostgres.start(settings.data_dir)
    except PostgresError as error:
        raise StartupError(str(error)) from error
    ending = threading.Event()
    # A thread of its own, since a start may take long and requests are to be answered meanwhile (with 503). The server
    # is bound to the life of the thread that starts it, and this one lives as long as the process.
    keeper = threading.Thread(target=_keep_database, args=(postgres, ending), daemon=True)
    keeper.start()
    with postgres:
        try:
            yield postgres.url
        finally:
            ending.set()
            keeper.join(RESTART_SECONDS)


def _keep_database(postgres: EmbeddedPostgres, ending: threading.Event) -> None:
    while not ending.wait(DATABASE_LOOK_SECONDS):
        if postgres.running:
            continue
        logging.logger().error("the database ended and is started again")
        try:
            postgres.ensure_running()
        except PostgresError as error:
            logging.logger().error("the database does not start", error=str(error))
            ending.wait(RESTART_SECONDS)


@contextlib.contextmanager
def _local_model(settings: Settings, report: Report) -> Generator[LocalModel | None]:
    """The packaged model, if it is wanted and there; what is needed to find it stands in the environment."""
    model = LocalModel.start(settings)
    if model is None:
        if settings.local_model != "none":
            report(f"The packaged model does not run: {why_unavailable(settings)}. All else works.")
        yield None
        return
    os.environ.update(model.endpoint.to_env())
    try:
        yield model
    finally:
        model.stop()


def make_token(settings: Settings, *, name: str, email: str | None, days: int | None) -> str:
    """``athena token create``: a new personal token, also beside a running server."""
    return _beside(settings, lambda database: token_for(database, name=name, email=email, days=days))


def make_reset(settings: Settings, email: str) -> str:
    """``athena user reset-password``: a token that sets a new password, also beside a running server."""
    return _beside(settings, lambda database: reset_for(database, email))


def _beside(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, str]]) -> str:
    async def run(url: str) -> str:
        database = await Database.open(url, size=1, name="athena-command")
        try:
            return await work(database)
        finally:
            await database.close()

    with database_url(settings, share=True) as url:
        asyncio.run(migrate(url))
        return asyncio.run(run(url))


def rotate_secrets(settings: Settings, report: Report, *, forget: bool) -> None:
    """``athena secrets rotate``: also beside a running server."""
    with database_url(settings, share=True) as url:
        asyncio.run(migrate(url))
        asyncio.run(rotate(url, settings, metadata, report, forget=forget))


async def _prepare(settings: Settings, url: str) -> FirstStart:
    try:
        # With a database elsewhere, nothing has made it so far.
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(f"the data folder {settings.data_dir} cannot be made: {error.strerror}") from error
    database = await Database.open(url, size=2, name="athena-start")
    try:
        return await first_start(database, settings)
    finally:
        await database.close()


def _welcome(settings: Settings, first: FirstStart, report: Report, seconds: float, model: LocalModel | None) -> None:
    """Says where to go; what to paste only once the packaged model has been loaded, so that it answers at once."""
    report("")
    report(f"Athena is ready at {settings.base_url} ({seconds:.1f} s). Ctrl-C ends it.")
    if model is not None and not model.ready:
        report("  The packaged model is being loaded …")
        if not model.wait_ready(MODEL_SECONDS):
            report(f"  The packaged model does not answer: {model.problem or 'it is still being loaded'}.")
    for line in first.lines(settings):
        report(line)


def _raise_open_files() -> None:
    """Each open stream is a file; the usual limit of 1,024 is meant for other programs."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _run(main: Coroutine[Any, Any, None]) -> None:
    loop = None
    if sys.platform != "win32":
        import uvloop  # noqa: PLC0415 - not on Windows

        loop = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main)


def _stop_signal() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _serve_here(settings: Settings, url: str, options: Options, ready: Callable[[], None]) -> None:
    from granian.constants import Interfaces  # noqa: PLC0415 - the server is loaded where it runs
    from granian.http import HTTP1Settings  # noqa: PLC0415
    from granian.server.embed import Server  # noqa: PLC0415

    from athena.app import create_app  # noqa: PLC0415
    from athena.listener import listening  # noqa: PLC0415
    from athena.process import opened  # noqa: PLC0415

    stop = _stop_signal()
    async with opened(settings, url, worker=options.worker) as process, listening(process, options.number):
        server = Server(
            create_app(process),
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGINL,
            http1_settings=HTTP1Settings(header_read_timeout=15_000),
            backlog=2048,
            backpressure=8192,
            log_enabled=False,
            websockets=False,
        )
        serving = asyncio.create_task(server.serve())
        gc.collect()
        gc.freeze()
        await asyncio.sleep(0)
        ready()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if serving.done():
            await serving
        server.stop()
    # The engine has ended the streams by now. What still waits for an answer is cut off by the end of the loop, which
    # the server would report as an error of its own.
    await asyncio.wait({serving}, timeout=ANSWERS_SECONDS)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)


async def _serve_in_children(options: Options, ready: Callable[[], None], stop_seconds: float) -> None:
    """Keeps ``processes`` children serving the same port; one that dies is replaced."""
    stop = _stop_signal()
    numbers = range(options.processes)
    tasks = [asyncio.create_task(_keep_child(options, number, stop, stop_seconds)) for number in numbers]
    ready()
    await stop.wait()
    await asyncio.gather(*tasks)


async def _keep_child(options: Options, number: int, stop: asyncio.Event, stop_seconds: float) -> None:
    role = [] if options.worker else ["--no-worker"]
    arguments = [sys.executable, "-m", "athena", "serve-child", "--number", str(number), *role]
    while not stop.is_set():
        # Its standard input ends when this process does, however that is; see `_end_with_parent`.
        child = await asyncio.create_subprocess_exec(*arguments, stdin=asyncio.subprocess.PIPE)
        waiting = asyncio.create_task(child.wait())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            try:
                await asyncio.wait_for(waiting, stop_seconds)
            except TimeoutError:
                child.kill()
                await child.wait()
            return
        logging.logger().error("a server process ended and is replaced", exit_status=child.returncode)
        await asyncio.sleep(RESTART_SECONDS)


def _end_with_parent(stop_seconds: float) -> None:
    """Ends this process after the one that started it; otherwise it would keep the port and the runs."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(stop_seconds)
    os._exit(1)
