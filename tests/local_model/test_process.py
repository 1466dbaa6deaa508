"""The model's process. What needs the real model is marked so, and runs with ``make test-local``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from athena.config import Settings
from athena.local_model import process as process_module
from athena.local_model.catalog import MODELS, ModelFile
from athena.local_model.endpoint import LocalModelEndpoint
from athena.local_model.files import find_model
from athena.local_model.process import LocalModel, why_unavailable

ROOT = Path(__file__).parents[2]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city now",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def test_an_endpoint_goes_through_the_environment() -> None:
    endpoint = LocalModelEndpoint("http://127.0.0.1:4000/v1", "secret", "tiny")
    assert LocalModelEndpoint.from_env(endpoint.to_env()) == endpoint
    assert endpoint.to_env()["ATHENA_LOCAL_MODEL_URL"] == "http://127.0.0.1:4000/v1"
    assert LocalModelEndpoint.from_env({}) is None
    assert "secret" not in repr(endpoint)


def test_why_it_does_not_run_is_said_in_words(tmp_path: Path) -> None:
    for settings, reason in (
        (Settings(local_model="none", data_dir=tmp_path), "ATHENA_LOCAL_MODEL=none"),
        (Settings(local_model="0.5b", data_dir=tmp_path), "`athena model fetch` gets it"),
    ):
        assert reason in (why_unavailable(settings) or "")
        assert LocalModel.start(settings) is None


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalModel]:
    """A model whose file is none."""
    monkeypatch.setattr(process_module, "_FIRST_PAUSE_SECONDS", 0.01)
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"no model")
    model = LocalModel(ModelFile("0.5b", "tiny", "tiny.gguf", 8, "", ()), file, tmp_path / "log")
    model._thread.start()
    yield model
    model.stop()


def test_a_file_that_cannot_be_loaded(broken: LocalModel) -> None:
    assert not broken.wait_ready(60)
    assert (broken.problem or "").startswith("the local model does not run: ")
    assert "\n" not in (broken.problem or "")
    broken.stop()
    broken.stop()
    assert broken.pid is None


@pytest.fixture(scope="module")
def settings() -> Settings:
    found = Settings(local_model="0.5b", data_dir=ROOT / "data")
    if find_model(MODELS["0.5b"], found.data_dir) is None:
        pytest.skip("the local model is not here; `athena model fetch` gets it")
    return found


@pytest.fixture(scope="module")
def model(settings: Settings) -> Iterator[LocalModel]:
    running = LocalModel.start(settings)
    assert running is not None, why_unavailable(settings)
    assert running.wait_ready(120), running.problem
    yield running
    running.stop()


def ask(model: LocalModel, path: str = "/chat/completions", key: str = "", **body: Any) -> str:
    request = urllib.request.Request(
        model.base_url + path,
        data=json.dumps({"model": model.model_name, "temperature": 0, "max_tokens": 60, **body}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {key or model.api_key}"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read().decode()


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


@pytest.mark.local_model
def test_it_answers(model: LocalModel) -> None:
    answer = json.loads(ask(model, messages=[user("What is the capital of France? One word.")]))
    assert "Paris" in answer["choices"][0]["message"]["content"]
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["completion_tokens"] > 0


@pytest.mark.local_model
def test_it_streams_with_usage(model: LocalModel) -> None:
    text = ask(model, messages=[user("Count from 1 to 5.")], stream=True, stream_options={"include_usage": True})
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    pieces = [each["choices"][0]["delta"].get("content") or "" for each in chunks if each["choices"]]
    assert len([piece for piece in pieces if piece]) > 3
    assert "3" in "".join(pieces)
    assert chunks[-1]["usage"]["total_tokens"] > 0


@pytest.mark.local_model
def test_it_calls_a_tool_and_uses_the_result(model: LocalModel) -> None:
    question = user("What is the weather in Paris?")
    answer = json.loads(ask(model, messages=[question], tools=[WEATHER]))["choices"][0]
    assert answer["finish_reason"] == "tool_calls"
    call = answer["message"]["tool_calls"][0]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    result = {"role": "tool", "tool_call_id": call["id"], "content": '{"temperature_c": 21, "sky": "clear"}'}
    turn = {"role": "assistant", "content": None, "tool_calls": [call]}
    after = json.loads(ask(model, messages=[question, turn, result], tools=[WEATHER]))["choices"][0]["message"]
    assert "21" in after["content"]


@pytest.mark.local_model
def test_it_takes_every_shape_of_message(model: LocalModel) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "content": ""},
        {"role": "system", "content": "Be briefer."},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "bare", "arguments": "{}"}},
            {"id": "b", "type": "function", "function": {"name": "bare", "arguments": "{}"}},
        ]},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "one"}]},
        {"role": "tool", "tool_call_id": "b", "content": "two"},
    ]  # fmt: skip
    bare = {"type": "function", "function": {"name": "bare"}}
    assert json.loads(ask(model, messages=messages, tools=[bare, WEATHER]))["choices"]
    assert json.loads(ask(model, messages=messages[:2]))["choices"]


@pytest.mark.local_model
def test_it_keeps_to_a_schema(model: LocalModel) -> None:
    schema = {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    answer = json.loads(ask(model, messages=[user("When did the Berlin Wall fall?")], response_format=wanted))
    assert json.loads(answer["choices"][0]["message"]["content"])["year"] > 1000


@pytest.mark.local_model
def test_nobody_else_gets_in(model: LocalModel) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(model, key="wrong", messages=[user("Hello")])
    assert refused.value.code == 401
    refused.value.close()
    for command_line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert model.api_key.encode() not in command_line.read_bytes()
        except OSError:
            continue
    for path in ("/", "/slots"):
        with pytest.raises(urllib.error.HTTPError) as absent:
            urllib.request.urlopen(
                urllib.request.Request(
                    model.base_url.removesuffix("/v1") + path, headers={"Authorization": f"Bearer {model.api_key}"}
                )
            )
        assert absent.value.code in {404, 501}
        absent.value.close()


@pytest.mark.local_model
def test_it_is_started_again_at_the_same_address(model: LocalModel) -> None:
    before = model.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while (model.pid in {before, None} or not model.ready) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert model.problem is None
    assert json.loads(ask(model, messages=[user("Hello")]))["choices"]


@pytest.mark.local_model
def test_it_dies_with_its_parent(settings: Settings) -> None:
    program = (
        "import sys, time; from pathlib import Path; from athena.config import Settings\n"
        "from athena.local_model.process import LocalModel\n"
        "model = LocalModel.start(Settings(local_model='0.5b', data_dir=Path(sys.argv[1])))\n"
        "model.wait_ready(60); print(model.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(settings.data_dir)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
