"""No request under ``/v1`` reaches what is another workspace's: its ids answer as if they were deleted, or never made.

Made from the route table: a route that is not told of here fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.architecture.test_routes import method_of, routes_of
from tests.conftest import Connect, Tenant
from tests.dialects.conftest import HELLO, workflow
from tests.runs.conftest import Scene

MODEL = {"model": "small"}
SAID: dict[str, Any] = {"role": "user", "content": "Hello"}
# What a request of a route holds beside the ids in its path.
BODIES: dict[tuple[str, str], Any] = {
    ("GET", "/v1/models"): None,
    ("GET", "/v1/models/{model:path}"): None,
    ("POST", "/v1/chat/completions"): {**MODEL, "messages": HELLO},
    ("POST", "/v1/embeddings"): {**MODEL, "input": "Hello"},
    ("POST", "/v1/responses"): {**MODEL, "input": "Hello"},
    ("GET", "/v1/responses/{response_id}"): None,
    ("POST", "/v1/responses/{response_id}/cancel"): None,
    ("DELETE", "/v1/responses/{response_id}"): None,
    ("GET", "/v1/responses/{response_id}/input_items"): None,
    ("POST", "/v1/conversations"): {},
    ("GET", "/v1/conversations/{conversation_id}"): None,
    ("POST", "/v1/conversations/{conversation_id}"): {"metadata": {"a": "b"}},
    ("DELETE", "/v1/conversations/{conversation_id}"): None,
    ("POST", "/v1/conversations/{conversation_id}/items"): {"items": [SAID]},
    ("GET", "/v1/conversations/{conversation_id}/items"): None,
    ("GET", "/v1/conversations/{conversation_id}/items/{item_id}"): None,
    ("DELETE", "/v1/conversations/{conversation_id}/items/{item_id}"): None,
    ("POST", "/v1/files"): None,
    ("GET", "/v1/files"): None,
    ("GET", "/v1/files/{file_id}"): None,
    ("GET", "/v1/files/{file_id}/content"): None,
    ("DELETE", "/v1/files/{file_id}"): None,
    ("GET", "/v1/assistants"): None,
    ("POST", "/v1/assistants"): MODEL,
    ("GET", "/v1/assistants/{assistant_id}"): None,
    ("POST", "/v1/assistants/{assistant_id}"): {"name": "Taken over"},
    ("DELETE", "/v1/assistants/{assistant_id}"): None,
    ("POST", "/v1/threads"): {},
    ("POST", "/v1/threads/runs"): {"assistant_id": "asst_1"},
    ("GET", "/v1/threads/{thread_id}"): None,
    ("POST", "/v1/threads/{thread_id}"): {"metadata": {"a": "b"}},
    ("DELETE", "/v1/threads/{thread_id}"): None,
    ("GET", "/v1/threads/{thread_id}/messages"): None,
    ("POST", "/v1/threads/{thread_id}/messages"): SAID,
    ("GET", "/v1/threads/{thread_id}/messages/{message_id}"): None,
    ("POST", "/v1/threads/{thread_id}/messages/{message_id}"): {"metadata": {"a": "b"}},
    ("DELETE", "/v1/threads/{thread_id}/messages/{message_id}"): None,
    ("GET", "/v1/threads/{thread_id}/runs"): None,
    ("POST", "/v1/threads/{thread_id}/runs"): {"assistant_id": "asst_1"},
    ("GET", "/v1/threads/{thread_id}/runs/{run_id}"): None,
    ("POST", "/v1/threads/{thread_id}/runs/{run_id}/cancel"): None,
    ("POST", "/v1/threads/{thread_id}/runs/{run_id}/submit_tool_outputs"): None,
    ("GET", "/v1/threads/{thread_id}/runs/{run_id}/steps"): None,
    ("GET", "/v1/threads/{thread_id}/runs/{run_id}/steps/{step_id}"): None,
}
LISTED = ("model", "workflow", "file_id", "assistant_id")
DIGITS = re.compile(r"([0-9a-f-]{31,35})([0-9a-f])(?=$|_)")


def named(ids: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    """Requests that name something of ``ids`` outside of their path, or one thing within another."""
    file = [{"role": "user", "content": [{"type": "input_file", "file_id": ids["file_id"]}]}]
    seen = [{"role": "user", "content": [{"type": "file", "file": {"file_id": ids["file_id"]}}]}]
    thread = {"thread_uuid": ids["thread_uuid"]}
    referred = [SAID, {"type": "item_reference", "id": ids["item_id"]}]
    answered = [SAID, {"type": "item_reference", "id": ids["answer_id"]}]
    own = {"model": ids["own_agent"]}
    hello, asked = {"input": "Hello"}, {"messages": HELLO}
    return [
        ("POST", "/v1/responses", {"model": ids["model"], **hello}),
        ("POST", "/v1/responses", {"model": ids["workflow"], **hello}),
        ("POST", "/v1/responses", {**own, **hello, "previous_response_id": ids["response_id"]}),
        ("POST", "/v1/responses", {**own, **hello, "conversation": ids["conversation_id"]}),
        ("POST", "/v1/responses", {**own, **hello, "conversation": {"id": ids["conversation_id"]}}),
        *(("POST", "/v1/responses", {**own, "input": items}) for items in (file, referred, answered)),
        ("POST", "/v1/chat/completions", {"model": ids["model"], **asked}),
        ("POST", "/v1/chat/completions", {"model": ids["own_agent"], **asked, "metadata": thread}),
        ("POST", "/v1/chat/completions", {**own, "messages": seen}),
        *(("POST", "/v1/conversations", {"items": items}) for items in (file, answered)),
        *(("POST", f"/v1/conversations/{ids['own']}/items", {"items": items}) for items in (file, answered)),
        *((method, f"/v1/conversations/{ids['own']}/items/{ids['item_id']}", None) for method in ("GET", "DELETE")),
        ("GET", f"/v1/conversations/{ids['own']}/items?after={ids['item_id']}", None),
        *in_own_thread(ids),
    ]


def in_own_thread(ids: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    """Requests about the caller's own thread that name something of ``ids``."""
    thread, asked = f"/v1/threads/{ids['own_thread']}", {"assistant_id": ids["assistant_id"]}
    image = [{"type": "image_file", "image_file": {"file_id": ids["file_id"]}}]
    messages = [{**SAID, "content": image}, {**SAID, "attachments": [{"file_id": ids["file_id"]}]}]
    started = {"assistant_id": f"asst_{ids['own_agent'].replace('-', '')}"}
    message, run = f"{thread}/messages/{ids['message_id']}", f"{thread}/runs/{ids['run_id']}"
    return [
        ("POST", f"{thread}/runs", asked),
        ("POST", "/v1/threads/runs", {**asked, "thread": {"messages": [SAID]}}),
        *(("POST", "/v1/threads/runs", {**started, "thread": {"messages": [each]}}) for each in messages),
        *(("POST", f"{thread}/runs", {**started, "additional_messages": [each]}) for each in messages),
        *(("POST", "/v1/threads", {"messages": [each]}) for each in messages),
        *(("POST", f"{thread}/messages", each) for each in messages),
        *((method, message, None) for method in ("GET", "DELETE")),
        *((method, path, None) for method, path in (("GET", run), ("POST", f"{run}/cancel"), ("GET", f"{run}/steps"))),
    ]


async def made(scene: Scene, tenant: Tenant) -> dict[str, str]:
    """The ids of one of everything, of ``tenant``'s."""
    agent = await scene.agent(name="Secret agent")
    body = {"model": agent["uuid"], "input": "Secret"}
    response = (await tenant.post("/v1/responses", body)).json()
    conversation = (await tenant.post("/v1/conversations", {"items": [{**SAID, "content": "Secret"}]})).json()
    items = (await tenant.get(f"/v1/conversations/{conversation['id']}/items")).json()
    upload = {"files": {"file": ("secret.txt", b"secret")}, "data": {"purpose": "user_data"}}
    file = (await tenant.request("POST", "/v1/files", **upload)).json()
    assistant_id = f"asst_{agent['uuid'].replace('-', '')}"
    asked = {"assistant_id": assistant_id, "thread": {"messages": [{**SAID, "content": "Secret"}]}}
    run = (await tenant.post("/v1/threads/runs", asked)).json()
    await scene.ended(run["id"].removeprefix("run_"))
    messages = (await tenant.get(f"/v1/threads/{run['thread_id']}/messages")).json()["data"]
    return {
        "assistant_id": assistant_id,
        "thread_id": run["thread_id"],
        "run_id": run["id"],
        "step_id": run["id"].replace("run_", "step_"),
        "message_id": messages[-1]["id"],
        "model": agent["uuid"],
        "workflow": (await workflow(tenant))["uuid"],
        "response_id": response["id"],
        "answer_id": response["output"][0]["id"],
        "conversation_id": conversation["id"],
        "item_id": items["data"][0]["id"],
        "file_id": file["id"],
        "thread_uuid": await scene.thread(agent),
    }


async def delete(tenant: Tenant, ids: Mapping[str, str]) -> None:
    for path in (
        f"/v1/responses/{ids['response_id']}",
        f"/v1/conversations/{ids['conversation_id']}",
        f"/v1/files/{ids['file_id']}",
        f"/v1/threads/{ids['thread_id']}",
        f"/api/v1/threads/{ids['thread_uuid']}",
        f"/api/v1/workflows/{ids['workflow']}",
        f"/api/v1/agents/{ids['model']}",
    ):
        answer = await tenant.request("DELETE", path)
        assert answer.status_code in {200, 204}, answer.text


def never(ids: Mapping[str, str]) -> dict[str, str]:
    """Ids of the same form that are nobody's: each has another last digit."""
    return {
        name: DIGITS.sub(lambda found: found[1] + ("0" if found[2] != "0" else "1"), each) for name, each in ids.items()
    }


async def told(tenant: Tenant, method: str, path: str, body: Any, ids: Mapping[str, str]) -> tuple[int, str]:
    """What is answered, without the ids that were sent."""
    answer = await tenant.request(method, path, **({} if body is None else {"json": body}))
    text = answer.text
    for name, each in ids.items():
        text = text.replace(each, name)
    return answer.status_code, text


def test_every_route_is_told_of(app: Any) -> None:
    served = {(method_of(each), each.path) for each in routes_of(app._app) if each.path.startswith("/v1/")}
    assert served == BODIES.keys()


async def test_what_is_anothers_is_as_unknown_as_what_never_was(
    offered: Scene, stranger: Tenant, connect: Connect
) -> None:
    victim = offered.tenant
    # Nothing is missing but what is asked for.
    await connect(stranger, offered.model.url)
    foreign, deleted = await made(offered, victim), await made(offered, victim)
    own_agent = (await stranger.post("/api/v1/agents", {"name": "Own", "model": "small"})).json()["data"]["uuid"]
    own = (await stranger.post("/v1/conversations", {"items": [SAID]})).json()["id"]
    own_thread = (await stranger.post("/v1/threads", {"messages": [SAID]})).json()["id"]
    mine = {"own_agent": own_agent, "own": own, "own_thread": own_thread}
    unknown = {**never(foreign), **mine}
    for ids in (foreign, deleted):
        ids.update(mine)
    await delete(victim, deleted)
    before = await _state(victim, foreign)
    in_paths = [(method, path, body) for (method, path), body in BODIES.items() if "{" in path]
    answers: dict[int, set[tuple[int, str]]] = {}
    for ids in (foreign, deleted, unknown):
        requests = [(m, p.replace(":path", "").format(**ids), body) for m, p, body in in_paths]
        for number, (method, path, body) in enumerate([*requests, *named(ids)]):
            answer = await told(stranger, method, path, body, ids)
            answers.setdefault(number, set()).add(answer)
            assert answer[0] in {400, 404}, (method, path, answer)
            assert "secret" not in answer[1].lower(), (method, path, answer)
    assert not [each for each in answers.values() if len(each) > 1]
    for path in ("/v1/models", "/v1/files", "/v1/assistants"):
        listed = (await stranger.get(path)).text
        assert not [each for each in (foreign[name] for name in LISTED) if each in listed]
    assert await _state(victim, foreign) == before


async def _state(tenant: Tenant, ids: Mapping[str, str]) -> list[tuple[int, str]]:
    """All that the victim has, as the victim sees it."""
    requests = [
        path.replace(":path", "").format(**ids) for method, path in BODIES if method == "GET" and "content" not in path
    ]
    return [await told(tenant, "GET", path, None, {}) for path in [*requests, f"/v1/files/{ids['file_id']}/content"]]
