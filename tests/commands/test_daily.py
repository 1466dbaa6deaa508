"""``athena list``, ``chat``, ``run`` and ``logs``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.commands import output
from tests.athena_client.conftest import Desk
from tests.commands.conftest import Shell
from tests.conftest import Tenant
from tests.waiting import until

START: dict[str, Any] = {"id": "start", "type": "manual_trigger"}
SUM: dict[str, Any] = {"id": "sum", "type": "set", "data": {"fields": {"total": "{{ trigger.input.price * 2 }}"}}}


async def workflow(desk: Desk, name: str, *nodes: dict[str, Any]) -> str:
    async with desk.client() as client:
        edges = [{"source": one["id"], "target": next_["id"]} for one, next_ in pairwise(nodes)]
        made = await client.workflows.create(name=name, status="active", nodes=list(nodes), edges=edges)
    return made["uuid"]


async def test_a_list_is_a_table_or_json(desk: Desk, shell: Shell) -> None:
    header, row = (await shell.good("list", "agents")).splitlines()
    assert header.split() == ["UUID", "NAME", "MODEL", "VERSION", "CREATED_AT"]
    assert row.split()[:2] == [desk.agent_uuid, "Teller"]
    (agent,) = json.loads(await shell.good("list", "agents", "--json", "--search", "Teller"))
    assert agent["uuid"] == desk.agent_uuid
    assert json.loads(await shell.good("list", "runs", "--json", "--filter", "status=failed")) == []


async def test_every_resource_can_be_listed(shell: Shell) -> None:
    names = (
        "accounts",
        "approvals",
        "budgets",
        "memories",
        "messages",
        "large-language-models",
        "prompts",
        "providers",
    )
    more = ("threads", "tools", "variables", "workflow-executions", "workflows", "workspaces")
    for done in await asyncio.gather(*(shell.run("list", name, "--limit", "1") for name in (*names, *more))):
        assert (done.status, done.out[:4]) == (0, "UUID"), done


async def test_wrong_use_is_status_2(shell: Shell) -> None:
    for arguments in (("list", "nothing"), ("list", "agents", "-f", "status"), ("run",), ("run", "Teller")):
        assert (await shell.run(*arguments)).status == 2
    for name in ("limit", "search", "cursor", "self"):
        done = await shell.run("list", "agents", "-f", f"{name}=1")
        assert done.status in {1, 2}
        assert "Traceback" not in done.error


async def test_a_chat_of_one_message_comes_from_a_pipe(shell: Shell) -> None:
    assert len((await shell.good("chat", "teller", said="Hello!")).split()) == 20


async def test_a_chat_needs_no_name_where_there_is_one_agent_and_goes_on_in_its_thread(
    desk: Desk, shell: Shell
) -> None:
    await shell.good("chat", "-i", "Hello!")
    (thread,) = json.loads(await shell.good("list", "threads", "--json"))
    await shell.good("chat", "--thread", thread["uuid"], "-i", "And then?")
    async with desk.client() as client:
        assert len([each async for each in client.messages.list(thread_uuid=thread["uuid"])]) == 4


async def test_a_chat_at_a_terminal_goes_on_until_an_empty_line(shell: Shell) -> None:
    ours, theirs = os.openpty()
    program = await shell.start("chat", "Teller", stdin=theirs)
    os.write(ours, b"Hello!\nAnd then?\n\n")
    out, error = await program.communicate()
    os.close(ours)
    os.close(theirs)
    assert (program.returncode, len(out.decode().replace("> ", "").split())) == (0, 40), error
    assert b"an empty line ends it" in error


async def test_an_agent_is_run_by_name_or_uuid(desk: Desk, shell: Shell) -> None:
    assert len((await shell.good("run", "Teller", "-i", "Tell me.")).split()) == 20
    told = json.loads(await shell.good("run", desk.agent_uuid, "--json", said="Tell me."))
    assert len(told["output"]["message"]["content"].split()) == 20


async def test_a_workflow_is_run_with_json_and_prints_its_output(desk: Desk, shell: Shell) -> None:
    await workflow(desk, "Orders", START, SUM)
    assert json.loads(await shell.good("run", "Orders", said='{"price": 4}')) == {"total": 8}


async def test_a_run_that_fails_is_status_1_with_the_reason(desk: Desk, shell: Shell) -> None:
    stop = {"id": "end", "type": "stop_with_error", "data": {"message": "No more orders."}}
    await workflow(desk, "Orders", START, stop)
    done = await shell.run("run", "Orders", "-i", "{}")
    assert done.status == 1
    assert "No more orders." in done.error
    assert len(done.error.splitlines()) == 1


async def test_the_events_of_an_execution_are_followed_to_its_end(desk: Desk, shell: Shell) -> None:
    await workflow(desk, "Orders", START, SUM)
    uuid = (await shell.good("run", "Orders", "-i", '{"price": 4}', "--background")).strip()
    lines = (await shell.good("logs", "-f", uuid)).splitlines()
    assert "run.started" in lines[0]
    assert "run.completed" in lines[-1]
    events = [json.loads(line) for line in (await shell.good("logs", uuid, "--json")).splitlines()]
    assert [event["id"] for event in events] == list(range(1, len(lines) + 1))


async def test_the_events_so_far_are_shown_of_a_run_that_goes_on(desk: Desk, shell: Shell) -> None:
    ask = {"id": "ask", "type": "approval", "data": {"title": "Pay?"}}
    await workflow(desk, "Orders", START, ask)
    uuid = (await shell.good("run", "Orders", "-i", "{}", "--background")).strip()
    async with desk.client() as client:

        async def asked() -> bool:
            return bool([each async for each in client.approvals.list()])

        await until(asked)
    lines = await shell.good("logs", uuid)
    assert "approval.required" in lines
    assert "run.completed" not in lines


async def test_a_workflow_that_waits_for_people_says_so(desk: Desk, shell: Shell) -> None:
    await workflow(desk, "Orders", START, {"id": "ask", "type": "approval", "data": {"title": "Pay?"}})
    program = await shell.start("run", "Orders", "-i", "{}")
    assert program.stderr is not None
    async with asyncio.timeout(20):
        while b"waits for approval" not in (said := await program.stderr.readline()):
            assert not program.stderr.at_eof()
    async with desk.client() as client:
        (question,) = [each async for each in client.approvals.list()]
        assert question["uuid"] in said.decode()
        await client.approvals.answer(question["uuid"], "approved")
    assert await program.wait() == 0


async def test_what_is_not_there_or_anothers_is_one_line(desk: Desk, shell: Shell, stranger: Tenant) -> None:
    other = Shell(shell.folder, ATHENA_URL=desk.server_url, ATHENA_TOKEN=stranger.token)
    for done in (
        await shell.run("run", "Nobody", "-i", "x"),
        await other.run("run", desk.agent_uuid, "-i", "x"),
        await other.run("chat", "-i", "x"),
        await other.run("logs", desk.agent_uuid),
    ):
        assert done.status == 1
        assert done.error.startswith("athena: ")
        assert len(done.error.splitlines()) == 1


async def test_a_name_of_several_is_refused_with_their_uuids(desk: Desk, shell: Shell) -> None:
    uuid = await workflow(desk, "Teller", START, SUM)
    done = await shell.run("run", "teller", "-i", "x")
    assert done.status == 1
    assert uuid in done.error
    assert desk.agent_uuid in done.error


async def test_the_shell_completes_commands_and_resources(shell: Shell) -> None:
    shell.environment |= {"_ATHENA_COMPLETE": "complete_bash", "COMP_WORDS": "athena list wor", "COMP_CWORD": "2"}
    assert (await shell.good()).split() == ["workflow-executions", "workflows", "workspaces"]


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;x\x07", "\x9b31m", "\r\x08"])
def test_what_would_command_a_terminal_is_left_out(text: str) -> None:
    assert not set(output.clean(text)) & set("\x1b\x07\x9b\r\x08")
    assert output.cell(text + "\na") == output.clean(text) + " a" if output.clean(text) else "a"


async def test_a_command_that_is_interrupted_is_status_130_and_the_run_goes_on(desk: Desk, shell: Shell) -> None:
    await workflow(desk, "Orders", START, {"id": "ask", "type": "approval", "data": {"title": "Pay?"}})
    uuid = (await shell.good("run", "Orders", "-i", "{}", "--background")).strip()
    program = await shell.start("logs", "-f", uuid)
    assert program.stdout is not None
    assert b"run.started" in await program.stdout.readline()
    program.send_signal(signal.SIGINT)
    _, error = await program.communicate()
    assert (program.returncode, error) == (130, b"")
    async with desk.client() as client:
        assert (await client.workflow_executions.get(uuid))["status"] in {"running", "waiting"}
        assert (await client.workflow_executions.cancel(uuid))["status"] == "cancelled"
        assert (await client.workflow_executions.counts())["cancelled"] == 1


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_holds_every_text_and_no_control_character(text: str) -> None:
    printed = output.as_json({"text": text})
    assert json.loads(printed) == {"text": text}
    assert output.clean(printed) == printed
