"""``/api/v1/agents/generate``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from athena.agent_generation.schemas import AgentGeneration, GeneratedAgent
from athena.agent_generation.service import GenerationService
from athena.kit.access import Caller, require
from athena.kit.routing import JsonResponse, Router, if_match, resource
from athena.kit.schemas import Data
from athena.permissions import Permission

router = Router("Agent")

Generator = Annotated[Caller, require(Permission.AGENTS_GENERATE)]
Revision = Annotated[int | None, Depends(if_match)]


@router.operation(
    "POST",
    "/api/v1/agents/generate",
    summary="Generate an Agent",
    response=Data[GeneratedAgent],
    errors=[402, 404, 412, 502, 504],
    responses={201: {"description": "The agent, created.", "model": Data[GeneratedAgent]}},
)
async def generate_agent(caller: Generator, body: AgentGeneration, revision: Revision) -> Response:
    """Has a model draft an agent, or a change of one; it is answered when it is valid and has answered sensibly."""
    item, row = await GenerationService(caller.session, caller.access).generate(body, revision)
    if row is None:
        return JsonResponse({"data": item})
    status, location = (200, None) if body.agent_uuid else (201, f"/api/v1/agents/{row['uuid']}")
    return resource(item, row, status=status, location=location)
