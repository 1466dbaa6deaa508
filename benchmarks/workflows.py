"""Executions of workflows: of pure nodes, of nodes with an effect, of loops, and such that wait.

python -m benchmarks.workflows [part of a measurement's name] [waiting executions]
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from typing import Any

from benchmarks.agent_runs import median_ms, percentile_ms
from benchmarks.client import Connection
from benchmarks.program import Program, running
from benchmarks.target import running_target

CALLERS = 16
SECONDS = 8.0
ROUNDS = 300
WAITING = 10_000
IDLE_SECONDS = 30.0
SETTLE_SECONDS = 5.0


def node(name: str, kind: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"id": name, "type": kind, "data": data or {}}


def chain(count: int, kind: str = "set") -> dict[str, Any]:
    """A workflow of so many nodes in a row, each of which computes something."""
    nodes = [node("start", "manual_trigger")]
    edges: list[dict[str, Any]] = []
    before = "start"
    for number in range(count):
        name = f"n{number}"
        source = "trigger.input.x" if number == 0 else f"input.x + nodes.{before}.output.x"
        nodes.append(node(name, kind, {"fields": {"x": f"{{{{ {source} }}}}", "text": "number {{ trigger.input.x }}"}}))
        edges.append({"source": before, "target": name})
        before = name
    return {"name": f"{count} nodes", "nodes": nodes, "edges": edges}


def looped(count: int) -> dict[str, Any]:
    """A loop of three nodes."""
    fields = {"x": "{{ item.x + index }}"}
    nodes = [
        node("start", "manual_trigger"),
        node("each", "loop", {"items": "{{ trigger.input }}"}),
        node("a", "set", {"fields": fields}),
        node("b", "set", {"fields": {"x": "{{ input.x * 2 }}"}}),
        node("c", "set", {"fields": {"x": "{{ input.x }}", "text": "item {{ index }}"}}),
    ]
    ends = [("start", "each"), ("a", "b"), ("b", "c")]
    edges: list[dict[str, Any]] = [{"source": source, "target": target} for source, target in ends]
    edges.append({"source": "each", "target": "a", "source_handle": "item"})
    edges.append({"source": "c", "target": "each", "target_handle": "next"})
    return {"name": "loop", "nodes": nodes, "edges": edges, "description": f"{count} items"}


async def create(program: Program, workflow: dict[str, Any]) -> str:
    """The path that runs a new workflow."""
    connection = program.connect()
    made = (await connection.json("POST", "/api/v1/workflows", workflow))["data"]
    connection.close()
    assert not made["problems"], made["problems"]
    return f"/api/v1/workflows/{made['uuid']}/run"


async def one_after_the_other(connection: Connection, path: str, given: Any, rounds: int = ROUNDS) -> list[float]:
    """How long each execution took."""
    taken: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await connection.json("POST", path, {"input": given})
        taken.append(time.perf_counter() - begun)
    return taken


async def pure(program: Program) -> None:
    """Ten pure nodes: alone, and with many callers."""
    paths = {count: await create(program, chain(count)) for count in (1, 10, 50)}
    connection = program.connect()
    given = {"x": 3}
    medians: dict[int, float] = {}
    for count, path in paths.items():
        await one_after_the_other(connection, path, given, 20)
        medians[count] = median_ms(await one_after_the_other(connection, path, given))
        print(f"{count:4} pure nodes, one caller: median {medians[count]:.1f} ms", flush=True)
    print(f"each node adds {(medians[50] - medians[1]) / 49:.3f} ms", flush=True)
    done: list[float] = []
    stop = time.perf_counter() + SECONDS

    async def caller() -> None:
        own = program.connect()
        while time.perf_counter() < stop:
            done.extend(await one_after_the_other(own, paths[10], given, 1))
        own.close()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    print(
        f"10 pure nodes, {CALLERS} callers: {len(done) / SECONDS:.0f} executions/s, median {median_ms(done):.0f} ms, "
        f"p95 {percentile_ms(done, 0.95):.0f} ms",
        flush=True,
    )


async def loop(program: Program) -> None:
    """1,000 items through three pure nodes."""
    path = await create(program, looped(1000))
    connection = program.connect()
    items = [{"x": number} for number in range(1000)]
    taken = await one_after_the_other(connection, path, items, 5)
    print(f"1,000 items through three pure nodes: median {median_ms(taken):.0f} ms", flush=True)


def requests(count: int, url: str) -> dict[str, Any]:
    """A workflow of so many requests in a row."""
    names = [f"r{number}" for number in range(count)]
    call = {"method": "POST", "url": url, "body": {"type": "json", "value": {"of": "{{ execution.uuid }}"}}}
    nodes = [node("start", "manual_trigger"), *(node(name, "http_request", call) for name in names)]
    edges = [{"source": one, "target": two} for one, two in itertools.pairwise(["start", *names])]
    return {"name": f"{count} requests", "nodes": nodes, "edges": edges}


async def effect(program: Program) -> None:
    """What a node with an effect takes beyond the time of the server that it asks."""
    async with running_target(0) as url:
        target, connection = Connection(url, {}), program.connect()
        paths = {count: await create(program, requests(count, url)) for count in (1, 11)}
        medians: dict[int, float] = {}
        for count, path in paths.items():
            await one_after_the_other(connection, path, None, 20)
            medians[count] = median_ms(await one_after_the_other(connection, path, None))
        alone = median_ms(await one_after_the_other(target, "/", None))
        target.close()
    each = (medians[11] - medians[1]) / 10
    print(
        f"each effect node {each:.2f} ms, its target {alone:.2f} ms: {each - alone:.2f} ms beyond it "
        f"(1 node {medians[1]:.1f} ms, 11 nodes {medians[11]:.1f} ms)",
        flush=True,
    )


async def begin(program: Program, path: str, count: int) -> None:
    """Has so many executions accepted."""
    left = iter(range(count))

    async def caller() -> None:
        own = program.connect()
        for _ in left:
            await own.json("POST", path, {"background": True, "input": {"x": 1}})
        own.close()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


def waiting_workflow() -> dict[str, Any]:
    """One that waits for a call."""
    nodes = [node("start", "manual_trigger"), node("wait", "wait", {"mode": "webhook"})]
    return {"name": "waits", "nodes": nodes, "edges": [{"source": "start", "target": "wait"}]}


async def idle(program: Program) -> tuple[dict[str, float], dict[str, float]]:
    """CPU seconds and memory of its own (MB) while nothing is asked, by whose they are."""
    await asyncio.sleep(SETTLE_SECONDS)
    before = program.cpu_of_all()
    await asyncio.sleep(IDLE_SECONDS)
    after = program.cpu_of_all()
    return {name: after[name] - before[name] for name in after}, program.private_memory()


async def wait(program: Program, count: int = WAITING) -> None:
    """What waiting executions cost."""
    path = await create(program, waiting_workflow())
    counts = f"/api/v1/workflow-executions/counts?workflow_uuid={path.split('/')[4]}"
    # What processes keep once they have had as much to do, is no matter of waiting.
    await begin(program, await create(program, chain(1)), count // 4)
    cpu_before, memory_before = await idle(program)
    await begin(program, path, count)
    connection = program.connect()
    while (await connection.json("GET", counts))["data"]["waiting"] < count:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    cpu, memory = await idle(program)
    for name in cpu:
        print(
            f"{count} waiting executions, {name}: {cpu[name]:.2f} s of CPU in {IDLE_SECONDS:.0f} s "
            f"({cpu_before[name]:.2f} s without), {memory[name] - memory_before[name]:+.1f} MB",
            flush=True,
        )


MEASUREMENTS = {"pure": pure, "loop": loop, "effect": effect, "wait": wait}


async def main(part: str, waiting: int) -> None:
    """Prints the figures."""
    async with running() as program:
        for name, measure in MEASUREMENTS.items():
            if part in name:
                await (wait(program, waiting) if measure is wait else measure(program))


if __name__ == "__main__":
    asyncio.run(main("".join(sys.argv[1:2]), int(sys.argv[2]) if sys.argv[2:] else WAITING))
