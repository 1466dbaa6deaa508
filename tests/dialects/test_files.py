"""Files are the workspace's media, and models are shown them wherever they are named."""

from __future__ import annotations

import base64
import json
from typing import Any

import openai as library
import pytest
from openai import AsyncOpenAI

from tests.dialects.test_chat import PNG
from tests.runs.conftest import Scene


async def test_a_file_is_uploaded_listed_read_and_deleted(scene: Scene, openai: AsyncOpenAI) -> None:
    made = [
        await openai.files.create(file=(f"prices{n}.csv", b"tyre,price\nwide,%d" % n), purpose="user_data")
        for n in range(3)
    ]
    assert (made[0].filename, made[0].bytes, made[0].status) == ("prices0.csv", 17, "processed")
    listed = [each async for each in openai.files.list(limit=2)]
    assert listed == list(reversed(made))
    assert [each async for each in openai.files.list(order="asc", after=made[0].id)] == made[1:]
    assert await openai.files.retrieve(made[0].id) == made[0]
    assert (await openai.files.content(made[0].id)).content == b"tyre,price\nwide,0"
    kept = (await scene.tenant.get("/api/v1/media")).json()["data"]
    assert {each["name"] for each in kept} == {each.filename for each in made}
    assert (await openai.files.delete(made[0].id)).deleted
    with pytest.raises(library.NotFoundError):
        await openai.files.retrieve(made[0].id)
    for purpose, file in (("fine-tune", b"text"), ("user_data", b"MZ\x00\x01")):
        with pytest.raises(library.BadRequestError):
            await openai.files.create(file=file, purpose=purpose)  # pyright: ignore[reportArgumentType]


async def test_models_are_shown_files_in_both_forms(offered: Scene, openai: AsyncOpenAI) -> None:
    file = await openai.files.create(file=("prices.csv", b"wide,40"), purpose="user_data")
    image = await openai.files.create(file=("tyre.png", PNG), purpose="vision")
    data = f"data:text/plain;base64,{base64.b64encode(b'narrow,20').decode()}"
    parts: Any = [
        {"type": "input_text", "text": "What do they cost?"},
        {"type": "input_file", "file_id": file.id},
        {"type": "input_file", "file_data": data, "filename": "more.txt"},
        {"type": "input_image", "file_id": image.id},
    ]
    made = await openai.responses.create(model="small", input=[{"role": "user", "content": parts}])
    shown = json.dumps(offered.model.requests[-1]["messages"])
    # This one does not see.
    assert all(text in shown for text in ("wide,40", "narrow,20", "The image tyre.png is attached"))
    [item] = (await openai.responses.input_items.list(made.id)).data
    content = item.to_dict()["content"]
    assert isinstance(content, list)
    assert [each["type"] for each in content] == [each["type"] for each in parts]
    chat: Any = [{"type": "file", "file": {"file_id": file.id}}, {"type": "text", "text": "What do they cost?"}]
    await openai.chat.completions.create(model="small", messages=[{"role": "user", "content": chat}])
    assert "wide,40" in json.dumps(offered.model.requests[-1]["messages"])


async def test_a_file_that_is_not_there_or_not_readable_is_named(offered: Scene, openai: AsyncOpenAI) -> None:
    paper = await openai.files.create(file=("paper.pdf", b"%PDF-1.7\n\xff"), purpose="user_data")
    text = await openai.files.create(file=("a.txt", b"text"), purpose="user_data")
    for part, error in (
        ({"type": "input_file", "file_id": paper.id}, library.BadRequestError),
        ({"type": "input_image", "file_id": text.id}, library.BadRequestError),
        ({"type": "input_file", "file_id": "file-1"}, library.NotFoundError),
    ):
        content: Any = [part]
        with pytest.raises(error) as caught:
            await openai.responses.create(model="small", input=[{"role": "user", "content": content}])
        assert caught.value.param == "input[0].content[0].file_id"  # pyright: ignore[reportUnknownMemberType]


async def test_a_request_has_so_many_files(scene: Scene, openai: AsyncOpenAI) -> None:
    file = await openai.files.create(file=("a.txt", b"text"), purpose="user_data")
    uuid = (await scene.tenant.get("/api/v1/media")).json()["data"][0]["uuid"]
    few = {"type": "file", "file": {"file_id": file.id}}
    own = {"type": "file", "file": {"file_data": "data:text/plain;base64,eA=="}}
    shown = {"type": "document", "source": {"type": "file", "value": uuid}}
    for part in (few, own):
        messages = [{"role": "user", "content": [part] * 26}] * 10
        answer = await scene.tenant.post("/v1/chat/completions", {"model": "small", "messages": messages})
        assert (answer.status_code, "256 files" in answer.text) == (400, True), answer.text
    said = [{"id": str(at), "role": "user", "content": [shown] * 26} for at in range(10)]
    body = {"threadId": "t", "runId": "r", "messages": said, "tools": [], "context": [], "state": None}
    answer = await scene.tenant.post("/ag-ui/small", {**body, "forwardedProps": {}})
    assert (answer.status_code, "256 files" in answer.text) == (422, True), answer.text
