"""What an agent is told of earlier before it answers, and which of it the answer cites."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from athena.engine import Event, RunContext, StepResult
from athena.kit.access import Access
from athena.kit.db import Database
from athena.memories.recall import present, prompt_text, recall
from athena.runs.paying import spender_of

STEP: Final = "recall"
CITED: Final = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")


async def recalled(run: RunContext, database: Database, access: Access, asked: str, limit: int) -> Mapping[str, Any]:
    """``text`` for the system prompt, and ``memories`` as a message keeps them; once for each run."""
    given = run.input

    async def execute(_: int) -> StepResult:
        async def look() -> StepResult:
            async with database.session(access.scope) as session:
                found = await recall(
                    session,
                    access,
                    text=asked,
                    agent_uuid=UUID(given["agent_uuid"]) if given["agent_uuid"] else None,
                    thread_uuid=UUID(given["thread_uuid"]) if given["thread_uuid"] else None,
                    user_uuid=access.user_uuid,
                    limit=limit,
                    spender=spender_of(run),
                )
            memories = present(found)
            event = Event("memory.recalled", {"message_uuid": given["message_uuid"], "memories": memories})
            return StepResult({"text": prompt_text(found), "memories": memories}, [event])

        return await run.patiently(look)

    return await run.step(STEP, execute)


def cited(memories: Sequence[Mapping[str, Any]], answer: str) -> list[dict[str, Any]]:
    """The memories, each with whether the answer names its number in brackets."""
    numbers = {int(number) for match in CITED.finditer(answer) for number in match[1].split(",")}
    return [{**each, "cited": each["number"] in numbers} for each in memories]
