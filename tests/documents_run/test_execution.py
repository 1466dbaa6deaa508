"""Requests that need nothing to be there before are made as they stand, and the client's first program is run."""

from __future__ import annotations

import asyncio
import re
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from tests.conftest import Connect, Tenant
from tests.documents_run.blocks import Block, blocks
from tests.documents_run.test_blocks import requests
from tests.runs.conftest import built_in

__all__ = ["built_in"]

ALONE = [each for each in requests() if not re.search(r"[…$]|/generate", f"{each[2]}{each[3]}")]
"""Without names that stand for something, and without a model that would have to be asked."""


@pytest.mark.parametrize(("block", "method", "url", "body"), ALONE, ids=lambda value: str(value)[:60])
@pytest.mark.usefixtures("built_in")
async def test_a_request_that_stands_alone_succeeds(
    block: Block, method: str, url: str, body: Any, owner: Tenant
) -> None:
    answer = await owner.request(method, url.removeprefix("http://127.0.0.1:8000"), json=body)
    assert answer.is_success, f"{block}: {answer.text}"


@pytest.mark.usefixtures("built_in")
async def test_the_first_program_of_the_client_runs(owner: Tenant, connect: Connect, server_url: str) -> None:
    account_uuid = await connect(owner)
    agent = {"name": "Support", "model": "mock-t3-d0", "account_uuid": str(account_uuid)}
    assert (await owner.post("/api/v1/agents", agent)).status_code == 201
    program = next(each for each in blocks() if each.page == "docs/clients.md" and each.language == "python")
    printed = StringIO()

    def run() -> None:
        with redirect_stdout(printed):
            text = program.text.replace("http://127.0.0.1:8000", server_url)
            exec(compile(text, str(program), "exec"), {"token": owner.token})

    await asyncio.to_thread(run)
    name, _, answer = printed.getvalue().partition("\n")
    assert name.endswith(" Support")
    assert answer
