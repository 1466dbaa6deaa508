"""Every operation under what Schemathesis makes of ``/openapi.json``: valid, almost valid and absurd requests.

The requests are the same each time (``--generation-deterministic``), so a failure repeats itself; what is printed with
it holds the ``curl`` for that. ``ATHENA_FUZZ_EXAMPLES`` makes more of them.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import MakeAthena
from tests.e2e.program import Athena

EXAMPLES = os.environ.get("ATHENA_FUZZ_EXAMPLES", "5")
SECONDS = 500.0
"""On a machine that has much else to do; alone it is about a minute."""

CONFIG = f"""
hooks = "{Path(__file__).with_name("fuzz_checks.py")}"
request-timeout = 20

# 304 and 412: any `If-None-Match` and `If-Match` fit the schema. 415: so does a file of no use. 422: `fuzz_checks.py`
# looks at the reason.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "415", "422", "429", "502", "504"]

# What is too large is refused before it is looked at.
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429", "5xx"]

# A model that does not answer is not this server's error.
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "502", "504"]
"""


@pytest.fixture(scope="module")
async def athena(make_shared: MakeAthena, mockllm: str) -> Athena:
    """A server whose first workspace reaches every model that the examples name."""
    started = make_shared("fuzz", ATHENA_LOG_LEVEL="error")
    await started.start()
    started.sign_in_as_first_owner()
    await started.connect(mockllm, "gpt-4o-mini")
    (account,) = await started.call("GET", "/accounts")
    await started.call("POST", f"/accounts/{account['uuid']}/verify", {}, 200)
    return started


async def fuzz(athena: Athena, token: str, *arguments: str) -> str:
    """Runs Schemathesis; what it printed."""
    config = athena.folder / "schemathesis.toml"
    config.write_text(CONFIG)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", f"{athena.client.base_url}/openapi.json".replace("//openapi", "/openapi")),
        *("--header", f"Authorization: {token}"),
        *("--generation-deterministic", "--suppress-health-check", "all"),
        *("--continue-on-failure", "--no-color", "--warnings", "off", "--max-examples", EXAMPLES),
        *arguments,
    ]
    with (athena.folder / "fuzz.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=log, stderr=subprocess.STDOUT, cwd=athena.folder
        )
        try:
            status = await asyncio.wait_for(process.wait(), SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
    printed = (athena.folder / "fuzz.log").read_text(errors="replace")
    assert status == 0, printed[-30_000:]
    return printed


async def test_every_operation_keeps_its_promise(athena: Athena) -> None:
    printed = await fuzz(athena, athena.client.headers["Authorization"], "--exclude-operation-id", "logout")
    generated = re.search(r"(\d+) generated", printed)
    assert generated is not None, printed
    assert int(generated[1]) > 2000
    user: dict[str, Any] = await athena.call("GET", "/user")
    assert user["workspaces"], "the token is still good, so what was asked was more than whether it is"
    assert "unhandled" not in athena.printed()


async def test_logout_keeps_its_promise(athena: Athena) -> None:
    token = (await athena.call("POST", "/tokens", {"name": "To be ended", "kind": "personal"}))["token"]
    await fuzz(athena, f"Bearer {token}", "--include-operation-id", "logout")
    assert "unhandled" not in athena.printed()
