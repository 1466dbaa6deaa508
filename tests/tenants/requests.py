"""What somebody sends who tries the ids of others, and how two answers are compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from athena.kit.ids import new_uuid
from tests.conftest import Tenant
from tests.tenants.files import marked_bundle
from tests.tenants.kinds import KINDS, known
from tests.tenants.surface import Input, Operation
from tests.tenants.world import Workspace

UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
NUMBERED = re.compile(
    r'"(revision|version|total|to|from|duration_ms|expires|signature|url|hint|token)":("[^"]*"|\d+|null)'
)


@dataclass(frozen=True)
class Attempt:
    """A request, with the ids that were put into it."""

    operation: Operation
    values: Mapping[Input, str]
    body: Any
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    files: Any = None

    async def send(self, tenant: Tenant, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        """Sends it as ``tenant``, or with other credentials."""
        sent = {**(tenant.headers if headers is None else headers), **self.headers}
        content = {"files": self.files} if self.files else {"json": self.body} if self.body is not None else {}
        return await tenant.client.request(self.operation.method, self.path, params=self.query, headers=sent, **content)


def attempt(world: Workspace, operation: Operation, values: Mapping[Input, str]) -> Attempt:
    """A request of ``world``'s owner that would be right, but for ``values``."""
    own = {each: world.own(each) for each in known(operation) if each.place == "path"}
    chosen = {**own, **values}
    parts = {each.path: value for each, value in chosen.items() if each.place == "path"}
    names = {each["name"]: str(new_uuid()) for each in operation.parameters if each["in"] == "path"}
    path = operation.path.format(**{**names, **world.values, **parts})
    query = {**required_query(world, operation)}
    query |= {each.path: value for each, value in chosen.items() if each.place == "query"}
    body = base_body(world, operation)
    for each, value in values.items():
        if each.place == "body":
            base = INPUT_BODIES.get((operation.id, each.path))
            body = world.surface.body_with(each, value, with_own_ids(base, world) if base else body or {})
    names = {each["name"] for each in operation.parameters if each["in"] == "header"}
    headers = {"last-event-id": "1"} if "last-event-id" in {name.lower() for name in names} else {}
    files = {"file": UPLOADS.get(operation.id, ("a.txt", b"text", "text/plain"))} if operation.is_upload else None
    return Attempt(operation, dict(values), body, path, query, headers, files)


def required_query(world: Workspace, operation: Operation) -> dict[str, str]:
    """The query parameters without which there is no request."""
    known = {**world.values, "workspace_uuid": world.ids["workspace"]}
    return {
        each["name"]: known.get(f"{operation.id}.{each['name']}") or known[each["name"]]
        for each in operation.parameters
        if each["in"] == "query" and each.get("required")
    }


# Files of another kind than text.
UPLOADS = {"upload_bundle": marked_bundle("empty")}
UUID_OF_A_MODEL = "01980000-0000-7000-8000-000000000000"
# What a right request says besides its ids, where the document's example is about something that is not here.
BODIES: dict[str, Any] = {
    **{f"update_{each}_channel": {"version": 1} for each in ("agent", "prompt")},
    "run_agent": {"input": "Hello", "model": "mock-t1"},
    "run_thread": {"message": "Hello", "model": "mock-t1"},
    "generate_thread_name": {"model": "mock-t1"},
    "run_prompt": {"variables": {"topic": "gravel"}, "model": UUID_OF_A_MODEL},
    "retry_workflow_execution": {"background": True},
    "update_message": {"metadata": {"plan": "mine"}},
    "update_authenticated_user": {"name": "Ada"},
}


SHAREABLES = ("agent", "prompt", "thread", "workflow")
# The same for requests about one input, where the others are not about it.
INPUT_BODIES: dict[tuple[str, str], Any] = {
    **{(f"share_{each}", "workspace_uuid"): {"grantee": "workspace"} for each in SHAREABLES},
    **{(f"share_{each}", "user_uuid"): {"grantee": "user"} for each in SHAREABLES},
    **{
        (operation, f"{scope}_uuid"): {"content": "Something new.", "scope": scope}
        for operation in ("create_memory", "update_memory")
        for scope in ("agent", "user", "thread")
    },
    ("create_memory", "source.uuid"): {"content": "Something new.", "source": {"type": "thread"}},
    ("update_memory", "source.uuid"): {"source": {"type": "thread"}},
    ("create_memory", "supersedes_uuid"): {"content": "Something new."},
    ("train_agent", "sources.*.model"): {"sources": [{"type": "media", "media_uuid": UUID_OF_A_MODEL}]},
    ("run_agent", "messages.*.content.*.media_uuid"): {
        "messages": [{"role": "user", "content": "Hello"}],
        "model": "mock-t1",
    },
}


def base_body(world: Workspace, operation: Operation) -> Any:
    """The documented example with the workspace's own ids."""
    if operation.body is None:
        return None
    return with_own_ids(BODIES.get(operation.id, operation.body.get("example")), world)


def with_own_ids(value: Any, world: Workspace, name: str = "") -> Any:
    """``value`` with ids of ``world`` wherever an id stands."""
    if isinstance(value, dict):
        return {key: with_own_ids(part, world, key) for key, part in value.items()}
    if isinstance(value, list):
        return [with_own_ids(part, world, name) for part in value]
    if isinstance(value, str) and UUID.fullmatch(value):
        return world.ids[KINDS[name]]
    return value


def plain(answer: httpx2.Response) -> str:
    """An answer without what differs each time, and without ids; of something made, that it was."""
    if answer.request.method == "POST" and answer.is_success:
        return str(answer.status_code)
    text = UUID.sub("ID", TIME.sub("AT", answer.text))
    return f"{answer.status_code} {NUMBERED.sub('', text)}"


def told(answer: httpx2.Response, sent: Iterable[str], secrets: frozenset[str], mark: str) -> list[str]:
    """What an answer tells of somebody else: marked texts, and ids that were not in the request."""
    whole = answer.text + repr(sorted(answer.headers.items()))
    found = [mark] if mark in whole else []
    return found + sorted((set(UUID.findall(whole)) & secrets) - set(sent))
