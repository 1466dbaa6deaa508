"""``/api/v1/command-room-tasks``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from athena.command_room_tasks.schemas import (
    CommandRoomTask,
    CommandRoomTaskCreate,
    CommandRoomTaskUpdate,
    StoredCommandRoomTask,
    Suggestion,
)
from athena.command_room_tasks.service import LIST, MOST_DAYS, RELATIONS, CommandRoomTaskService
from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission

router = Router("Command Room Task")

Viewer = Annotated[Caller, require(Permission.COMMAND_ROOM_TASKS_VIEW)]
Creator = Annotated[Caller, require(Permission.COMMAND_ROOM_TASKS_CREATE)]
Updater = Annotated[Caller, require(Permission.COMMAND_ROOM_TASKS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.COMMAND_ROOM_TASKS_DELETE)]
Listed = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]
Days = Annotated[int, Query(ge=1, le=MOST_DAYS, description="How many days to look back.")]

LIST_PATH = "/api/v1/command-room-tasks"
PATH = f"{LIST_PATH}/{{command_room_task_uuid}}"


@router.operation("GET", LIST_PATH, summary="Get Command Room Tasks", response=Page[CommandRoomTask])
async def get_command_room_tasks(caller: Viewer, query: Listed) -> Response:
    """What people of the workspace did, the latest first. `with=suggestion` says what of it recurs."""
    service = CommandRoomTaskService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation(
    "POST",
    LIST_PATH,
    summary="Store Command Room Task",
    response=StoredCommandRoomTask,
    status=201,
)
async def store_command_room_task(caller: Creator, body: CommandRoomTaskCreate) -> Response:
    """Stores what the caller did; with `tasks`, many of it at once, which are answered as a list."""
    wanted = relations(body.with_, RELATIONS)
    service = CommandRoomTaskService(caller.session, caller.access)
    rows = await service.store(body)
    items = await service.show(rows, wanted)
    if body.tasks is not None:
        return JsonResponse({"data": items}, 201)
    return resource(items[0], rows[0], status=201, location=f"{LIST_PATH}/{rows[0]['uuid']}")


@router.operation(
    "GET",
    f"{LIST_PATH}/suggestions",
    summary="Get Command Room Suggestions",
    response=Data[list[Suggestion]],
)
async def get_command_room_suggestions(caller: Viewer, days: Days = MOST_DAYS) -> Response:
    """What is done again and again in the same order, and the workflow that it could become."""
    service = CommandRoomTaskService(caller.session, caller.access)
    return JsonResponse({"data": await service.suggestions(days)})


@router.operation("GET", PATH, summary="Retrieve a Command Room Task", response=Data[CommandRoomTask])
async def get_command_room_task(command_room_task_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One task."""
    wanted = relations(with_, RELATIONS)
    service = CommandRoomTaskService(caller.session, caller.access)
    row = await service.get(command_room_task_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Command Room Task", response=Data[CommandRoomTask], errors=[412])
async def update_command_room_task(
    command_room_task_uuid: UUID, caller: Updater, body: CommandRoomTaskUpdate, revision: Revision
) -> Response:
    """Changes the fields that the body names. Dismissed tasks are not looked at for suggestions."""
    wanted = relations(body.with_, RELATIONS)
    service = CommandRoomTaskService(caller.session, caller.access)
    row = await service.update(command_room_task_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Remove Command Room Task", status=204, errors=[412])
async def remove_command_room_task(command_room_task_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a task."""
    await CommandRoomTaskService(caller.session, caller.access).remove(command_room_task_uuid, revision)
    return no_content()
