"""``/api/v1/node-types``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response

from athena.kit.access import Caller, require
from athena.kit.routing import JsonResponse, Router
from athena.kit.schemas import Data
from athena.node_types.catalogue import catalogue
from athena.node_types.schemas import NodeTypeDescription
from athena.permissions import Permission

router = Router("Node Type")

Viewer = Annotated[Caller, require(Permission.WORKFLOWS_VIEW)]


@router.operation("GET", "/api/v1/node-types", summary="Get Node Types", response=Data[list[NodeTypeDescription]])
async def get_node_types(caller: Viewer) -> Response:  # noqa: ARG001 - who may see workflows
    """What nodes of workflows there can be, those of plugins included."""
    return JsonResponse({"data": catalogue()})
