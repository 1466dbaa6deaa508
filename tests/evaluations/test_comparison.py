"""Two evaluations are compared, and the leaderboard shows each agent's newest one."""

from __future__ import annotations

from typing import Any

from tests.evaluations.conftest import Bench, expecting


async def test_two_versions_stand_side_by_side_by_item(bench: Bench) -> None:
    agent = await bench.scene.agent()
    dataset = await bench.dataset(*((text, [expecting("good")]) for text in ("A", "B", "C")))
    bench.answers = {"A": "good", "B": "bad", "C": "good"}
    first = await bench.evaluated(dataset, agent)
    bench.answers = {"A": "bad", "B": "good", "C": "good"}
    second = await bench.evaluated(dataset, agent)
    answer = await bench.compare(first["uuid"], second["uuid"])
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    assert (told["a"], told["b"]) == (first, second)
    assert (told["improved"], told["regressed"], told["same"], told["incomparable"]) == (1, 1, 1, 0)
    assert told["difference"]["value"] == 0
    assert told["difference"]["low"] < 0 < told["difference"]["high"]
    items = [(each["input"], each["a"]["status"], each["b"]["status"], each["change"]) for each in told["items"]]
    assert items == [
        ("A", "passed", "failed", "regressed"),
        ("B", "failed", "passed", "improved"),
        ("C", "passed", "passed", "same"),
    ]


async def test_only_evaluations_of_one_dataset_are_compared(bench: Bench) -> None:
    agent = await bench.scene.agent()
    one, other = [await bench.evaluated(await bench.dataset((text, [expecting(text)])), agent) for text in ("A", "B")]
    answer = await bench.compare(one["uuid"], other["uuid"])
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["b"])


async def test_the_leaderboard_shows_the_newest_evaluation(bench: Bench) -> None:
    agent, other = await bench.scene.agent(name="Evaluated"), await bench.scene.agent(name="Other")
    dataset = await bench.dataset(("A", [expecting("good")]))
    bench.answers = {"A": "bad"}
    await bench.evaluated(dataset, agent)
    bench.answers = {"A": "good"}
    newest = await bench.evaluated(dataset, agent)
    await bench.scene.tenant.post(f"/api/v1/agents/{other['uuid']}/run", {"input": "Hello"})
    entries: list[dict[str, Any]] = (await bench.scene.tenant.get("/api/v1/agents/leaderboard")).json()["data"]
    shown = {each["agent"]["name"]: each["evaluation"] for each in entries}
    assert shown == {
        "Evaluated": {
            "uuid": newest["uuid"],
            "agent_version": 1,
            "score": newest["summary"]["score"],
            "pass_rate": newest["summary"]["pass_rate"],
            "finished_at": newest["finished_at"],
        },
        "Other": None,
    }
