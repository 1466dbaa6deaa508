"""``/v1/assistants`` and ``/v1/threads``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Path, Query, Response

from athena.dialects.facts import is_whole
from athena.dialects.openai.assistants.events import AssistantEvents
from athena.dialects.openai.assistants.runs import AssistantRuns
from athena.dialects.openai.assistants.schemas import (
    AssistantCreate,
    AssistantUpdate,
    MessageCreate,
    MetadataUpdate,
    RunCreate,
    RunFields,
    ThreadCreate,
    ThreadRunCreate,
)
from athena.dialects.openai.assistants.service import AssistantService, AssistantThreads
from athena.dialects.openai.assistants.shown import assistant, message, run, step, thread
from athena.dialects.openai.folding import page
from athena.dialects.openai.slices import has_more
from athena.kit.access import Caller, require
from athena.kit.db import Row
from athena.kit.routing import JsonResponse, Router
from athena.kit.sse import EventStream
from athena.permissions import Permission
from athena.runs.service import RunService

ASSISTANTS: Final = "/v1/assistants"
ASSISTANT: Final = f"{ASSISTANTS}/{{assistant_id}}"
THREADS: Final = "/v1/threads"
THREAD: Final = f"{THREADS}/{{thread_id}}"
MESSAGES: Final = f"{THREAD}/messages"
MESSAGE: Final = f"{MESSAGES}/{{message_id}}"
RUNS: Final = f"{THREAD}/runs"
RUN: Final = f"{RUNS}/{{run_id}}"

router = Router("OpenAI", documented=False)

AgentViewer = Annotated[Caller, require(Permission.AGENTS_VIEW)]
AgentCreator = Annotated[Caller, require(Permission.AGENTS_CREATE)]
AgentUpdater = Annotated[Caller, require(Permission.AGENTS_UPDATE)]
AgentDeleter = Annotated[Caller, require(Permission.AGENTS_DELETE)]
Viewer = Annotated[Caller, require(Permission.THREADS_VIEW)]
Creator = Annotated[Caller, require(Permission.THREADS_CREATE)]
Updater = Annotated[Caller, require(Permission.THREADS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.THREADS_DELETE)]
Reader = Annotated[Caller, require(Permission.MESSAGES_VIEW)]
Speaker = Annotated[Caller, require(Permission.MESSAGES_CREATE)]
Editor = Annotated[Caller, require(Permission.MESSAGES_UPDATE)]
Eraser = Annotated[Caller, require(Permission.MESSAGES_DELETE)]
Runner = Annotated[Caller, require(Permission.THREADS_RUN)]
Watcher = Annotated[Caller, require(Permission.RUNS_VIEW)]
Canceller = Annotated[Caller, require(Permission.RUNS_CANCEL)]
Id = Annotated[str, Path(max_length=128)]
After = Annotated[str | None, Query(max_length=128)]
Limit = Annotated[int, Query(ge=1, le=100)]
Order = Literal["asc", "desc"]


def _deleted(kind: str, name: str) -> Response:
    return JsonResponse({"id": name, "object": f"{kind}.deleted", "deleted": True})


@router.operation("GET", ASSISTANTS, summary="List assistants")
async def list_assistants(
    caller: AgentViewer, after: After = None, limit: Limit = 20, order: Order = "desc"
) -> Response:
    """The workspace's agents."""
    service = AssistantService(caller.session, caller.access)
    found = await service.page(after=after, limit=limit, ascending=order == "asc")
    return JsonResponse(page(list(map(assistant, found.rows)), has_more=has_more(found)))


@router.operation("POST", ASSISTANTS, summary="Create assistant")
async def create_assistant(caller: AgentCreator, body: AssistantCreate) -> Response:
    """Makes an agent."""
    return JsonResponse(assistant(await AssistantService(caller.session, caller.access).create(body)))


@router.operation("GET", ASSISTANT, summary="Retrieve assistant")
async def get_assistant(caller: AgentViewer, assistant_id: Id) -> Response:
    """One agent."""
    return JsonResponse(assistant(await AssistantService(caller.session, caller.access).get(assistant_id)))


@router.operation("POST", ASSISTANT, summary="Modify assistant")
async def update_assistant(caller: AgentUpdater, assistant_id: Id, body: AssistantUpdate) -> Response:
    """Changes what is named."""
    return JsonResponse(assistant(await AssistantService(caller.session, caller.access).update(assistant_id, body)))


@router.operation("DELETE", ASSISTANT, summary="Delete assistant")
async def delete_assistant(caller: AgentDeleter, assistant_id: Id) -> Response:
    """Deletes an agent."""
    await AssistantService(caller.session, caller.access).delete(assistant_id)
    return _deleted("assistant", assistant_id)


@router.operation("POST", THREADS, summary="Create thread")
async def create_assistant_thread(caller: Creator, body: ThreadCreate | None = None) -> Response:
    """Makes a thread, with its first messages."""
    service = AssistantThreads(caller.session, caller.access)
    return JsonResponse(thread(await service.create(body or ThreadCreate())))


@router.operation("GET", THREAD, summary="Retrieve thread")
async def get_assistant_thread(caller: Viewer, thread_id: Id) -> Response:
    """One thread."""
    return JsonResponse(thread(await AssistantThreads(caller.session, caller.access).get(thread_id)))


@router.operation("POST", THREAD, summary="Modify thread")
async def update_assistant_thread(caller: Updater, thread_id: Id, body: MetadataUpdate) -> Response:
    """Gives a thread other metadata."""
    service = AssistantThreads(caller.session, caller.access)
    return JsonResponse(thread(await service.update(thread_id, body.metadata)))


@router.operation("DELETE", THREAD, summary="Delete thread")
async def delete_assistant_thread(caller: Deleter, thread_id: Id) -> Response:
    """Deletes a thread with its messages."""
    await AssistantThreads(caller.session, caller.access).delete(thread_id)
    return _deleted("thread", thread_id)


async def _messages(service: AssistantThreads, rows: Sequence[Row]) -> list[dict[str, Any]]:
    attached = await service.attached(rows)
    return [message(row, attached.get(row["uuid"], ())) for row in rows]


@router.operation("GET", MESSAGES, summary="List messages")
async def list_thread_messages(
    caller: Reader,
    thread_id: Id,
    after: After = None,
    limit: Limit = 20,
    order: Order = "desc",
    run_id: Annotated[str | None, Query(max_length=128)] = None,
) -> Response:
    """What was said in a thread."""
    service = AssistantThreads(caller.session, caller.access)
    found = await service.page(thread_id, after=after, limit=limit, ascending=order == "asc", run_id=run_id)
    return JsonResponse(page(await _messages(service, found.rows), has_more=has_more(found)))


@router.operation("POST", MESSAGES, summary="Create message")
async def create_thread_message(caller: Speaker, thread_id: Id, body: MessageCreate) -> Response:
    """Puts a message into a thread."""
    service = AssistantThreads(caller.session, caller.access)
    return JsonResponse((await _messages(service, [await service.say(thread_id, body)]))[0])


@router.operation("GET", MESSAGE, summary="Retrieve message")
async def get_thread_message(caller: Reader, thread_id: Id, message_id: Id) -> Response:
    """One message."""
    service = AssistantThreads(caller.session, caller.access)
    return JsonResponse((await _messages(service, [await service.message(thread_id, message_id)]))[0])


@router.operation("POST", MESSAGE, summary="Modify message")
async def update_thread_message(caller: Editor, thread_id: Id, message_id: Id, body: MetadataUpdate) -> Response:
    """Gives a message other metadata."""
    service = AssistantThreads(caller.session, caller.access)
    row = await service.change_message(thread_id, message_id, body.metadata)
    return JsonResponse((await _messages(service, [row]))[0])


@router.operation("DELETE", MESSAGE, summary="Delete message")
async def delete_thread_message(caller: Eraser, thread_id: Id, message_id: Id) -> Response:
    """Deletes a message."""
    await AssistantThreads(caller.session, caller.access).delete_message(thread_id, message_id)
    return _deleted("thread.message", message_id)


async def repeated(caller: Caller, *, run_uuid: UUID, streamed: bool, **_: Any) -> Response:
    """The answer to a request that was made before, with the same key, and whose answer is not kept: from its run."""
    row = await RunService(caller.session, caller.access).get(run_uuid)
    return _told(caller, row) if streamed else JsonResponse(run(row))


def _told(caller: Caller, row: Row, made: Row | None = None) -> Response:
    form = AssistantEvents(row, whole=is_whole(row), thread=None if made is None else thread(made))
    return EventStream(RunService(caller.session, caller.access).events(row["uuid"]), None, form)


async def _run(caller: Caller, in_thread: Row, body: RunFields, *, is_new: bool) -> Response:
    run_uuid = await AssistantRuns(caller.session, caller.access).accept(in_thread, body)
    if caller.key is not None:
        caller.key.note_run(run_uuid, streamed=bool(body.stream))
    await caller.session.commit()
    row = await RunService(caller.session, caller.access).get(run_uuid)
    return _told(caller, row, in_thread if is_new else None) if body.stream else JsonResponse(run(row))


@router.operation("POST", f"{THREADS}/runs", summary="Create thread and run", repeat=repeated)
async def create_thread_and_run(caller: Runner, body: ThreadRunCreate) -> Response:
    """Makes a thread, and has an assistant answer in it."""
    caller.access.require(Permission.THREADS_CREATE)
    made = await AssistantThreads(caller.session, caller.access).create(body.thread, "thread.")
    return await _run(caller, made, body, is_new=True)


@router.operation("POST", RUNS, summary="Create run", repeat=repeated)
async def create_thread_run(caller: Runner, thread_id: Id, body: RunCreate) -> Response:
    """Has an assistant answer in a thread: in the background, or as a stream of events."""
    in_thread = await AssistantThreads(caller.session, caller.access).get(thread_id)
    return await _run(caller, in_thread, body, is_new=False)


@router.operation("GET", RUNS, summary="List runs")
async def list_thread_runs(
    caller: Watcher, thread_id: Id, after: After = None, limit: Limit = 20, order: Order = "desc"
) -> Response:
    """The runs in a thread."""
    service = AssistantRuns(caller.session, caller.access)
    found = await service.page(thread_id, after=after, limit=limit, ascending=order == "asc")
    return JsonResponse(page(list(map(run, found.rows)), has_more=has_more(found)))


@router.operation("GET", RUN, summary="Retrieve run")
async def get_thread_run(caller: Watcher, thread_id: Id, run_id: Id) -> Response:
    """One run."""
    return JsonResponse(run(await AssistantRuns(caller.session, caller.access).get(thread_id, run_id)))


@router.operation("POST", f"{RUN}/cancel", summary="Cancel run")
async def cancel_thread_run(caller: Canceller, thread_id: Id, run_id: Id) -> Response:
    """Stops a run; one at its end stays as it is."""
    return JsonResponse(run(await AssistantRuns(caller.session, caller.access).cancel(thread_id, run_id)))


@router.operation("POST", f"{RUN}/submit_tool_outputs", summary="Submit tool outputs")
async def submit_tool_outputs(caller: Runner, thread_id: Id, run_id: Id) -> Response:
    """Is refused: no run waits for the outputs of its caller's tools."""
    await AssistantRuns(caller.session, caller.access).submit(thread_id, run_id)


@router.operation("GET", f"{RUN}/steps", summary="List run steps")
async def list_run_steps(caller: Watcher, thread_id: Id, run_id: Id) -> Response:
    """A run's steps: its answer."""
    row = await AssistantRuns(caller.session, caller.access).get(thread_id, run_id)
    return JsonResponse(page([step(row)], has_more=False))


@router.operation("GET", f"{RUN}/steps/{{step_id}}", summary="Retrieve run step")
async def get_run_step(caller: Watcher, thread_id: Id, run_id: Id, step_id: Id) -> Response:
    """One step."""
    return JsonResponse(step(await AssistantRuns(caller.session, caller.access).step(thread_id, run_id, step_id)))
