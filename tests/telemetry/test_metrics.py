"""``/metrics``: what a process tells of itself, to whom, and with which labels."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx2
import prometheus_client
import pytest
import structlog
from pydantic import SecretStr

from athena.app import create_listener
from athena.config import Settings
from athena.engine import reads
from athena.kit import metrics
from athena.kit.errors import Unavailable
from athena.listener import listening
from athena.process import Process
from tests.conftest import Connect, Tenant, free_port

LABELS = {
    "dialect", "direction", "event", "kind", "method", "outcome", "route", "state", "status", "type", "version",
}  # fmt: skip
Read = Callable[..., float]
Measured = prometheus_client.metrics.MetricWrapperBase


@pytest.fixture
def read() -> Read:
    """The present value of a sample, 0 where there is none."""

    def value(name: str, **labels: str) -> float:
        return prometheus_client.REGISTRY.get_sample_value(name, labels) or 0.0

    return value


def asking(process: Process, peer: str = "127.0.0.1", **settings: Any) -> httpx2.AsyncClient:
    """A client at ``peer`` of an application with other settings."""
    changed = process.settings.model_copy(update=settings)
    app = create_listener(dataclasses.replace(process, settings=changed))
    transport = httpx2.ASGITransport(app=app, client=(peer, 4711))
    return httpx2.AsyncClient(transport=transport, base_url="http://athena.test")


async def test_it_is_told_in_the_text_format_of_prometheus(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE athena_http_requests_total counter" in answer.text
    assert "process_resident_memory_bytes" in answer.text


async def test_without_a_token_callers_on_this_machine_alone_are_told(process: Process) -> None:
    async with asking(process, "::1") as here, asking(process, "192.0.2.7") as elsewhere:
        assert (await here.get("/metrics")).status_code == 200
        # A proxy on this machine asks for somebody else.
        refused = [
            await here.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}),
            await elsewhere.get("/metrics"),
        ]
    assert [each.status_code for each in refused] == [403, 403]
    assert "ATHENA_METRICS_TOKEN" in refused[0].json()["detail"]


async def test_with_a_token_whoever_has_it_is_told(process: Process) -> None:
    async with asking(process, "192.0.2.7", metrics_token=SecretStr("scrape-me")) as caller:
        answers = [
            await caller.get("/metrics", headers={"Authorization": given})
            for given in ("", "Bearer scrape-you", "Basic scrape-me", "bearer scrape-me")
        ]
    assert [each.status_code for each in answers] == [401, 401, 401, 200]
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")


async def test_requests_are_counted_by_the_template_of_their_route(owner: Tenant, read: Read) -> None:
    name, route = "athena_http_requests_total", "/api/v1/agents/{agent_uuid}"
    before = read(name, method="GET", route=route, status="4xx")
    timed = read("athena_http_request_duration_seconds_count", method="GET", route=route)
    await owner.get(f"/api/v1/agents/{UUID(int=7)}")
    assert read(name, method="GET", route=route, status="4xx") == before + 1
    assert read("athena_http_request_duration_seconds_count", method="GET", route=route) == timed + 1
    assert read("athena_http_requests_in_progress") == 0


async def test_what_callers_make_up_is_no_label(client: httpx2.AsyncClient, read: Read) -> None:
    await client.request("BREW", "/api/v1/tea-pots/of-mine")
    text = (await client.get("/metrics")).text
    assert "tea-pots" not in text
    assert "BREW" not in text
    assert read("athena_http_requests_total", method="other", route="unmatched", status="4xx") >= 1


async def test_pages_of_the_console_are_counted_by_their_template(client: httpx2.AsyncClient, read: Read) -> None:
    await client.get("/assets/no-such-file.js")
    assert read("athena_http_requests_total", method="GET", route="/assets/{name}", status="4xx") >= 1


def test_labels_are_of_few_values(app: Any) -> None:
    own = [each for each in prometheus_client.REGISTRY._collector_to_names if isinstance(each, Measured)]
    names = {each._name: set(each._labelnames) - LABELS for each in own}
    assert len(names) > 25
    assert not {name: unknown for name, unknown in names.items() if unknown}


async def test_no_label_holds_an_id_or_a_name_that_somebody_gave(
    owner: Tenant, client: httpx2.AsyncClient, connect: Connect
) -> None:
    # The engine's own tests, in the same process, make kinds of runs with ids in their names.
    before = set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", (await client.get("/metrics")).text))
    account = await connect(owner)
    body = {"name": "Marvin-canary", "model": "small", "account_uuid": str(account)}
    agent = (await owner.post("/api/v1/agents", body)).json()["data"]["uuid"]
    answer = await owner.post(f"/api/v1/agents/{agent}/run", {"input": "Hello"})
    assert answer.status_code == 200, answer.text
    text = (await client.get("/metrics")).text
    assert set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", text)) <= before
    assert "canary" not in text
    assert '"small"' not in text


async def test_a_run_is_counted_from_its_acceptance_to_its_end(owner: Tenant, connect: Connect, read: Read) -> None:
    account = await connect(owner)
    body = {"name": "Counted", "model": "small", "account_uuid": str(account)}
    agent = (await owner.post("/api/v1/agents", body)).json()["data"]["uuid"]
    samples: dict[str, dict[str, str]] = {
        "athena_runs_accepted_total": {"kind": "agent"},
        "athena_runs_started_total": {"kind": "agent"},
        "athena_run_queue_wait_seconds_count": {"kind": "agent"},
        "athena_runs_finished_total": {"kind": "agent", "outcome": "succeeded"},
        "athena_run_duration_seconds_count": {"kind": "agent"},
        "athena_model_calls_total": {"dialect": "openai_chat", "outcome": "completed"},
        "athena_model_first_token_seconds_count": {"dialect": "openai_chat"},
        "athena_steps_total": {"event": "message.completed"},
    }
    before = {name: read(name, **labels) for name, labels in samples.items()}
    tokens = read("athena_model_tokens_total", dialect="openai_chat", direction="output")
    await owner.post(f"/api/v1/agents/{agent}/run", {"input": "Hello"})
    assert {name: read(name, **labels) - before[name] for name, labels in samples.items()} == dict.fromkeys(samples, 1)
    assert read("athena_model_tokens_total", dialect="openai_chat", direction="output") > tokens


async def test_a_slow_statement_is_counted_and_logged_without_its_values(
    process: Process, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process.database, "slow_seconds", 0.01)
    before = read("athena_database_slow_queries_total")
    with structlog.testing.capture_logs() as logs:
        async with process.database.system() as session:
            await session.fetch("SELECT pg_sleep($1),\n  $2::text", 0.02, "a value")
    assert read("athena_database_slow_queries_total") >= before + 1
    [line] = [each for each in logs if each["event"] == "database.slow_query" and "pg_sleep" in each["statement"]]
    assert line["statement"] == "SELECT pg_sleep($1), $2::text"
    assert line["duration_ms"] >= 20
    assert "a value" not in str(logs)


async def test_the_pool_and_the_queue_are_told_as_they_are(client: httpx2.AsyncClient, read: Read) -> None:
    await client.get("/metrics")
    assert read("athena_database_connections_max") == Settings.model_fields["database_pool_size"].default
    assert read("athena_database_connections", state="idle") >= 1
    assert read("athena_jobs_waiting") >= 0


async def test_jobs_that_are_due_are_counted_with_the_age_of_the_oldest(
    superuser: Any,
) -> None:
    transaction = superuser.transaction()
    await transaction.start()
    # A session's look through the connection that has not committed them, so that nobody takes them.
    uncommitted: Any = SimpleNamespace(fetch_one=superuser.fetchrow)
    try:
        await superuser.execute(
            "INSERT INTO pgqueuer (priority, status, entrypoint, execute_after)"
            " SELECT 0, 'queued', entrypoint, now() + make_interval(secs => seconds)"
            " FROM (VALUES ('engine.run', -5), ('engine.training', -90), ('engine.run', 900), ('else', -9e6))"
            " AS jobs (entrypoint, seconds)"
        )
        waiting, oldest = await reads.due_jobs(uncommitted, ["engine.run", "engine.training"])
    finally:
        await transaction.rollback()
    assert waiting >= 2
    assert 90 <= oldest < 9e6


async def test_the_metrics_are_told_while_the_database_is_away(
    process: Process, monkeypatch: pytest.MonkeyPatch, read: Read
) -> None:
    def away() -> Any:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(process.database, "system", away)
    async with asking(process) as caller:
        answer = await caller.get("/metrics")
    assert answer.status_code == 200
    assert "athena_jobs_waiting NaN" in answer.text


async def test_the_lag_of_the_event_loop_is_measured(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LAG_LOOK_SECONDS", 0.001)
    before = read("athena_event_loop_lag_seconds_count")
    task = asyncio.create_task(metrics.measure_loop())
    while read("athena_event_loop_lag_seconds_count") == before:  # noqa: ASYNC110 - the measuring sets no event
        await asyncio.sleep(0.002)
    task.cancel()
    assert read("athena_event_loop_lag_seconds_sum") >= 0


async def test_a_worker_tells_its_own_at_a_port_of_its_own(process: Process) -> None:
    port = free_port()
    settings = process.settings.model_copy(update={"metrics_port": port - 1})
    held = dataclasses.replace(process, settings=settings)
    async with listening(held, number=1), httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as caller:
        while True:
            try:
                answer = await caller.get("/metrics")
            except httpx2.ConnectError:
                await asyncio.sleep(0.02)
            else:
                break
        assert "athena_runs_at_work" in answer.text
        assert (await caller.get("/health/ready")).status_code == 200
        assert (await caller.get("/api/v1/agents")).status_code == 404
