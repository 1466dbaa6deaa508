"""A private agent does not exist for other members: no request tells its id from a random one, wherever it stands.

Made from the route table, as the tests of tenants are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from athena.kit.ids import new_uuid
from tests.conftest import Tenant
from tests.tenants.conftest import Scene
from tests.tenants.kinds import kind_of, known
from tests.tenants.requests import attempt, plain, told
from tests.tenants.surface import Input, Operation
from tests.tenants.test_tenants import shown

MARK = "plan-nobody-else-knows"
# What it did is the workspace's, as its threads are, and stays when it is deleted, too.
RECORDS = {("get_runs", "agent_uuid")}


async def post(tenant: Tenant, path: str, **body: Any) -> dict[str, Any]:
    answer = await tenant.post(f"/api/v1/{path}", body)
    assert answer.is_success, answer.text
    return answer.json()["data"]


async def hidden(scene: Scene) -> dict[str, str]:
    """A private agent of the owner's, and one of everything that is its own, by kind."""
    owner = scene.attacker.tenant
    agent = (await post(owner, "agents", name=MARK, visibility="private", system_prompt=MARK))["uuid"]
    await owner.put(f"/api/v1/agents/{agent}/channels/production", {"version": 1})
    trained = {"sources": [{"type": "text", "title": MARK, "text": MARK}], "background": True}
    await post(owner, f"agents/{agent}/train", **trained)
    (source,) = (await owner.get(f"/api/v1/agents/{agent}/sources")).json()["data"]
    evaluation = await post(owner, "evaluations", dataset_uuid=scene.attacker.ids["dataset"], agent_uuid=agent)
    budget = {"name": MARK, "scope_type": "agent", "scope_uuid": agent, "period": "day", "limit_cost": 1}
    return {
        "agent": agent,
        "colleague": agent,
        "agent_source": source["uuid"],
        "evaluation": evaluation["uuid"],
        "budget": (await post(owner, "budgets", **budget))["uuid"],
        "memory": (await post(owner, "memories", content=MARK, scope="agent", agent_uuid=agent))["uuid"],
        "share": (await post(owner, f"agents/{agent}/share", grantee="link", permission="view"))["uuid"],
    }


def tries(operation: Operation, ids: Mapping[str, str]) -> Iterator[dict[Input, str]]:
    """Each input that could name something of the agent's, and all of a path at once."""
    inputs = [each for each in known(operation) if kind_of(each) in ids and (operation.id, each.path) not in RECORDS]
    named = {each: ids[kind_of(each)] for each in inputs}
    yield from ({each: value} for each, value in named.items())
    whole = {each: value for each, value in named.items() if each.place == "path"}
    if len(whole) > 1:
        yield whole


async def test_no_request_of_another_member_tells_a_private_agent_from_none(scene: Scene) -> None:
    ids, member = await hidden(scene), scene.people["member"]
    wrong: list[str] = []
    tried = 0
    for operation in scene.surface.operations.values():
        for values in tries(operation, ids):
            answer = await attempt(scene.attacker, operation, values).send(member)
            random = dict.fromkeys(values, str(new_uuid()))
            expected = await attempt(scene.attacker, operation, random).send(member)
            label = f"{operation.id} {', '.join(each.path for each in values)}"
            if plain(answer) != plain(expected):
                wrong.append(f"{label}: {plain(answer)[:300]} instead of {plain(expected)[:300]}")
            secrets = frozenset(ids.values())
            wrong += [f"{label}: tells {each}" for each in told(answer, values.values(), secrets, MARK)]
            tried += 1
    assert not wrong, shown(wrong)
    assert tried > 60


async def test_no_list_of_another_member_has_it(scene: Scene) -> None:
    ids, member, owner = await hidden(scene), scene.people["member"], scene.attacker.tenant
    secrets = set(ids.values())
    for path in ("agents", "evaluations", "budgets", "memories", "shares", "memories?query=" + MARK):
        joint = "&" if "?" in path else "?"
        for tenant, found in ((member, False), (owner, True)):
            answer = await tenant.get(f"/api/v1/{path}{joint}per_page=100")
            assert answer.status_code == 200, answer.text
            listed = str(answer.json()["data"])
            assert any(each in listed for each in (MARK, *secrets)) is found, path


async def test_the_same_requests_of_an_owner_reach_it(scene: Scene) -> None:
    """So that the tests above do not pass because of something else that is wrong with their requests."""
    ids = await hidden(scene)
    refused: list[str] = []
    for operation in scene.surface.operations.values():
        if operation.method != "GET":
            continue
        for values in tries(operation, ids):
            whole = {each: ids[kind_of(each)] for each in known(operation) if kind_of(each) in ids}
            answer = await attempt(scene.attacker, operation, {**values, **whole}).send(scene.attacker.tenant)
            if answer.status_code >= 400 and "channel" not in operation.path:
                refused.append(f"{operation.id}: {answer.text[:200]}")
    assert not refused, shown(refused)
