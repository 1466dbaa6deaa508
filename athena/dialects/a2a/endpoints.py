"""``/a2a/{agent}``: an agent's card, and its tasks in the bindings to JSON-RPC and to HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime

from athena.config import Settings
from athena.dialects import rpc
from athena.dialects.a2a import errors, methods, push
from athena.dialects.a2a.card import VERSION, card
from athena.dialects.a2a.errors import VersionNotSupported
from athena.dialects.a2a.schemas import (
    MOST,
    PAGE,
    ConfigParams,
    ConfigsParams,
    GetParams,
    ListParams,
    NoParams,
    PushConfig,
    SendParams,
    State,
    TaskParams,
)
from athena.dialects.a2a.service import A2AService
from athena.dialects.a2a.streams import TaskStream, Wrap
from athena.dialects.checking import checked
from athena.dialects.limits import CountedStream, OpenStreams
from athena.kit.access import Caller, WorkspaceQuery, require
from athena.kit.errors import AthenaError, MalformedRequest
from athena.kit.nesting import is_nested_within
from athena.kit.routing import JsonResponse, Router, dumps, parse_json
from athena.oauth.service import SCOPE
from athena.permissions import Permission

PREFIX: Final = "/a2a/"
ONE: Final = "/a2a/{agent}"
TASKS: Final = f"{ONE}/tasks"
TASK: Final = f"{TASKS}/{{task_id}}"
CONFIGS: Final = f"{TASK}/pushNotificationConfigs"
CONFIG: Final = f"{CONFIGS}/{{config_id}}"
MEDIA_TYPE: Final = "application/a2a+json"

# The protocol describes itself.
router = Router("A2A", documented=False)


def check_version(named: str) -> None:
    """:class:`VersionNotSupported` for who speaks another one; who names none means one before this."""
    if named.strip().partition(".")[0] != VERSION.partition(".")[0]:
        raise VersionNotSupported(f"This is version {VERSION}; name it in the header A2A-Version.")


VersionHeader = Annotated[str, Header(alias="A2A-Version", max_length=32)]


async def spoken(named: VersionHeader = "") -> None:
    """The dependency of the binding to HTTP that checks the version."""
    check_version(named)


# What a caller of the one address needs depends on the message: see `methods`.
Speaker = Annotated[Caller, require("")]
Reader = Annotated[Caller, require(Permission.AGENTS_VIEW)]
Runner = Annotated[Caller, require(Permission.AGENTS_RUN)]
Viewer = Annotated[Caller, require(Permission.RUNS_VIEW)]
Canceller = Annotated[Caller, require(Permission.RUNS_CANCEL)]
Spoken = Annotated[None, Depends(spoken)]
Agent = Annotated[str, Path(max_length=255)]
TaskId = Annotated[str, Path(max_length=256)]
ConfigId = Annotated[str, Path(max_length=64)]
LastEventId = Annotated[int | None, Header(ge=0, le=2**62)]
HistoryLength = Annotated[int | None, Query(alias="historyLength", ge=0, le=2**31 - 1)]
PageSize = Annotated[int, Query(alias="pageSize", ge=1, le=MOST)]
PageToken = Annotated[str, Query(alias="pageToken", max_length=64)]


@router.operation("GET", f"{ONE}/.well-known/agent-card.json", summary="Get agent card")
async def get_agent_card(caller: Reader, agent: Agent, workspace_uuid: WorkspaceQuery = None) -> Response:
    """Who the agent is, and how it is reached. For who may see it: a card of everybody's would tell of a tenant."""
    found = await A2AService.of(caller.session, caller.access, agent)
    base_url = caller.session.provided(Settings).base_url
    return JsonResponse(card(found.agent, base_url, SCOPE, workspace_uuid))


@router.operation("POST", ONE, summary="Send an A2A message", keyed=False)
async def send_a2a_message(
    request: Request, caller: Speaker, agent: Agent, version: VersionHeader = "", last_event_id: LastEventId = None
) -> Response:
    """One message of JSON-RPC: answered by one, or by a stream."""
    message = rpc.read(parse_json(await request.body(), request.headers.get("content-type", "")))
    service = await A2AService.of(caller.session, caller.access, agent)
    try:
        check_version(version)
        return await _answered(request, caller, service, message, last_event_id)
    except AthenaError as error:
        await caller.session.rollback()
        return errors.failure(message.id, error)


async def _answered(
    request: Request, caller: Caller, service: A2AService, message: rpc.Message, last_event_id: int | None
) -> Response:
    number = message.id
    if number is None or message.method is None:
        raise rpc.ProtocolError("A message has an `id` and a `method`.")
    if message.method in {methods.STREAM, methods.SUBSCRIBE}:
        return await _told(request, caller, service, message, partial(rpc.result, number), last_event_id)
    method = methods.METHODS.get(message.method)
    if method is None:
        raise rpc.ProtocolError(f"There is no method {message.method[:100]} here.", rpc.METHOD_NOT_FOUND)
    return JsonResponse(rpc.result(number, await method.answer(service, checked(method.params, message.params))))


async def _told(
    request: Request, caller: Caller, service: A2AService, message: rpc.Message, wrap: Wrap, last_event_id: int | None
) -> Response:
    """The updates of a task, each as an answer to the message."""
    with _streams(request).taken(caller.access.user_uuid):
        if message.method == methods.STREAM:
            stream = await _sent(service, checked(SendParams, message.params), wrap)
        else:
            stream = await service.followed(checked(TaskParams, message.params), last_event_id, wrap)
        return await _streamed(request, caller, stream)


@router.operation("POST", f"{ONE}/message:send", summary="Send a message", keyed=False)
async def send_message_to_agent(request: Request, caller: Runner, agent: Agent, _: Spoken) -> Response:
    """A message, and the task that it came to."""
    service = await A2AService.of(caller.session, caller.access, agent)
    return _json(await methods.send(service, checked(SendParams, await _body(request), "")))


@router.operation("POST", f"{ONE}/message:stream", summary="Send a message and follow its task", keyed=False)
async def stream_message_to_agent(request: Request, caller: Runner, agent: Agent, _: Spoken) -> Response:
    """A message, and the updates of its task."""
    with _streams(request).taken(caller.access.user_uuid):
        service = await A2AService.of(caller.session, caller.access, agent)
        stream = await _sent(service, checked(SendParams, await _body(request), ""), dict)
        return await _streamed(request, caller, stream)


@router.operation("GET", TASKS, summary="List tasks")
async def list_a2a_tasks(  # noqa: PLR0913 - one for each of the protocol's parameters
    caller: Viewer,
    agent: Agent,
    _: Spoken,
    *,
    context_id: Annotated[str, Query(alias="contextId", max_length=256)] = "",
    status: State = "TASK_STATE_UNSPECIFIED",
    page_size: PageSize = PAGE,
    page_token: PageToken = "",
    history_length: HistoryLength = 0,
    status_timestamp_after: Annotated[AwareDatetime | None, Query(alias="statusTimestampAfter")] = None,
    include_artifacts: Annotated[bool, Query(alias="includeArtifacts")] = False,
) -> Response:
    """The agent's tasks."""
    service = await A2AService.of(caller.session, caller.access, agent)
    given = ListParams(
        context_id=context_id,
        status=status,
        page_size=page_size,
        page_token=page_token,
        history_length=history_length,
        status_timestamp_after=status_timestamp_after,
        include_artifacts=include_artifacts,
    )
    return _json(await service.listed(given))


@router.operation("GET", f"{TASK}:subscribe", summary="Follow task")
async def follow_a2a_task(
    request: Request, caller: Viewer, agent: Agent, task_id: TaskId, _: Spoken, last_event_id: LastEventId = None
) -> Response:
    """The updates of a task, from its beginning on or after the event that was seen last."""
    return await _followed(request, caller, agent, task_id, last_event_id)


@router.operation("POST", f"{TASK}:subscribe", summary="Follow a task", keyed=False)
async def subscribe_to_a2a_task(
    request: Request, caller: Runner, agent: Agent, task_id: TaskId, _: Spoken, last_event_id: LastEventId = None
) -> Response:
    """As above; clients do both."""
    return await _followed(request, caller, agent, task_id, last_event_id)


@router.operation("POST", f"{TASK}:cancel", summary="Cancel task", keyed=False)
async def cancel_a2a_task(caller: Canceller, agent: Agent, task_id: TaskId, _: Spoken) -> Response:
    """Stops a task."""
    service = await A2AService.of(caller.session, caller.access, agent)
    return _json(await service.cancel(TaskParams(id=task_id)))


@router.operation("GET", TASK, summary="Get task")
async def get_a2a_task(
    caller: Viewer, agent: Agent, task_id: TaskId, _: Spoken, history_length: HistoryLength = None
) -> Response:
    """One task as it is now."""
    service = await A2AService.of(caller.session, caller.access, agent)
    return _json(await service.get(GetParams(id=task_id, history_length=history_length)))


@router.operation("GET", f"{ONE}/extendedAgentCard", summary="Get extended agent card")
async def get_extended_agent_card(caller: Reader, agent: Agent, _: Spoken) -> Response:
    """None: the one card tells all."""
    service = await A2AService.of(caller.session, caller.access, agent)
    return _json(await methods.no_card(service, NoParams()))


@router.operation("POST", CONFIGS, summary="Create push notification configuration", keyed=False)
async def create_push_config(request: Request, caller: Runner, agent: Agent, task_id: TaskId, _: Spoken) -> Response:
    """Has a program told of a task's changes."""
    service = await A2AService.of(caller.session, caller.access, agent)
    body = {**await _body(request), "taskId": task_id}
    return _json(await push.create(service, checked(PushConfig, body, "")))


@router.operation("GET", CONFIGS, summary="List push notification configurations")
async def list_push_configs(
    caller: Viewer, agent: Agent, task_id: TaskId, _: Spoken, page_size: PageSize = PAGE, page_token: PageToken = ""
) -> Response:
    """Whom it is told to; one page holds all."""
    del page_size, page_token
    service = await A2AService.of(caller.session, caller.access, agent)
    return _json(await push.listed(service, ConfigsParams(task_id=task_id)))


@router.operation("GET", CONFIG, summary="Get push notification configuration")
async def get_push_config(caller: Viewer, agent: Agent, task_id: TaskId, config_id: ConfigId, _: Spoken) -> Response:
    """One of them."""
    service = await A2AService.of(caller.session, caller.access, agent)
    return _json(await push.get(service, ConfigParams(task_id=task_id, id=config_id)))


@router.operation("DELETE", CONFIG, summary="Delete push notification configuration")
async def delete_push_config(caller: Runner, agent: Agent, task_id: TaskId, config_id: ConfigId, _: Spoken) -> Response:
    """Tells it no more."""
    service = await A2AService.of(caller.session, caller.access, agent)
    return _json(await push.delete(service, ConfigParams(task_id=task_id, id=config_id)))


async def _followed(request: Request, caller: Caller, agent: str, task_id: str, last_event_id: int | None) -> Response:
    with _streams(request).taken(caller.access.user_uuid):
        service = await A2AService.of(caller.session, caller.access, agent)
        stream = await service.followed(TaskParams(id=task_id), last_event_id, dict)
        return await _streamed(request, caller, stream)


async def _sent(service: A2AService, given: SendParams, wrap: Wrap) -> TaskStream:
    taken = await methods.take(service, given)
    return await service.stream(taken, given.configuration.history_length, wrap)


async def _streamed(request: Request, caller: Caller, stream: TaskStream) -> Response:
    await caller.session.commit()
    return CountedStream(stream, _streams(request), caller.access.user_uuid)


async def _body(request: Request) -> Mapping[str, Any]:
    body = parse_json(await request.body(), request.headers.get("content-type", ""))
    if not isinstance(body, dict) or not is_nested_within(body, rpc.MAXIMUM_DEPTH):
        raise MalformedRequest(f"The body is a JSON object, nested {rpc.MAXIMUM_DEPTH} deep at most.")
    return cast("Mapping[str, Any]", body)


def _streams(request: Request) -> OpenStreams:
    return request.app.state.open_streams


def _json(value: Mapping[str, Any]) -> Response:
    return Response(dumps(value), media_type=MEDIA_TYPE)
