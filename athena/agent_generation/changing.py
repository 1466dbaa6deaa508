"""A present agent that is to be changed: what a model is told of it, and what a draft makes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from athena.agent_generation.drafts import STARTERS, Draft, tool_id
from athena.agents import comparison
from athena.agents.schemas import AgentUpdate
from athena.agents.service import effective
from athena.kit.db import Row
from athena.large_language_models.parameters import merge_metadata
from athena.tools.naming import ToolRow

CHANGE: Final = (
    "This is an agent:\n{agent}\n\nChange it so that the following holds, leave the rest as it is, and answer with "
    "the whole:\n{description}"
)


@dataclass(frozen=True, slots=True)
class Changed:
    """What is different of an agent."""

    row: Mapping[str, Any]
    """The agent, as it would be."""
    changes: list[dict[str, Any]]
    """As two versions are compared."""


def asked(present: Row, tools: Sequence[ToolRow], description: str) -> str:
    """What a model is told: the agent as a draft would have it, and what is to hold of it."""
    numbers = {tool["uuid"]: tool_id(number) for number, tool in enumerate(tools, 1)}
    agent = {
        "name": present["name"],
        "description": present["description"],
        "instructions": present["system_prompt"] or "",
        "temperature": present["metadata"].get("temperature"),
        "tools": [numbers[uuid] for uuid in present["tool_uuids"] if uuid in numbers],
        STARTERS: present["metadata"].get(STARTERS, "").splitlines(),
    }
    return CHANGE.format(agent=orjson.dumps(agent).decode(), description=description)


def update(draft: Draft, present: Row) -> AgentUpdate:
    """What of an agent a draft changes: how it answers. Its name, its description and its model stay."""
    metadata = draft.agent.metadata.model_dump(exclude_unset=True)
    return AgentUpdate.model_validate(
        {
            "system_prompt": draft.agent.system_prompt,
            "tool_uuids": draft.agent.tool_uuids,
            "metadata": {**dict.fromkeys(present["metadata"]), **metadata},
        }
    )


def changed(draft: Draft, present: Row) -> Changed:
    """An agent, as a draft would have it, and what is different then."""
    changes = update(draft, present).changes()
    changes["metadata"] = merge_metadata(present["metadata"], changes["metadata"])
    row = {**dict(present), **changes}
    return Changed(row, comparison.compare(effective(present), effective(row)))
