"""``/api/v1/tools``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission
from athena.tools.schemas import BuiltinTool, Tool, ToolCallCreate, ToolCallResult, ToolCreate, ToolUpdate
from athena.tools.service import LIST, RELATIONS, ToolService, present_builtins

router = Router("Tool")

Viewer = Annotated[Caller, require(Permission.TOOLS_VIEW)]
Creator = Annotated[Caller, require(Permission.TOOLS_CREATE)]
Updater = Annotated[Caller, require(Permission.TOOLS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.TOOLS_DELETE)]
Tester = Annotated[Caller, require(Permission.TOOLS_CALL)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

PATH = "/api/v1/tools/{tool_uuid}"


@router.operation("GET", "/api/v1/tools", summary="Get Tools", response=Page[Tool])
async def get_tools(caller: Viewer, query: Query) -> Response:
    """The workspace's tools, newest first."""
    service = ToolService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("POST", "/api/v1/tools", summary="Create a Tool", response=Data[Tool], status=201, errors=[502, 504])
async def create_tool(caller: Creator, body: ToolCreate) -> Response:
    """Creates a tool, and finds out what it offers: 502 or 504 when a server that has to tell does not."""
    wanted = relations(body.with_, RELATIONS)
    service = ToolService(caller.session, caller.access)
    row = await service.create(body)
    return resource((await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/tools/{row['uuid']}")


@router.operation("GET", "/api/v1/tools/builtins", summary="Get Built-in Tools", response=Data[list[BuiltinTool]])
async def get_builtin_tools(caller: Viewer) -> Response:  # noqa: ARG001 - who may see tools
    """What Athena brings along: each is a tool of type `builtin` with that `config`."""
    return JsonResponse({"data": present_builtins()})


@router.operation("GET", PATH, summary="Retrieve a Tool", response=Data[Tool])
async def get_tool(tool_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One tool."""
    wanted = relations(with_, RELATIONS)
    service = ToolService(caller.session, caller.access)
    row = await service.get(tool_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Tool", response=Data[Tool], errors=[409, 412, 502, 504])
async def update_tool(tool_uuid: UUID, caller: Updater, body: ToolUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. What the tool offers is found anew where it may have changed."""
    wanted = relations(body.with_, RELATIONS)
    service = ToolService(caller.session, caller.access)
    row = await service.update(tool_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Tool", status=204, errors=[412])
async def delete_tool(tool_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a tool; agents that had it have it no more."""
    await ToolService(caller.session, caller.access).delete(tool_uuid, revision)
    return no_content()


@router.operation("POST", f"{PATH}/call", summary="Call a Tool", response=Data[ToolCallResult])
async def call_tool(tool_uuid: UUID, caller: Tester, body: ToolCallCreate) -> Response:
    """Tries a tool out, in earnest: what it does, it does. What goes wrong is in the result, as agents get it."""
    return JsonResponse({"data": await ToolService(caller.session, caller.access).call(tool_uuid, body)})


@router.operation("POST", f"{PATH}/refresh", summary="Refresh a Tool", response=Data[Tool], errors=[409, 502, 504])
async def refresh_tool(tool_uuid: UUID, caller: Updater) -> Response:
    """Finds out anew what the tool offers, such as the tools of an MCP server."""
    service = ToolService(caller.session, caller.access)
    row = await service.refresh(tool_uuid)
    return resource((await service.show([row], frozenset()))[0], row)
