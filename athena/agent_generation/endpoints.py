"""``/api/v1/agents/generate``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response

from athena.agent_generation.schemas import AgentGeneration, GeneratedAgent
from athena.agent_generation.service import GenerationService
from athena.kit.access import Caller, require
from athena.kit.routing import JsonResponse, Router, resource
from athena.kit.schemas import Data
from athena.permissions import Permission

router = Router("Agent")

Generator = Annotated[Caller, require(Permission.AGENTS_GENERATE)]


@router.operation(
    "POST",
    "/api/v1/agents/generate",
    summary="Generate an Agent",
    response=Data[GeneratedAgent],
    errors=[402, 404, 502, 504],
    responses={201: {"description": "The agent, created.", "model": Data[GeneratedAgent]}},
)
async def generate_agent(caller: Generator, body: AgentGeneration) -> Response:
    """Has a model draft an agent; it is answered only when it is valid and has answered sensibly in a conversation."""
    item, row = await GenerationService(caller.session, caller.access).generate(body)
    if row is None:
        return JsonResponse({"data": item})
    return resource(item, row, status=201, location=f"/api/v1/agents/{row['uuid']}")
