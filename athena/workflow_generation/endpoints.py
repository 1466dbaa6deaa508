"""``/api/v1/workflows/generate``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response

from athena.kit.access import Caller, require
from athena.kit.routing import JsonResponse, Router, resource
from athena.kit.schemas import Data
from athena.permissions import Permission
from athena.workflow_generation.schemas import GeneratedWorkflow, WorkflowGeneration
from athena.workflow_generation.service import GenerationService

router = Router("Workflow")

Generator = Annotated[Caller, require(Permission.WORKFLOWS_GENERATE)]


@router.operation(
    "POST",
    "/api/v1/workflows/generate",
    summary="Generate Workflow",
    response=Data[GeneratedWorkflow],
    errors=[402, 502, 504],
    responses={201: {"description": "The workflow, saved.", "model": Data[GeneratedWorkflow]}},
)
async def generate_workflow(caller: Generator, body: WorkflowGeneration) -> Response:
    """Has a model draft a workflow, or a change of one; it is answered only when it is valid and has run dry."""
    item, row = await GenerationService(caller.session, caller.access).generate(body)
    if row is None:
        return JsonResponse({"data": item})
    status, location = (200, None) if body.workflow_uuid else (201, f"/api/v1/workflows/{row['uuid']}")
    return resource(item, row, status=status, location=location)
