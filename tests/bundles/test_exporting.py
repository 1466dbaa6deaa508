"""Exports as bundles: what was chosen and what it needs, in files that say the same again, and no secret."""

from __future__ import annotations

from pathlib import Path

from athena.bundles.format import write
from athena.permissions import Role
from tests.bundles.conftest import BUNDLES, DESK, Person, actions
from tests.conftest import MakeTenant

CANARY = "canary"


async def test_what_was_applied_is_exported_as_it_was(person: Person, make_tenant: MakeTenant) -> None:
    made = await person.apply(DESK)
    chosen = {"workflow_uuids": [made["workflows/ask"]], "prompt_uuids": [made["prompts/answer"]]}
    exported = await person.export(**chosen, dataset_uuids=[made["evaluation_sets/cases"]])
    written, given = write(exported), write(DESK)
    assert written.keys() == given.keys()
    # All but what is completed: the variables that a prompt's text names, a tool's configuration.
    differing = {path for path in given if written[path] != given[path]}
    assert differing == {"bundle.yaml", "prompts/answer.yaml", "tools/clock.yaml"}

    other = Person(await make_tenant())
    copied = await other.apply(exported)
    assert copied.keys() == made.keys()
    assert (
        write(await other.export(workflow_uuids=[copied["workflows/ask"]]))["workflows/ask.yaml"]
        == (given["workflows/ask.yaml"])
    )


async def test_what_was_made_by_hand_is_exported_changed_and_applied(person: Person) -> None:
    tool = await person.make("tools", name="What time?", type="builtin", config={"name": "time"})
    names = ("Été & Co", "Été & Co", "日本")
    agents = [await person.make("agents", name=name, tool_uuids=[tool]) for name in names]
    exported = await person.export(agent_uuids=agents)
    assert [each.name for each in exported.resources] == [
        "tools/what-time",
        "agents/agents",
        "agents/t-co",
        "agents/t-co-2",
    ]
    assert set(actions(await person.plan(exported)).values()) == {"unchanged"}
    # The name is another by now, the key is not.
    await person.put(f"agents/{agents[0]}", name="Summer")
    assert {each.name for each in (await person.export(agent_uuids=agents)).resources} == {
        each.name for each in exported.resources
    }
    assert actions(await person.plan(await person.export(agent_uuids=agents)))["agents/t-co"] == "unchanged"
    assert actions(await person.plan(exported))["agents/t-co"] == "conflict"


async def test_no_secret_leaves(person: Person) -> None:
    """Credentials, secrets and the tokens of webhooks stay; the bundle says that they are needed."""
    key, other = await person.key("Key"), await person.key("Key")
    await person.make("variables", name="TOKEN", kind="secret", value="sk-canary-secret")
    await person.make("variables", name="SHOP", value="canary-variable")
    nodes = [
        {"id": "hook", "type": "webhook_trigger"},
        {
            "id": "call",
            "type": "http_request",
            "data": {
                "url": "https://shop.example.com/{{ workspace.variables.SHOP }}",
                "headers": {"X-Token": "{{ secrets.TOKEN }}", "Authorization": "Bearer canary-written-out"},
                "account_uuid": key,
            },
        },
    ]
    edges = [{"source": "hook", "target": "call"}]
    workflow = await person.make("workflows", name="Call", nodes=nodes, edges=edges)
    agent = await person.make("agents", name="Paid", account_uuid=other)
    answer = await person.tenant.post(
        f"{BUNDLES}/export", {"name": "desk", "workflow_uuids": [workflow], "agent_uuids": [agent]}
    )
    exported = await person.export(workflow_uuids=[workflow], agent_uuids=[agent])
    text = "\n".join(write(exported).values())
    token = (await person.get(f"workflows/{workflow}"))["webhook"]["url"].rpartition("/")[2]
    for hidden in (CANARY, token, key, other, str(person.tenant.workspace_uuid)):
        assert hidden not in text
        assert hidden.encode() not in answer.content
    manifest = exported.manifest
    assert [(each.key, each.provider) for each in manifest.accounts] == [("key", "openai"), ("key-2", "openai")]
    assert [(each.name, each.kind) for each in manifest.variables] == [("SHOP", "variable"), ("TOKEN", "secret")]
    assert "X-Token" in text
    # Back here each finds its own account, though both are of one provider.
    assert set(actions(await person.plan(exported)).values()) == {"unchanged"}


async def test_only_what_exists_for_the_caller_is_exported(person: Person, make_tenant: MakeTenant) -> None:
    agent = await person.make("agents", name="Mine", visibility="private")
    builder = Person(await make_tenant(Role.BUILDER, person.tenant.workspace_uuid))
    stranger = Person(await make_tenant())
    for each in (builder, stranger):
        answer = await each.tenant.post(f"{BUNDLES}/export", {"name": "desk", "agent_uuids": [agent]})
        assert answer.status_code == 404
    team = await person.make("agents", name="Team", team_uuids=[agent])
    exported = await builder.export(agent_uuids=[team])
    assert [each.name for each in exported.resources] == ["agents/team"]
    assert agent not in write(exported)["agents/team.yaml"]
    viewer = await make_tenant(Role.VIEWER, person.tenant.workspace_uuid)
    assert (await viewer.post(f"{BUNDLES}/export", {"name": "desk"})).status_code == 403


def test_the_page_names_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs" / "bundles.md").read_text("utf-8")
    for resource in DESK.resources:
        assert f"`{resource.kind}/`" in page
