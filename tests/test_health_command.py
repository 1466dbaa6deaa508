"""``athena health`` asks the server for what watches a process, and says by its exit status whether it is ready."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from athena.config import Settings
from athena.health import check_health
from athena.kit.errors import StartupError
from tests.conftest import free_port


@contextmanager
def answering(status: int) -> Generator[int]:
    """A server that answers so; its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/health/ready"
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - a name of the standard library
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def of(settings: Settings, port: int) -> Settings:
    return settings.model_copy(update={"host": "0.0.0.0", "port": port})


def test_a_server_that_is_ready_is_healthy(settings: Settings) -> None:
    with answering(200) as port:
        check_health(of(settings, port))


def test_one_that_is_not_ready_is_not(settings: Settings) -> None:
    with answering(503) as port, pytest.raises(StartupError, match=r"not ready \(503\)"):
        check_health(of(settings, port))


def test_nor_one_that_is_not_there(settings: Settings) -> None:
    with pytest.raises(StartupError, match="nothing answers"):
        check_health(of(settings, free_port()))
