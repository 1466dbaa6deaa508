"""Whatever is sent to responses, conversations, files and assistants is answered with an error in their form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Tenant
from tests.dialects.test_tenants import BODIES

SAID: dict[str, Any] = {"role": "user", "content": "Hello"}
DEEP: Any = json.loads('{"a":' * 100 + "1" + "}" * 100)
RANDOM = "01980000000070008000000000000000"
IDS: dict[str, str] = {
    **{name: f"{prefix}{RANDOM}" for name, prefix in (("response_id", "resp_"), ("conversation_id", "conv_"))},
    **{name: f"{prefix}{RANDOM}" for name, prefix in (("file_id", "file-"), ("assistant_id", "asst_"))},
    **{name: f"{prefix}{RANDOM}" for name, prefix in (("thread_id", "thread_"), ("message_id", "msg_"))},
    **{name: f"{prefix}{RANDOM}" for name, prefix in (("run_id", "run_"), ("step_id", "step_"), ("item_id", "msg_"))},
    "model": "small",
}
ODD_IDS = ("resp_", "%00", "resp_%ED%A0%80", "..%2F..", RANDOM, f"resp_{RANDOM.upper()}", "x" * 100)
ITEMS: list[Any] = [
    None,
    {},
    "text",
    {"type": None},
    {"type": ["message"]},
    {"type": {"a": 1}, "role": "user"},
    {"role": "user", "content": None},
    {"role": "user", "content": []},
    {"role": "user", "content": [None]},
    {"role": "user", "content": "\0"},
    {"role": "assistant", "content": [{"type": "input_file", "file_id": f"file-{RANDOM}"}]},
    {"role": "user", "content": [{"type": "input_image", "image_url": "http://127.0.0.1/a.png"}]},
    {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,%"}]},
    {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,"}]},
    {"role": "user", "content": [{"type": "input_image"}]},
    {"role": "user", "content": [{"type": "input_file", "file_id": "../../etc/passwd"}]},
    {"role": "user", "content": [{"type": "input_file", "file_data": "TVo=", "filename": "a"}]},
    {"type": "function_call", "call_id": "c", "name": "a b", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c", "output": {"a": 1}},
    {"type": "item_reference", "id": f"msg_{RANDOM}"},
    {"id": "msg_"},
]


def bodies() -> list[tuple[str, Any]]:
    """Where to, and what."""
    response = [{"model": "small", "input": [item]} for item in ITEMS]
    response += [
        {"model": "small", "input": "Hello", **fields}
        for fields in (
            {"tools": [None]},
            {"tools": [{"type": "function", "name": "f", "parameters": DEEP}]},
            {"tool_choice": {"type": "function", "name": "f"}},
            {"text": {"format": {"type": "json_schema", "name": "a", "schema": {"$ref": "http://127.0.0.1/s"}}}},
            {"conversation": {"id": 1}},
            {"previous_response_id": "\ud7ff"},
            {"metadata": {"": "a"}},
            {"metadata": {str(number): "a" for number in range(17)}},
            {"max_output_tokens": 2**63},
            {"stream_options": {"include_obfuscation": False}},
        )
    ]
    message = [
        {"role": "user", "content": [{"type": "image_file", "image_file": {"file_id": "a"}}]},
        {"role": "system", "content": "Hello"},
        {"role": "user", "content": " "},
        {"role": "user", "content": "Hello", "attachments": [{"file_id": f"file-{RANDOM}"}]},
        {"role": "user", "content": "Hello", "metadata": {"a": None}},
    ]
    return [
        *(("/v1/responses", body) for body in response),
        *(("/v1/conversations", {"items": [item]}) for item in ITEMS),
        ("/v1/conversations", {"items": [SAID] * 21}),
        ("/v1/conversations", {"metadata": {"temperature": "1"}}),
        *(("/v1/threads", {"messages": [each]}) for each in message),
        *(("/v1/threads/runs", {"assistant_id": each}) for each in ("", "asst_1", f"asst_{RANDOM}", None)),
        ("/v1/assistants", {"model": "small", "response_format": "json"}),
        ("/v1/assistants", {"model": "small", "name": " "}),
        *(("/v1/assistants", {"model": "small", "tools": [{"type": kind}]}) for kind in ("function", "file_search")),
        *((path, body) for path in ("/v1/responses", "/v1/conversations", "/v1/assistants") for body in ([], "x", 7)),
    ]


@pytest.mark.parametrize(("path", "body"), bodies())
async def test_nothing_that_is_sent_breaks_it(owner: Tenant, path: str, body: Any) -> None:
    answer = await owner.post(path, body)
    assert answer.status_code in {400, 404}, answer.text
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(("method", "path"), [key for key in BODIES if "{" in key[1] and "model" not in key[1]])
async def test_no_id_breaks_it(owner: Tenant, method: str, path: str) -> None:
    body = BODIES[method, path]
    sent = {} if body is None else {"json": body}
    for name in (each for each in IDS if f"{{{each}}}" in path):
        for odd in ODD_IDS:
            answer = await owner.request(method, path.format(**{**IDS, name: odd}), **sent)
            assert answer.status_code in {400, 404, 405}, (odd, answer.text)
            assert "error" in answer.json()


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "order=up",
        "after=%00",
        "after=file-1",
        "before=x",
        "limit=1&limit=2",
        "purpose=" + "x" * 99,
    ],
)
async def test_no_query_breaks_it(owner: Tenant, query: str) -> None:
    answer = await owner.get(f"/v1/files?{query}")
    assert answer.status_code in {400, 404}, answer.text
    assert "error" in answer.json()


async def test_an_upload_has_a_file_and_a_purpose_and_nothing_else(owner: Tenant) -> None:
    file = {"file": ("a.txt", b"text")}
    for files, data in (
        ({}, {"purpose": "user_data"}),
        (file, {}),
        (file, {"purpose": "batch"}),
        (file, {"purpose": "user_data", "expires_after[anchor]": "created_at"}),
        ({"file": ("a.txt", b"")}, {"purpose": "user_data"}),
        ({"file": ("a.exe", b"MZ\x00\x01")}, {"purpose": "user_data"}),
    ):
        answer = await owner.request("POST", "/v1/files", files=files, data=data)
        assert answer.status_code == 400, answer.text
        assert "error" in answer.json()
