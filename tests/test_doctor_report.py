"""The report of ``athena doctor`` helps with a bug, and gives nothing away."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from pydantic import SecretStr

from athena import doctor, doctor_report
from athena.config import Settings
from athena.doctor import Finding
from athena.kit.db import Database
from athena.kit.errors import StartupError
from tests.conftest import Connect, Tenant
from tests.providers.conftest import built_in

__all__ = ["built_in"]

CANARY = "canary-7c1f"


def report_of(settings: Settings, path: Path, *lines: str) -> tuple[dict[str, Any], str]:
    doctor_report.write(path, settings, [Finding(line) for line in lines])
    text = path.read_text("utf-8")
    return json.loads(text), text


def full(tmp_path: Path, database_url: str) -> Settings:
    """Settings of which each text is a canary."""
    parts = urlsplit(database_url)
    given: dict[str, Any] = {
        "secret_key": f"{CANARY}-secret-key-0123456789-0123456789",
        "secret_key_previous": f"{CANARY}-former-key-0123456789-0123456789",
        "bootstrap_email": f"{CANARY}@example.com",
        "bootstrap_password": f"{CANARY}-password",
        "metrics_token": f"{CANARY}-metrics",
        "otlp_endpoint": f"https://user:{CANARY}@collector.example.com",
        "public_url": f"https://{CANARY}.example.com",
        "egress_allow": f"{CANARY}.internal",
        "trace_hosts": f"{CANARY}.internal",
        "mcp_servers": {"files": {"command": "x", "args": [CANARY], "env": {"TOKEN": f"{CANARY}-mcp"}}},
        "oidc": {"issuer": f"https://{CANARY}.example.com", "audience": CANARY},
        "database_url": SecretStr(urlunsplit(parts._replace(query=f"{parts.query}&application_name={CANARY}"))),
    }
    return Settings(_env_file=None, data_dir=tmp_path, local_model="none", **given)  # pyright: ignore[reportCallIssue]


async def used(owner: Tenant, connect: Connect) -> None:
    """A workspace in which every text is a canary, with a run that has failed."""
    await connect(owner)
    for body in (
        {"name": "SECRET", "kind": "secret", "value": f"{CANARY}-variable"},
        {"name": "PLAIN", "kind": "variable", "value": f"{CANARY}-plain"},
    ):
        assert (await owner.post("/api/v1/variables", body)).status_code == 201
    nodes = [
        {"id": "t", "type": "manual_trigger"},
        {"id": "s", "type": "stop_with_error", "data": {"message": CANARY, "code": CANARY.replace("-", "_")}},
    ]
    flow = {"name": CANARY, "nodes": nodes, "edges": [{"source": "t", "target": "s"}]}
    made = (await owner.post("/api/v1/workflows", flow)).json()["data"]
    await owner.post(f"/api/v1/workflows/{made['uuid']}/run", {"input": {"said": CANARY}})


@pytest.mark.usefixtures("built_in")
def test_it_tells_versions_the_machine_sizes_counts_and_states(tmp_path: Path, database_url: str) -> None:
    report, _ = report_of(full(tmp_path, database_url), tmp_path / "report.json", "ok       Python: 3.11")
    assert report["checks"] == ["ok       Python: 3.11"]
    assert {"asyncpg", "fastapi"} <= set(report["versions"]["packages"])
    assert report["platform"]["processors"] == os.cpu_count()
    facts = report["database"]
    assert facts["migration"][0]["revision"] >= "0040"
    assert facts["server"][0]["bytes"] > 0
    assert "runs" in {table["name"] for table in facts["tables"]}
    assert facts["counts"][0]["users"] >= 0
    assert all(isinstance(facts[name], list) for name in doctor_report.QUERIES), facts


async def test_it_holds_no_secret_and_nothing_that_anybody_wrote(
    tmp_path: Path, database_url: str, owner: Tenant, connect: Connect, database: Database
) -> None:
    await used(owner, connect)
    settings = full(tmp_path, database_url)
    facts = await doctor_report._asked(database.url)
    lines = (f"PROBLEM  database: password {CANARY}-password was refused",)
    # The database was asked here, since the report does so in a loop of its own.
    report = {"settings": {**doctor_report.told(settings), **doctor_report.told(settings.oidc)}, "database": facts}
    text = json.dumps(report, default=str) + doctor_report.masked(settings).text(lines[0])
    assert CANARY not in text.replace("canary_7c1f", CANARY)
    assert "sk-canary" not in text
    assert owner.email not in text
    failed = {(row["kind"], row["code"]) for row in facts["recent_errors"]}
    assert ("workflow", "other") in failed


def test_numbers_switches_and_choices_are_told_and_of_texts_whether_they_are_set(
    tmp_path: Path, database_url: str
) -> None:
    told = doctor_report.told(full(tmp_path, database_url))
    assert told["ATHENA_DATABASE_POOL_SIZE"] == 16
    assert told["ATHENA_ENVIRONMENT"] == "development"
    assert told["ATHENA_LOCAL_MODEL"] == "none"
    assert told["ATHENA_ACCESS_LOG"] is False
    assert told["ATHENA_SECRET_KEY"] == told["ATHENA_MCP_SERVERS"] == told["ATHENA_DATABASE_URL"] == "set"
    assert told["ATHENA_CORS_ORIGINS"] == told["ATHENA_TRUSTED_PROXIES"] == "default"


def test_secrets_in_what_the_checks_say_are_masked(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "secret-key").write_text(f"{CANARY}-from-file-0123456789\n")
    settings = full(tmp_path, database_url)
    lines = [f"PROBLEM  {value}" for value in doctor_report.secrets_of(settings) if CANARY in value]
    assert len(lines) >= 6
    _, text = report_of(settings, tmp_path / "report.json", *lines)
    assert CANARY not in text


def test_before_the_first_start_there_is_no_database_and_none_is_made(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", local_model="none")  # pyright: ignore[reportCallIssue]
    report, _ = report_of(settings, tmp_path / "report.json")
    assert report["database"] is None
    assert not settings.data_dir.exists()


def test_a_database_that_is_away_is_told_by_the_errors_kind(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        data_dir=tmp_path,
        database_url=SecretStr(f"postgresql://me:{CANARY}@127.0.0.1:1/none"),
    )
    report, text = report_of(settings, tmp_path / "report.json", *[each.line for each in doctor.check(settings)])
    assert report["database"] == {"error": "ConnectionRefusedError"}
    assert CANARY not in text


def test_the_file_is_new_and_its_owners_alone(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", local_model="none")  # pyright: ignore[reportCallIssue]
    path = tmp_path / "report.json"
    report_of(settings, path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(StartupError, match="there already"):
        doctor_report.write(path, settings, [])
    assert path.read_bytes() == before
    with pytest.raises(StartupError, match="cannot be written"):
        doctor_report.write(tmp_path / "no" / "folder.json", settings, [])
