"""The model's own process: llama.cpp's server, with an OpenAI-compatible endpoint on the loopback interface.

Started by :mod:`athena.local_model.process` as ``python -m athena.local_model.server``. Its settings come as one line
of JSON on its standard input, so that the key is in no list of processes; it answers with one line on its standard
output, ``{"port": ...}`` or ``{"error": ...}``, and serves until its standard input ends or its parent dies.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

CACHE_MIB = 256
_PARENT_GONE = 75
_PR_SET_PDEATHSIG = 1
_CHAT_TEMPLATE = Path(__file__).with_name("chat_template.jinja")
_LOG_WARNINGS = 2
_MAX_ANSWER_TOKENS = 2048
"""Where a request sets no limit: a small model that repeats itself would go on to the end of its context."""


def main() -> None:
    """Serve until the parent is gone."""
    # Nothing but our own answer goes to the parent: llama.cpp prints to both of the standard outputs.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    wanted: dict[str, Any] = json.loads(sys.stdin.readline() or "{}")
    if not wanted:
        return
    _die_with(int(wanted["parent"]))
    try:
        server = _serve(wanted)
        reply: dict[str, Any] = {"port": int(str(server.listening_address).rsplit(":", 1)[1])}
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells it to the user
        server, reply = None, {"error": " ".join(str(error).split()) or type(error).__name__}
    answers.write(json.dumps(reply) + "\n")
    answers.flush()
    if server is not None:
        sys.stdin.read()
    # Not by the interpreter's way out, which waits for requests in progress.
    os._exit(0 if server is not None else 1)


def _serve(wanted: dict[str, Any]) -> Any:
    # Waiting threads of OpenMP spin by default, which takes the cores from everybody else; read once, when it loads.
    os.environ["GOMP_SPINCOUNT"] = "0"
    # By its name, since it has no types; after the setting above, and in this process only.
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params: Any = xllamacpp.CommonParams()
    params.model.path = wanted["file"]
    params.model_alias = {wanted["model"]}
    params.hostnames = ["127.0.0.1"]
    params.port = wanted["port"]
    params.api_keys = [wanted["key"]]
    # No browser has business here: the page of another site must not reach it.
    params.cors_origins = "http://127.0.0.1"
    params.cors_origins_explicit = True
    params.cors_credentials = False
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_props = False
    params.cache_ram_mib = CACHE_MIB
    # The context is shared out among the slots: each gets the whole length that is promised.
    params.n_parallel = wanted["slots"]
    params.n_ctx = wanted["context"] * wanted["slots"]
    params.n_predict = _MAX_ANSWER_TOKENS
    params.cpuparams.n_threads = wanted["threads"]
    params.cpuparams_batch.n_threads = wanted["threads"]
    params.n_gpu_layers = 0
    params.use_jinja = True
    params.chat_template = _CHAT_TEMPLATE.read_text("utf-8")
    params.verbosity = _LOG_WARNINGS
    return xllamacpp.Server(params)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - used on Linux only

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(_PARENT_GONE)


if __name__ == "__main__":
    main()
