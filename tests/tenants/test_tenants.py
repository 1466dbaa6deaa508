"""No request reaches what is another workspace's: whatever id it holds, wherever it stands, whoever sends it.

Made from the route table and the OpenAPI document: an operation or an id that the world of these tests does not know
fails them. All holds with both walls, and with each of them alone: row-level security, and the statements' conditions.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

import pytest

from athena.kit.ids import new_uuid
from tests.architecture.test_routes import routes_of
from tests.tenants.conftest import ATTACKER, VICTIM, Scene, observed, without_conditions, without_row_security
from tests.tenants.kinds import DELETERS, KINDS, SPECIAL, kind_of, known
from tests.tenants.requests import Attempt, attempt, plain, told
from tests.tenants.surface import Input, Operation
from tests.tenants.world import MAKERS

SHOWN = 25


def shown(lines: list[str]) -> str:
    """The first of them, one a line."""
    return "\n".join([f"{len(lines)} in all:", *lines[:SHOWN]])


def test_every_id_that_a_request_can_hold_is_known(scene: Scene) -> None:
    made = {*MAKERS, "workspace"}
    unknown = [
        str(each)
        for operation in scene.surface.operations.values()
        for each in operation.uuids
        if SPECIAL.get((operation.id, each.path), KINDS.get(each.name)) not in made
    ]
    assert not unknown, "say in tests/tenants/world.py what these are, and how one is made"
    assert sum(len(each.uuids) for each in scene.surface.operations.values()) > 100


def test_the_document_has_every_route(scene: Scene) -> None:
    served = {
        (method, route.path)
        for route in routes_of(scene.app._app)
        if route.path.startswith("/api/")
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == {(each.method, each.path) for each in scene.surface.operations.values()}


def test_answers_fit_the_document(scene: Scene) -> None:
    wrong: list[str] = []
    for operation, answer in [*scene.victim.answers, *scene.attacker.answers]:
        described = operation.spec["responses"].get(str(answer.status_code), {})
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            if answer.content:
                wrong.append(f"{operation.id} {answer.status_code} is not described")
            continue
        errors = scene.surface.validator(schema).iter_errors(answer.json())
        wrong += [f"{operation.id}: {list(error.instance_path)} {error.message[:200]}" for error in errors]
    assert not wrong, shown(wrong)


@contextlib.asynccontextmanager
async def walls(mode: str, scene: Scene) -> AsyncGenerator[None]:
    """Both walls, or one of them."""
    if mode == "row security alone":
        with without_conditions() as changed:
            yield
        assert len(set(changed)) > 30, "the statements look different now: is CONDITION still right?"
    elif mode == "conditions alone":
        async with without_row_security(scene.superuser):
            yield
    else:
        yield


MODES = ["both walls", "row security alone", "conditions alone"]


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_of_another_workspace_is_read_or_changed(
    scene: Scene, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = await scene.rows()
    wrong: list[str] = []
    async with walls(mode, scene):
        with observed(caplog) as seen:
            for operation in scene.surface.operations.values():
                wrong += [line async for line in owner_tries(scene, operation, strict=mode == MODES[0])]
                if mode == MODES[0]:
                    wrong += [line async for line in others_try(scene, operation)]
    after = await scene.rows()
    wrong += [f"rows of {table} have changed" for table in before if before[table] != after[table]]
    wrong += [f"logged: {line[:300]}" for line in seen.logged if VICTIM in line]
    wrong += [f"sent: {line[:300]}" for line in seen.sent if VICTIM in line]
    if mode == MODES[0]:  # with one wall alone an error may be what stops a request
        wrong += [f"an error of our own: {line[:600]}" for line in seen.logged if "'unhandled'" in line]
    assert not wrong, shown(wrong)


async def owner_tries(scene: Scene, operation: Operation, *, strict: bool) -> AsyncIterator[str]:
    """What another workspace's owner learns, with each id in turn, and with all of them foreign at once."""
    for each in known(operation):
        tried = {name: {each: value} for name, value in foreign(scene, each, thorough=strict).items()}
        async for line in compared(scene, operation, {each: str(new_uuid())}, tried, strict=strict):
            yield line
    every = {each: scene.victim.ids[kind_of(each)] for each in known(operation) if each.place == "path"}
    every |= {each: scene.victim.ids["workspace"] for each in known(operation) if each.path == "workspace_uuid"}
    if len(every) > 1:
        random = {each: str(new_uuid()) for each in every}
        async for line in compared(scene, operation, random, {"all foreign": every}, strict=strict):
            yield line


# Such an id may be of anything, and of what was there.
OF_ANY_KIND = {"uuid", "resource_uuid", "shareable_uuid", "source_uuid"}


def foreign(scene: Scene, each: Input, *, thorough: bool) -> dict[str, str]:
    """Ids that must be no better than a random one."""
    kind = kind_of(each)
    tried = {"foreign": scene.victim.ids[kind]}
    if thorough:
        other = "thread" if kind != "thread" else "agent"
        tried |= {"foreign of another kind": scene.victim.ids[other]}
        if kind in scene.victim.deleted:
            tried |= {"foreign deleted": scene.victim.deleted[kind]}
        if each.name not in OF_ANY_KIND:
            tried |= {"own of another kind": scene.attacker.ids[other]}
            tried |= {"deleted": scene.attacker.deleted[kind]} if kind in scene.attacker.deleted else {}
    return tried


async def compared(
    scene: Scene,
    operation: Operation,
    random: Mapping[Input, str],
    tried: Mapping[str, Mapping[Input, str]],
    *,
    strict: bool,
) -> AsyncIterator[str]:
    """What is different from the answer to a random id.

    With one wall alone a refusal may have another reason, such as a key that leads nowhere; it must be one.
    """
    tenant = scene.attacker.tenant
    expected = plain(await attempt(scene.attacker, operation, random).send(tenant))
    for name, values in tried.items():
        made = attempt(scene.attacker, operation, values)
        answer = await made.send(tenant)
        label = f"{operation.id} {', '.join(f'{each.place} {each.path}' for each in values)}, {name}"
        different = (found := plain(answer)) != expected
        if different and (strict or answer.status_code < 400):
            yield f"{label}: {found[:300]} instead of {expected[:300]}"
        for secret in told(answer, values.values(), scene.secrets, VICTIM):
            yield f"{label}: tells {secret}"


async def others_try(scene: Scene, operation: Operation) -> AsyncIterator[str]:
    """The same for those with less: every id foreign, or every id random."""
    both = {}
    for name in ("foreign", "random"):
        values = {
            each: scene.victim.ids[kind_of(each)] if name == "foreign" else str(new_uuid())
            for each in known(operation)
            if each.place == "path" or each.path == "workspace_uuid"
        }
        both[name] = attempt(scene.attacker, operation, values)
    people = scene.people if both["foreign"].values else {}  # who would only do something to themselves
    senders = {name: (tenant, tenant.headers) for name, tenant in people.items()}
    senders |= {name: (scene.attacker.tenant, headers) for name, headers in scene.heads.items()}
    for who, (tenant, headers) in senders.items():
        expected = await both["random"].send(tenant, headers)
        answer = await both["foreign"].send(tenant, headers)
        if plain(answer) != plain(expected):
            yield f"{operation.id}, {who}: {plain(answer)[:300]} instead of {plain(expected)[:300]}"
        for secret in told(answer, both["foreign"].values.values(), scene.secrets, VICTIM):
            yield f"{operation.id}, {who}: tells {secret}"
        if who in scene.heads and not operation.public and answer.status_code not in OPEN.get(operation.id, {401}):
            yield f"{operation.id}, {who}: {answer.status_code}, and not 401"


# Open to anybody, who must hold something else: a signature.
OPEN = {"download_media": {404}}


def own_requests(scene: Scene) -> Iterator[tuple[Input, Attempt]]:
    """Each input with the attacker's own id; what deletes comes last, and what needs others before them."""
    order = ["GET", "POST", "PUT", "DELETE"]
    deleters = [*DELETERS.values()]

    def place(operation: Operation) -> tuple[int, int]:
        if operation.id in deleters:
            return order.index(operation.method), -deleters.index(operation.id)
        is_part = operation.path.count("{") > 1
        return order.index(operation.method), -len(deleters) if is_part else 0

    operations = sorted(scene.surface.operations.values(), key=place)
    for operation in operations:
        for each in known(operation):
            yield each, attempt(scene.attacker, operation, {each: scene.attacker.own(each)})


async def test_the_same_requests_with_own_ids_reach_what_they_name(scene: Scene) -> None:
    """So that the tests above do not pass because of something else that is wrong with their requests."""
    refused: list[str] = []
    gone: set[str] = set()
    for each, made in own_requests(scene):
        if made.operation.id in gone or {(made.operation.id, each.path), (made.operation.id, "")} & REFUSED:
            continue
        answer = await made.send(scene.attacker.tenant)
        if answer.status_code in {404, 422, 500}:
            refused.append(f"{each}: {answer.text[:300]}")
        if made.operation.method == "DELETE":
            gone.add(made.operation.id)
    assert not refused, shown(refused)


# What an owner's request is refused for, with nothing wrong in it.
REFUSED = {
    ("authorize_account", ""),  # its account is of a provider that takes a key
    ("get_token", "workspace_uuid"),  # a personal token is of no workspace
    ("delete_token", "workspace_uuid"),
    ("accept_invitation", ""),  # it was declined before
    ("share_agent", "workspace_uuid"),  # with one's own workspace
    ("share_prompt", "workspace_uuid"),
    ("share_thread", "workspace_uuid"),
    ("share_workflow", "workspace_uuid"),
    ("update_memory", "supersedes_uuid"),  # itself
    ("delete_workspace", ""),  # the only one
    ("cancel_workflow_executions", "workspace_uuid"),  # without a filter
    ("retry_workflow_executions", "workspace_uuid"),
}


async def test_cursors_and_keys_of_another_workspace_open_nothing(scene: Scene) -> None:
    victim, attacker = scene.victim.tenant, scene.attacker.tenant
    wrong: list[str] = []
    for operation in scene.surface.operations.values():
        parameters = {each["name"] for each in operation.parameters}
        if operation.method != "GET" or "cursor" not in parameters:
            continue
        page = (
            await victim.get(attempt(scene.victim, operation, {}).path, params={"cursor": "", "per_page": "1"})
        ).json()
        cursor = page["meta"]["next_cursor"] if page.get("meta") else None
        if cursor:
            path = attempt(scene.attacker, operation, {}).path
            answer = await attacker.get(path, params={"cursor": cursor, "per_page": "100"})
            wrong += [f"{operation.id}: tells {each}" for each in told(answer, [], scene.secrets, VICTIM)]
    for number in range(1, 30):
        body = {"name": f"{ATTACKER} {number}"}
        answer = await attacker.post("/api/v1/threads", body, headers={"Idempotency-Key": f"key-{number}"})
        if answer.status_code == 201 and answer.headers.get("Idempotency-Replayed"):
            wrong.append(f"key-{number} is answered with what was stored")
        wrong += [f"key-{number}: tells {each}" for each in told(answer, [], scene.secrets, VICTIM)]
    assert not wrong, shown(wrong)
