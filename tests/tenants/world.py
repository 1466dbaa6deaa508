"""Two workspaces with one of everything, made through the API."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2

from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.tenants.files import PNG, marked_bundle
from tests.tenants.kinds import DELETERS, kind_of, known
from tests.tenants.sign_ins import user_session
from tests.tenants.surface import Input, Operation, Surface

_keys = itertools.count(1)


@dataclass
class Workspace:
    """A tenant with one of everything."""

    tenant: Tenant
    mark: str
    """A word that stands in every text, file and credential of this workspace."""
    surface: Surface
    ids: dict[str, str] = field(default_factory=dict[str, str])
    """By kind: the one that is there."""
    deleted: dict[str, str] = field(default_factory=dict[str, str])
    """By kind: one that was there."""
    answers: list[tuple[Operation, httpx2.Response]] = field(default_factory=list[tuple[Operation, httpx2.Response]])
    values: dict[str, str] = field(
        default_factory=lambda: {
            "number": "1",
            "since": "1",
            "permission": "agents.view",
            "node": "a",
            "name": "input",
            "channel": "main",
        }
    )
    """What a request must hold besides ids, by name."""
    newcomer: Callable[[UUID | None], Awaitable[Tenant]] | None = None
    """Makes a member of a workspace, or somebody with a workspace of their own."""

    async def call(self, operation_id: str, body: Any = None, **values: Any) -> Any:
        """Calls an operation by its id; what its answer holds. Every POST has a key that others might try, too."""
        operation = self.surface.operations[operation_id]
        ids = {each.path: self.ids.get(kind_of(each), "") for each in known(operation) if each.place == "path"}
        path = operation.path.format(**{**self.values, **ids, **values})
        headers = {"Idempotency-Key": f"key-{next(_keys)}"} if operation.method == "POST" else {}
        files = {"files": values["files"]} if "files" in values else {"json": body}
        query = values.get("query")
        answer = await self.tenant.request(operation.method, path, headers=headers, params=query, **files)
        assert answer.status_code < 300, f"{operation_id}: {answer.text}"
        self.answers.append((operation, answer))
        return answer.json().get("data") if answer.content and "json" in answer.headers["content-type"] else None

    async def make(self, kind: str) -> str:
        """One of this kind."""
        return await MAKERS[kind](self)

    def own(self, each: Input) -> str:
        """What the workspace's owner would put into this input."""
        return self.ids[kind_of(each)]


async def _created(world: Workspace, operation_id: str, **fields: Any) -> str:
    return (await world.call(operation_id, fields))["uuid"]


async def _provider(world: Workspace) -> str:
    url = f"https://{world.mark}.example.com/v1"
    config = {"type": "api_key", "name": "X-Key", "authorization_url": url, "token_url": url, "scopes": [world.mark]}
    fields = {"name": f"Provider {world.mark}", "base_url": url, "authentication_config": config, "logo": world.mark}
    return await _created(world, "create_provider", slug=f"p-{world.mark}-{next(_keys)}", **fields)


async def _account(world: Workspace) -> str:
    providers = (await world.tenant.get("/api/v1/providers?slug=openai-compatible")).json()["data"]
    secrets = {"base_url": f"{MODEL_SERVER[0]}", "api_key": f"sk-{world.mark}-0123456789"}
    fields: dict[str, Any] = {"credentials": secrets, "profile": {"team": world.mark}}
    return await _created(world, "create_account", name=world.mark, provider_uuid=providers[0]["uuid"], **fields)


async def _model(world: Workspace) -> str:
    await world.call("verify_account")
    query = {"account_uuid": world.ids["account"], "per_page": "1"}
    return (await world.call("get_large_language_models", query=query))[0]["uuid"]


async def _media(world: Workspace) -> str:
    files = {"file": (f"{world.mark}.png", PNG + world.mark.encode(), "image/png")}
    media = await world.call("upload_media", files=files)
    world.values["download_media.signature"] = httpx2.URL(media["url"]).params["signature"]
    return media["uuid"]


async def _agent(world: Workspace) -> str:
    fields: dict[str, Any] = {"name": world.mark, "description": world.mark, "system_prompt": f"You are {world.mark}."}
    fields |= {"metadata": {"secret_plan": world.mark}, "tags": [world.mark], "model": "mock-t4"}
    used = {"account_uuid": world.ids["account"], "avatar_uuid": world.ids["media"]}
    agent = await _created(world, "create_agent", **fields, **used)
    await world.call("update_agent_channel", {"version": 1}, agent_uuid=agent)
    return agent


async def _tool(world: Workspace) -> str:
    """One of code, which says what it is."""
    fields: dict[str, Any] = {"name": world.mark, "description": world.mark, "account_uuid": world.ids["account"]}
    return await _created(world, "create_tool", type="code", config={"code": f"result = '{world.mark}'"}, **fields)


async def _agent_source(world: Workspace) -> str:
    source = {"type": "text", "title": f"{world.mark} {next(_keys)}", "text": f"Learn {world.mark}."}
    run = await world.call("train_agent", {"sources": [source], "background": False})
    return run["output"]["sources"][0]["uuid"]


async def _thread(world: Workspace) -> str:
    fields: dict[str, Any] = {"name": world.mark, "metadata": {"plan": world.mark}, "agent_uuid": world.ids["agent"]}
    return await _created(world, "create_thread", **fields)


async def _message(world: Workspace) -> str:
    fields: dict[str, Any] = {"content": f"Hello {world.mark}", "metadata": {"plan": world.mark}}
    fields["attachments"] = [{"media_uuid": world.ids["media"], "name": f"{world.mark}.png"}]
    return await _created(world, "create_message", thread_uuid=world.ids["thread"], **fields)


async def _run(world: Workspace) -> str:
    message = f"[[say:{world.mark}]]"
    return (await world.call("run_thread", {"message": message, "model": "mock-t4"}))["uuid"]


async def _token(world: Workspace) -> str:
    return (await world.call("create_token", {"name": world.mark, "kind": "personal"}))["uuid"]


async def _user(world: Workspace) -> str:
    assert world.newcomer is not None
    return str((await world.newcomer(world.tenant.workspace_uuid)).user_uuid)


async def _invitation(world: Workspace) -> str:
    return await _created(world, "create_workspace_invitation", email=f"{new_uuid().hex}@{world.mark}.example")


async def _own_invitation(world: Workspace) -> str:
    """One that somebody else sends to the workspace's owner."""
    assert world.newcomer is not None
    host = await world.newcomer(None)
    path = f"/api/v1/workspaces/{host.workspace_uuid}/invitations"
    answer = await host.post(path, {"email": world.tenant.email})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


async def _audit_event(world: Workspace) -> str:
    return (await world.call("get_audit_events"))[0]["uuid"]


async def _webhook(world: Workspace) -> str:
    url = MODEL_SERVER[0].removesuffix("/v1") + f"/stats/reset?{world.mark}"
    fields: dict[str, Any] = {"event_types": ["workspace.updated"], "description": world.mark}
    return await _created(world, "create_webhook", url=url, **fields)


async def _delivery(world: Workspace) -> str:
    await world.call("test_webhook")
    found: list[dict[str, Any]] = []
    for _ in range(100):
        found = await world.call("get_webhook_deliveries")
        if found and found[0]["status"] != "pending":
            break
        await asyncio.sleep(0.05)
    return found[0]["uuid"]


async def _memory(world: Workspace) -> str:
    return await _created(world, "create_memory", content=f"Remember {world.mark} {next(_keys)}.")


async def _command_room_task(world: Workspace) -> str:
    fields: dict[str, Any] = {"title": world.mark, "description": world.mark, "app": world.mark, "action": "edited"}
    return await _created(world, "store_command_room_task", **fields)


async def _finished_export(world: Workspace, start: str, get: str) -> dict[str, Any]:
    export = await world.call(start)
    for _ in range(200):
        if export["status"] in {"succeeded", "failed"}:
            break
        await asyncio.sleep(0.05)
        export = await world.call(get, export_uuid=export["uuid"])
    return export


async def _export(world: Workspace) -> str:
    export = await _finished_export(world, "export_workspace", "get_workspace_export")
    world.values["download_export.signature"] = httpx2.URL(export["url"]).params["signature"]
    world.values["export_url"] = export["url"]
    return export["uuid"]


async def _user_export(world: Workspace) -> str:
    return (await _finished_export(world, "export_user", "get_user_export"))["uuid"]


async def _share(world: Workspace) -> str:
    """A link."""
    made = await world.call("share_agent", {"grantee": "link", "permission": "edit"})
    world.values["token"] = made["url"].rpartition("/")[2]
    return made["uuid"]


async def _link_run(world: Workspace) -> str:
    return (await world.call("run_linked_resource", {"input": f"[[say:{world.mark}]]"}))["uuid"]


async def _shared(world: Workspace) -> str:
    """What somebody else shares with the workspace's owner."""
    assert world.newcomer is not None
    host = Workspace(await world.newcomer(None), world.mark, world.surface, newcomer=world.newcomer)
    for kind in ("account", "media", "agent"):
        host.ids[kind] = await MAKERS[kind](host)
    grantee = {"grantee": "user", "user_uuid": str(world.tenant.user_uuid)}
    return (await host.call("share_agent", {"permission": "edit", **grantee}))["uuid"]


async def _shared_run(world: Workspace) -> str:
    return (await world.call("run_shared_resource", {"input": f"[[say:{world.mark}]]"}))["uuid"]


async def _prompt(world: Workspace) -> str:
    fields: dict[str, Any] = {"name": f"{world.mark} {next(_keys)}", "description": world.mark, "model": "mock-t4"}
    fields["variables"] = [{"name": "topic", "default": world.mark}]
    prompt = await _created(world, "create_prompt", content=f"{world.mark} {{{{topic}}}}", **fields)
    await world.call("update_prompt_channel", {"version": 1}, prompt_uuid=prompt)
    return prompt


async def _variable(world: Workspace) -> str:
    """Beside a secret, which no answer holds."""
    name = f"{world.mark}_{next(_keys)}"
    await _created(world, "create_variable", name=f"{name}_KEY", kind="secret", value=f"sk-{world.mark}-0123456789")
    return await _created(world, "create_variable", name=name, value={"plan": world.mark}, description=world.mark)


async def _guardrail(world: Workspace) -> str:
    fields: dict[str, Any] = {"name": world.mark, "description": world.mark, "message": world.mark, "stages": ["input"]}
    return await _created(world, "create_guardrail", type="pattern", config={"words": [world.mark]}, **fields)


async def _budget(world: Workspace) -> str:
    """That nothing here comes to the end of."""
    scope = {"scope_type": "agent", "scope_uuid": world.ids["agent"], "account_uuid": world.ids["account"]}
    limits = {"limit_tokens": 10**12, "model": world.mark}
    return await _created(world, "create_budget", name=world.mark, **scope, **limits)


async def _workflow(world: Workspace) -> str:
    """With an input and an output that are marked, and a webhook."""
    nodes: list[dict[str, Any]] = [
        {"id": "start", "type": "manual_trigger", "name": world.mark},
        {"id": "hook", "type": "webhook_trigger"},
        {"id": "a", "type": "set", "data": {"fields": {"plan": world.mark}}, "notes": world.mark},
    ]
    fields: dict[str, Any] = {"name": world.mark, "description": world.mark, "tags": [world.mark], "nodes": nodes}
    fields["variables"] = [{"name": "tone", "default": world.mark}]
    fields["edges"] = [{"source": each, "target": "a"} for each in ("start", "hook")]
    return await _created(world, "create_workflow", status="active", **fields)


async def _workflow_execution(world: Workspace) -> str:
    return (await world.call("run_workflow", {"input": {"plan": world.mark}}))["uuid"]


async def _approval(world: Workspace) -> str:
    """What a workflow asks, and waits for."""
    data = {"title": world.mark, "message": world.mark, "payload": {"plan": world.mark}, "link": True}
    nodes = [{"id": "start", "type": "manual_trigger"}, {"id": "ask", "type": "approval", "data": data}]
    edges = [{"source": "start", "target": "ask"}]
    workflow = await _created(world, "create_workflow", name=world.mark, nodes=nodes, edges=edges)
    await world.call("run_workflow", {"background": True}, workflow_uuid=workflow)
    found: list[dict[str, Any]] = []
    for _ in range(200):
        found = await world.call("get_approvals", query={"workflow_uuid": workflow})
        if found:
            break
        await asyncio.sleep(0.02)
    await world.call("create_approval_link", approval_uuid=found[0]["uuid"])
    return found[0]["uuid"]


async def _dataset(world: Workspace) -> str:
    item = {"input": world.mark, "expectations": [{"type": "contains", "value": world.mark}]}
    fields: dict[str, Any] = {"name": world.mark, "description": world.mark, "items": [item]}
    return await _created(world, "create_dataset", **fields)


async def _dataset_item(world: Workspace) -> str:
    fields: dict[str, Any] = {"input": world.mark, "expectations": [{"type": "exact", "value": world.mark}]}
    return await _created(world, "create_dataset_item", **fields)


async def _evaluation(world: Workspace) -> str:
    """At its end."""
    fields = {"dataset_uuid": world.ids["dataset"], "agent_uuid": world.ids["agent"]}
    made = await _created(world, "create_evaluation", **fields)
    for _ in range(200):
        if (await world.call("get_evaluation", evaluation_uuid=made))["finished_at"]:
            break
        await asyncio.sleep(0.05)
    world.values |= {"a": made, "b": made}
    return made


async def _workspace(world: Workspace) -> str:
    return (await world.call("create_workspace", {"name": world.mark, "description": world.mark}))["uuid"]


async def _bundle(world: Workspace) -> str:
    return (await world.call("upload_bundle", files={"file": marked_bundle(world.mark)}))["uuid"]


MODEL_SERVER = [""]
# In the order of what needs what.
MAKERS: dict[str, Callable[[Workspace], Awaitable[str]]] = {
    "user": _user,
    "token": _token,
    "user_session": user_session,
    "provider": _provider,
    "account": _account,
    "large_language_model": _model,
    "media": _media,
    "agent": _agent,
    "colleague": _agent,
    "tool": _tool,
    "agent_source": _agent_source,
    "thread": _thread,
    "message": _message,
    "run": _run,
    "invitation": _invitation,
    "own_invitation": _own_invitation,
    "prompt": _prompt,
    "variable": _variable,
    "guardrail": _guardrail,
    "budget": _budget,
    "dataset": _dataset,
    "dataset_item": _dataset_item,
    "evaluation": _evaluation,
    "workflow": _workflow,
    "workflow_execution": _workflow_execution,
    "approval": _approval,
    "audit_event": _audit_event,
    "webhook": _webhook,
    "delivery": _delivery,
    "memory": _memory,
    "command_room_task": _command_room_task,
    "bundle": _bundle,
    "export": _export,
    "user_export": _user_export,
    "share": _share,
    "link_run": _link_run,
    "shared": _shared,
    "shared_run": _shared_run,
}


async def build(make: MakeTenant, mark: str, surface: Surface) -> Workspace:
    """A workspace with one of everything, and one of everything that was deleted."""

    async def newcomer(workspace_uuid: UUID | None) -> Tenant:
        return await make(Role.VIEWER if workspace_uuid else Role.OWNER, workspace_uuid)

    tenant = await make()
    world = Workspace(tenant, mark, surface, {"workspace": str(tenant.workspace_uuid)}, newcomer=newcomer)
    await world.call("update_workspace", {"name": mark, "description": mark, "settings": {"plan": mark}})
    await world.call("update_authenticated_user", {"name": mark, "profile": {"first_name": mark, "last_name": mark}})
    for kind, maker in MAKERS.items():
        if kind in DELETERS:
            world.deleted[kind] = await maker(world)
        world.ids[kind] = await maker(world)
    for kind, operation_id in reversed(DELETERS.items()):
        name = next(each.path for each in surface.operations[operation_id].uuids if kind_of(each) == kind)
        await world.call(operation_id, **{name: world.deleted[kind]})
    world.deleted["workspace"] = await _workspace(world)
    await world.call("delete_workspace", workspace_uuid=world.deleted["workspace"])
    await asyncio.sleep(0.1)  # what runs write last
    return world
