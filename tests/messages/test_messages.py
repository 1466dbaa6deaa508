"""Messages are stored, listed, changed and deleted, each in its place in the thread."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Tenant

PATH = "/api/v1/messages"


async def thread_of(tenant: Tenant) -> str:
    return (await tenant.post("/api/v1/threads", {})).json()["data"]["uuid"]


async def say(tenant: Tenant, thread: str, content: Any = "Hello", **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {"thread_uuid": thread, "content": content, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def upload(tenant: Tenant, name: str) -> str:
    answer = await tenant.request("POST", "/api/v1/media", files={"file": (name, b"text")})
    return answer.json()["data"]["uuid"]


async def test_what_no_model_is_shown_is_no_attachment(owner: Tenant) -> None:
    thread = await thread_of(owner)
    answer = await owner.request("POST", "/api/v1/media", files={"file": ("a.pdf", b"%PDF-1.7\n%\xe2\xe3")})
    pdf = answer.json()["data"]["uuid"]
    for field, content, attachments in (
        ("attachments", "Read this", [{"media_uuid": pdf}]),
        ("content", [{"type": "file", "media_uuid": pdf}], []),
    ):
        body = {"thread_uuid": thread, "content": content, "attachments": attachments}
        answer = await owner.post(PATH, body)
        assert (answer.status_code, [*answer.json()["errors"]]) == (422, [field])


async def test_a_message_is_kept_as_it_was_given(owner: Tenant) -> None:
    thread, file = await thread_of(owner), await upload(owner, "a.txt")
    body = {
        "thread_uuid": thread,
        "role": "user",
        "content": "Grüße\n\t\u2028 “😀” <script>",
        "attachments": [{"media_uuid": file}, {"media_uuid": file, "name": "Again"}],
        "metadata": {"source": {"page": 3, "seen": [True, 1.5, "x"]}},
        "with": "attachments,creator",
    }
    created = await owner.post(PATH, body)
    assert created.status_code == 201
    data = created.json()["data"]
    assert created.headers["location"] == f"{PATH}/{data['uuid']}"
    assert (data["content"], data["role"], data["metadata"]) == (body["content"], "user", body["metadata"])
    assert (data["thread_uuid"], data["parent_uuid"], data["status"]) == (thread, None, "completed")
    for key in ("run_uuid", "agent_uuid", "model", "usage", "error", "feedback"):
        assert data[key] is None
    assert [attachment["name"] for attachment in data["attachments"]] == ["a.txt", "Again"]
    assert data["creator"]["uuid"] == str(owner.user_uuid)
    shown = await owner.get(created.headers["location"])
    assert shown.headers["etag"] == created.headers["etag"]
    assert shown.json()["data"] == {**data, "attachments": None, "creator": None}


async def test_each_message_follows_the_latest_unless_it_says_otherwise(owner: Tenant) -> None:
    thread = await thread_of(owner)
    first = await say(owner, thread, "1")
    second = await say(owner, thread, "2")
    branch = await say(owner, thread, "2b", parent_uuid=first["uuid"])
    root = await say(owner, thread, "1b", parent_uuid=None)
    last = await say(owner, thread, "3b", parent_uuid=branch["uuid"])
    after = await say(owner, thread, "4b")
    assert [message["parent_uuid"] for message in (first, second, branch, root, last, after)] == [
        None,
        first["uuid"],
        first["uuid"],
        None,
        branch["uuid"],
        last["uuid"],
    ]


async def test_messages_at_the_same_time_get_one_order(owner: Tenant) -> None:
    thread = await thread_of(owner)
    await asyncio.gather(*(say(owner, thread, str(n)) for n in range(12)))
    answer = await owner.get(f"{PATH}?thread_uuid={thread}&sort=created_at&per_page=100")
    messages = answer.json()["data"]
    assert {message["content"] for message in messages} == {str(n) for n in range(12)}
    assert [message["parent_uuid"] for message in messages] == [None, *(message["uuid"] for message in messages[:-1])]


async def test_a_change_names_what_changes(owner: Tenant) -> None:
    thread = await thread_of(owner)
    message = await say(owner, thread, "Old", metadata={"a": 1, "b": [2]})
    path = f"{PATH}/{message['uuid']}"
    labelled = (await owner.put(path, {"metadata": {"a": None, "c": 3}})).json()["data"]
    assert (labelled["content"], labelled["metadata"]) == ("Old", {"b": [2], "c": 3})
    parts = [{"type": "text", "text": "New"}]
    changed = (await owner.put(path, {"content": parts})).json()["data"]
    assert (changed["content"], changed["metadata"]) == (parts, labelled["metadata"])
    first = {"If-Match": '"1"'}
    for stale in (await owner.put(path, {"content": "x"}, headers=first), await owner.delete(path, headers=first)):
        assert stale.status_code == 412
    assert (await owner.get(path)).json()["data"] == changed


async def test_a_deleted_message_closes_the_gap(owner: Tenant) -> None:
    thread = await thread_of(owner)
    one, two, three = [await say(owner, thread, text) for text in "123"]
    branch = await say(owner, thread, "3b", parent_uuid=two["uuid"])
    stale = await owner.delete(f"{PATH}/{two['uuid']}", headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    assert (await owner.delete(f"{PATH}/{two['uuid']}")).status_code == 204
    for message in (three, branch):
        shown = (await owner.get(f"{PATH}/{message['uuid']}")).json()["data"]
        assert shown["parent_uuid"] == one["uuid"]
    assert (await owner.delete(f"{PATH}/{one['uuid']}")).status_code == 204
    assert (await owner.get(f"{PATH}/{three['uuid']}")).json()["data"]["parent_uuid"] is None
    assert (await owner.get(f"{PATH}/{one['uuid']}")).status_code == 404


async def test_messages_are_listed_searched_and_filtered(owner: Tenant) -> None:
    thread, other = await thread_of(owner), await thread_of(owner)
    first = await say(owner, thread, 'He said "yes"\\no')
    await say(owner, thread, [{"type": "text", "text": "In parts: Größe"}], role="assistant")
    await say(owner, thread, "Set the type")
    await say(owner, other, "Elsewhere")

    async def found(query: str) -> list[Any]:
        answer = await owner.get(f"{PATH}?{query}")
        assert answer.status_code == 200, answer.text
        contents = [message["content"] for message in answer.json()["data"]]
        assert answer.json()["meta"]["total"] == len(contents)
        return [text if isinstance(text, str) else text[0]["text"] for text in contents]

    assert await found("") == ["Elsewhere", "Set the type", "In parts: Größe", 'He said "yes"\\no']
    assert await found(f"thread_uuid={thread}&sort=created_at&search=s") == [
        'He said "yes"\\no',
        "In parts: Größe",
        "Set the type",
    ]
    assert await found('search="yes"\\n') == ['He said "yes"\\no']
    assert await found("search=GRÖ") == ["In parts: Größe"]
    assert await found("search=type") == ["Set the type"]
    assert await found("role=assistant") == ["In parts: Größe"]
    assert await found(f"parent_uuid={first['uuid']}") == ["In parts: Größe"]
    assert await found("status=pending") == []
    assert await found(f"thread_uuid={uuid4()}") == []
    assert await found(f"created_before={first['created_at']}") == []
    for bad in ("role=robot", "status=odd", "thread_uuid=x", "with=thread", "sort=content", "content=x"):
        assert (await owner.get(f"{PATH}?{bad}")).status_code == 422, bad


async def test_cursors_lead_through_a_thread_that_grows(owner: Tenant) -> None:
    thread = await thread_of(owner)
    for number in range(7):
        await say(owner, thread, str(number))
    seen: list[str] = []
    answer: dict[str, Any] = {}
    link = f"{PATH}?thread_uuid={thread}&sort=created_at&per_page=3&cursor="
    while link:
        answer = (await owner.get(link)).json()
        seen += [message["content"] for message in answer["data"]]
        if len(seen) == 6:
            await say(owner, thread, "late")
        link = answer["links"]["next"]
    assert seen == [*"0123456", "late"]
    back = (await owner.get(answer["links"]["prev"])).json()
    assert [message["content"] for message in back["data"]] == [*"345"]
    newest = (await owner.get(f"{PATH}?thread_uuid={thread}&per_page=2&cursor=")).json()["data"]
    assert [message["content"] for message in newest] == ["late", "6"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"content": ""}, "body"),
        ({"content": "  \n "}, "body"),
        ({"content": 1}, "content"),
        ({"content": []}, "content"),
        ({"content": "x" * 200_001}, "content"),
        ({"content": [{"type": "video", "url": "x"}]}, "content.0"),
        ({"content": [{"type": "text"}]}, "content.0.text"),
        ({"content": [{"type": "text", "text": "a", "bold": True}]}, "content.0.bold"),
        ({"content": [{"type": "image", "media_uuid": "x"}]}, "content.0.media_uuid"),
        ({"role": "robot"}, "role"),
        ({"parent_uuid": "x"}, "parent_uuid"),
        ({"attachments": [{"name": "a"}]}, "attachments.0.media_uuid"),
        ({"status": "pending"}, "status"),
        ({"metadata": {f"k{n}": 1 for n in range(65)}}, "metadata"),
    ],
)
async def test_what_does_not_fit_is_refused_by_its_field(owner: Tenant, fields: Any, where: str) -> None:
    thread = await thread_of(owner)
    answer = await owner.post(PATH, {"thread_uuid": thread, "content": "Hello", **fields})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [where])
    assert (await owner.get(PATH)).json()["data"] == []


async def test_messages_of_others_do_not_exist(owner: Tenant, stranger: Tenant) -> None:
    mine, theirs = await thread_of(owner), await thread_of(stranger)
    message = (await say(stranger, theirs))["uuid"]
    for uuid in (message, str(uuid4())):
        for answer in (
            await owner.get(f"{PATH}/{uuid}"),
            await owner.put(f"{PATH}/{uuid}", {"content": "Mine"}),
            await owner.delete(f"{PATH}/{uuid}"),
            await owner.post(PATH, {"thread_uuid": mine, "content": "Hello", "parent_uuid": uuid}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    file = await upload(stranger, "secret.txt")
    own = (await say(owner, mine))["uuid"]
    inline = [{"type": "file", "media_uuid": file}]
    for answer in (
        await owner.post(PATH, {"thread_uuid": theirs, "content": "Hello"}),
        await owner.post(PATH, {"thread_uuid": str(uuid4()), "content": "Hello"}),
        await owner.post(PATH, {"thread_uuid": mine, "content": "a", "attachments": [{"media_uuid": file}]}),
        await owner.post(PATH, {"thread_uuid": mine, "content": inline}),
        await owner.put(f"{PATH}/{own}", {"content": inline}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    other = await thread_of(owner)
    elsewhere = await owner.post(PATH, {"thread_uuid": other, "content": "Hello", "parent_uuid": own})
    assert (elsewhere.status_code, list(elsewhere.json()["errors"])) == (422, ["parent_uuid"])
    assert [each["uuid"] for each in (await owner.get(PATH)).json()["data"]] == [own]
    assert [each["uuid"] for each in (await stranger.get(PATH)).json()["data"]] == [message]
