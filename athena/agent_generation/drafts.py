"""What a model is asked to draft, and its draft as an agent, or else what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from athena.agents.schemas import AgentCreate
from athena.tools.naming import ToolRow

FUNCTIONS_TOLD: Final = 12
DESCRIPTION_TOLD: Final = 300
STARTERS: Final = "conversation_starters"
"""The key of an agent's metadata that holds them, one a line."""

DRAFT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": {"type": "string", "maxLength": 2_000},
        "instructions": {"type": "string", "minLength": 40, "maxLength": 50_000},
        "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
        "tools": {"type": "array", "items": {"type": "string"}, "maxItems": 64},
        "conversation_starters": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 300},
            "minItems": 2,
            "maxItems": 6,
        },
        "test_message": {
            "type": "string",
            "minLength": 1,
            "maxLength": 2_000,
            "description": "What a user would say first, to see whether the agent does its work.",
        },
    },
    "required": ["name", "description", "instructions", "tools", "conversation_starters", "test_message"],
}

RULES: Final = """You draft agents for Athena, as JSON. An agent is a language model with instructions and tools.
- "instructions" tell the agent, in the second person, who it is, what it does and how, what it must not do, how it \
answers, and when it uses which tool. They stand by themselves: whoever reads them knows nothing of this request.
- "tools" names those of the tools below that the agent needs, by their ids; none that it does not need. Do not have \
the instructions speak of tools that it does not have.
- "conversation_starters" are first messages that its users may want to choose from.
- Write all of it in the language of the description.

The tools of this workspace:
{tools}"""


class DraftRefused(Exception):
    """A draft that is no good agent; the problems are for who drafted it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Draft:
    """An agent that could be created, what it can use, and what it is to be asked."""

    agent: AgentCreate
    tools: Sequence[ToolRow]
    starters: Sequence[str]
    test_message: str


def instructions(tools: Sequence[ToolRow]) -> str:
    """What a model needs to know to draft."""
    told = "\n".join(f"- {tool_id(number)}: {_told(tool)}" for number, tool in enumerate(tools, 1))
    return RULES.format(tools=told or "(none)")


def tool_id(number: int) -> str:
    """What a model calls the tool of this number, of those that it is told of, from 1."""
    return f"tool_{number}"


def _told(tool: ToolRow) -> str:
    functions = ", ".join(function["name"] for function in tool["functions"][:FUNCTIONS_TOLD])
    offers = f" ({functions})" if functions else ""
    return f"{tool['name']}{offers}: {' '.join(tool['description'].split())[:DESCRIPTION_TOLD]}"


def read_draft(
    given: Mapping[str, Any],
    tools: Sequence[ToolRow],
    model: str | None,
    account_uuid: UUID | None,
    metadata: Mapping[str, Any],
) -> Draft:
    """The agent that a draft (which fits ``DRAFT``) describes; :class:`DraftRefused` says why it is none.

    ``metadata`` are those that it has already, to which the draft's are added; a temperature of null takes one away.
    """
    known = {tool_id(number): tool for number, tool in enumerate(tools, 1)}
    unknown = [name for name in given["tools"] if name not in known]
    if unknown:
        raise DraftRefused([f"tools: there is no tool {name[:100]}." for name in unknown])
    chosen = [known[name] for name in dict.fromkeys(given["tools"])]
    starters = list(dict.fromkeys(" ".join(each.split()) for each in given["conversation_starters"]))
    kept = {**metadata, STARTERS: "\n".join(starters)}
    temperature = given.get("temperature", kept.pop("temperature", None))
    if temperature is not None:
        kept["temperature"] = float(temperature)
    try:
        agent = AgentCreate.model_validate(
            {
                "name": given["name"],
                "description": given["description"],
                "system_prompt": given["instructions"],
                "model": model,
                "account_uuid": account_uuid,
                "metadata": kept,
                "tool_uuids": [tool["uuid"] for tool in chosen],
            }
        )
    except ValidationError as error:
        issues = error.errors(include_url=False)
        raise DraftRefused([f"{'.'.join(map(str, issue['loc']))}: {issue['msg']}" for issue in issues]) from error
    return Draft(agent, chosen, starters, given["test_message"])
