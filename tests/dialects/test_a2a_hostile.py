"""Whatever other agents and front ends send is answered with an error in their form, and what is others' is unknown.

Made from the route table: a route that is not told of here fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from athena.kit.ids import new_uuid
from tests.architecture.test_routes import method_of, routes_of
from tests.conftest import Connect, Tenant
from tests.dialects.a2a_client import V1, rpc, saying
from tests.dialects.ag_ui_client import asking
from tests.runs.conftest import Scene

DEEP: Any = json.loads('{"a":' * 100 + "1" + "}" * 100)
TASK = "/a2a/{agent}/tasks/{task_id}"
CONFIG = {"url": "https://example.com/tasks"}
# What a request of a route holds beside the ids in its path.
BODIES: dict[tuple[str, str], Any] = {
    ("GET", "/a2a/{agent}/.well-known/agent-card.json"): None,
    ("GET", "/a2a/{agent}/extendedAgentCard"): None,
    ("POST", "/a2a/{agent}"): rpc("SendMessage", saying("Hello")),
    ("POST", "/a2a/{agent}/message:send"): saying("Hello"),
    ("POST", "/a2a/{agent}/message:stream"): saying("Hello"),
    ("GET", "/a2a/{agent}/tasks"): None,
    ("GET", TASK): None,
    ("POST", f"{TASK}:cancel"): {},
    ("GET", f"{TASK}:subscribe"): None,
    ("POST", f"{TASK}:subscribe"): {},
    ("GET", f"{TASK}/pushNotificationConfigs"): None,
    ("POST", f"{TASK}/pushNotificationConfigs"): CONFIG,
    ("GET", f"{TASK}/pushNotificationConfigs/{{config_id}}"): None,
    ("DELETE", f"{TASK}/pushNotificationConfigs/{{config_id}}"): None,
    ("POST", "/ag-ui/{name:path}"): asking("Hello", thread_id="t", run_id="r"),
    ("GET", "/ag-ui/{name:path}"): None,
}
ODD = ("%00", "%ED%A0%80", "..%2F..", "x" * 300, "0", "null")
PARTS: list[Any] = [
    None,
    {},
    "text",
    {"text": None},
    {"text": "a", "data": 1},
    {"text": "a" * 200_001},
    {"raw": "%"},
    {"raw": ""},
    {"raw": "AAECAw=="},
    {"url": "file:///etc/passwd"},
    {"url": f"http://athena.test/api/v1/media/{new_uuid()}"},
    {"data": DEEP},
    {"text": "\0"},
    {"text": " "},
]


def test_every_route_is_told_of(app: Any) -> None:
    served = [each for each in routes_of(app._app) if each.path.startswith(("/a2a/", "/ag-ui/"))]
    assert {(method_of(each), each.path) for each in served} == BODIES.keys()


async def told(tenant: Tenant, method: str, path: str, body: Any, ids: Mapping[str, str]) -> tuple[int, str]:
    """What is answered, without the ids that were sent."""
    headers = {**V1, **({"Last-Event-ID": ids["mark"]} if path.startswith("/ag-ui") and method == "GET" else {})}
    sent = {} if body is None else {"json": body}
    answer = await tenant.request(method, path, headers=headers, **sent)
    text = answer.text.replace(answer.headers["x-request-id"], "")
    for name, each in ids.items():
        text = text.replace(each, name)
    return answer.status_code, text


async def made(scene: Scene, tenant: Tenant) -> dict[str, str]:
    """The ids of a task, of ``tenant``'s."""
    agent = (await scene.agent(name="Secret agent"))["uuid"]
    sent = await tenant.post(f"/a2a/{agent}", rpc("SendMessage", saying("Secret")), headers=V1)
    task = sent.json()["result"]["task"]
    path = f"/a2a/{agent}/tasks/{task['id']}/pushNotificationConfigs"
    config = await tenant.post(path, {**CONFIG, "id": "own"}, headers=V1)
    assert config.status_code == 200, config.text
    stream = (await tenant.post(f"/ag-ui/{agent}", asking("Secret"))).text
    mark = next(line.removeprefix("id: ") for line in stream.splitlines() if line.startswith("id: "))
    return {"agent": agent, "task_id": task["id"], "thread": task["contextId"], "config_id": "own", "mark": mark}


async def test_what_is_anothers_is_as_unknown_as_what_never_was(
    offered: Scene, stranger: Tenant, connect: Connect
) -> None:
    victim = offered.tenant
    await connect(stranger, offered.model.url)
    own = (await stranger.post("/api/v1/agents", {"name": "Own", "model": "small"})).json()["data"]["uuid"]
    foreign = await made(offered, victim)
    never = {**foreign, **{name: str(new_uuid()) for name in ("agent", "task_id", "thread")}}
    before = await state(victim, foreign)
    answers: dict[int, set[tuple[int, str]]] = {}
    for ids in (foreign, never):
        requests = [(m, p, body) for (m, p), body in BODIES.items()]
        requests += [(m, p.replace("{agent}", own), body) for m, p, body in requests if "{task_id}" in p]
        elsewhere = saying("Hello", contextId=ids["thread"])
        elsewhere["message"]["messageId"] = "same"
        answering = {"message": {**elsewhere["message"], "contextId": "", "taskId": ids["task_id"]}}
        requests += [("POST", f"/a2a/{own}/message:send", each) for each in (elsewhere, answering)]
        for number, (method, path, body) in enumerate(requests):
            address = path.replace(":path", "").format(**ids, name=ids["agent"])
            answer = await told(stranger, method, address, body, ids)
            answers.setdefault(number, set()).add(answer)
            # A model of this name might be known to an account that has not been looked at.
            assert answer[0] in {400, 404, 409}, (method, path, answer)
            assert "secret" not in answer[1].lower(), (method, path, answer)
    assert not [each for each in answers.values() if len(each) > 1]
    assert await state(victim, foreign) == before


async def state(tenant: Tenant, ids: Mapping[str, str]) -> list[tuple[int, str]]:
    """All that the victim has, as the victim sees it."""
    paths = [path for method, path in BODIES if method == "GET" and "{name" not in path and "subscribe" not in path]
    seen = [await told(tenant, "GET", path.format(**ids), None, {}) for path in paths]
    return [*seen, await told(tenant, "GET", f"/api/v1/messages?thread_uuid={ids['thread']}", None, {})]


@pytest.mark.parametrize("part", PARTS)
async def test_no_part_of_a_message_breaks_it(scene: Scene, part: Any) -> None:
    agent = (await scene.agent(name="Shop"))["uuid"]
    params = {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [part]}}
    answer = await scene.tenant.post(f"/a2a/{agent}", rpc("SendMessage", params), headers=V1)
    assert answer.status_code in {200, 400}, answer.text
    assert answer.json()["error"]["code"] in {-32600, -32602, -32005}
    rest = await scene.tenant.post(f"/a2a/{agent}/message:send", params, headers=V1)
    assert rest.status_code == 400, rest.text
    assert rest.json()["error"]["details"][0]["domain"] == "a2a-protocol.org"
    assert scene.model.requests == []


@pytest.mark.parametrize(
    "body",
    [
        [],
        "x",
        7,
        {},
        {"jsonrpc": "1.0", "id": 1, "method": "GetTask"},
        rpc("GetTask", []),
        rpc("GetTask", {"id": 1}),
        rpc("GetTask", {"id": "x" * 300}),
        rpc("GetTask", {"id": "x"}, number=None),
        rpc("GetTask", {"id": "x"}, number={"a": 1}),
        rpc("Nothing", {}),
        rpc("message/send", saying("Hello")),
        rpc("SendMessage", {}),
        rpc("SendMessage", {"message": {**saying("a")["message"], "role": "ROLE_AGENT"}}),
        rpc("SendMessage", {"message": {**saying("a")["message"], "parts": []}}),
        rpc("SendMessage", {"message": {**saying("a")["message"], "metadata": DEEP}}),
        rpc("SendMessage", {**saying("a"), "configuration": {"historyLength": -1}}),
        rpc("ListTasks", {"pageSize": 0}),
        rpc("ListTasks", {"pageToken": "nowhere!"}),
        rpc("ListTasks", {"statusTimestampAfter": "2026-01-01T00:00:00"}),
        rpc("ListTasks", {"status": "TASK_STATE_DONE"}),
        rpc("CreateTaskPushNotificationConfig", {"taskId": "x", **CONFIG, "token": "a\r\nb: c"}),
    ],
)
async def test_no_message_breaks_it(scene: Scene, body: Any) -> None:
    agent = (await scene.agent(name="Shop"))["uuid"]
    answer = await scene.tenant.post(f"/a2a/{agent}", body, headers=V1)
    assert answer.status_code < 500, answer.text
    assert answer.json()["jsonrpc"] == "2.0"
    assert answer.json()["error"]["message"]
    assert scene.model.requests == []


@pytest.mark.parametrize(("method", "path"), [key for key in BODIES if "task_id" in key[1]])
async def test_no_id_breaks_it(scene: Scene, method: str, path: str) -> None:
    agent = (await scene.agent(name="Shop"))["uuid"]
    body = BODIES[method, path]
    for odd in ODD:
        address = path.format(agent=agent, task_id=odd, config_id="c")
        answer = await scene.tenant.request(method, address, headers=V1, **({} if body is None else {"json": body}))
        assert answer.status_code in {400, 404, 405}, (odd, answer.text)
        assert "error" in answer.json()


@pytest.mark.parametrize(
    "changes",
    [
        {"threadId": ""},
        {"threadId": "x" * 257},
        {"threadId": "\0"},
        {"runId": None},
        {"messages": []},
        {"messages": [None]},
        {"messages": [{"id": "a", "role": "nobody", "content": "a"}]},
        {"messages": [{"id": "a", "role": "assistant", "content": "a"}]},
        {"messages": [{"id": "a", "role": "tool", "toolCallId": "c", "content": "a"}]},
        {"messages": [{"id": "a", "role": "user", "content": [{"type": "audio"}]}]},
        {"messages": [{"id": "a", "role": "user", "content": " "}]},
        {"tools": [{"name": "a b", "description": ""}]},
        {"state": DEEP},
        {"resume": [{"interruptId": "x", "status": "resolved"}]},
        {"resume": [{"interruptId": str(new_uuid()), "status": "cancelled"}]},
        {"resume": [{"interruptId": "x", "status": "ignored"}]},
    ],
)
async def test_no_request_of_a_front_end_breaks_it(scene: Scene, changes: Any) -> None:
    await scene.agent(name="Shop")
    answer = await scene.tenant.post("/ag-ui/shop", {**asking("Hello"), **changes})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert scene.model.requests == []
