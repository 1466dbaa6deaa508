"""What starts runs (``/agents/{uuid}/run``, ``/threads/{uuid}/run``, ``/prompts/{uuid}/run``), and ``/api/v1/runs``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Header, Request, Response

from athena.approvals.schemas import Approval, ApprovalAnswerCreate
from athena.approvals.service import ApprovalService
from athena.kit.access import Caller, require
from athena.kit.answers import EVENTS, Way, answer, answers, repeat
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, listing, resource
from athena.kit.schemas import Data, Page
from athena.kit.sse import EventStream
from athena.permissions import Permission
from athena.runs import naming
from athena.runs.prompts import run_prompt as accept_prompt
from athena.runs.schemas import AgentRun, NameGeneration, PromptRun, Run, RunApproval, RunOptions, ThreadRun
from athena.runs.service import LIST, RunService, present
from athena.threads.schemas import Thread
from athena.threads.service import ThreadService

agent_router = Router("Agent")
thread_router = Router("Thread")
prompt_router = Router("Prompt")
run_router = Router("Run")

Viewer = Annotated[Caller, require(Permission.RUNS_VIEW)]
Canceller = Annotated[Caller, require(Permission.RUNS_CANCEL)]
Answerer = Annotated[Caller, require(Permission.WORKFLOW_EXECUTIONS_ANSWER)]
AgentRunner = Annotated[Caller, require(Permission.AGENTS_RUN)]
PromptRunner = Annotated[Caller, require(Permission.PROMPTS_RUN)]
ThreadRunner = Annotated[Caller, require(Permission.THREADS_RUN)]
ThreadUpdater = Annotated[Caller, require(Permission.THREADS_UPDATE)]
LastEventId = Annotated[
    int | None, Header(ge=0, le=2**62, description="The last event that was seen; the stream goes on after it.")
]

PATH = "/api/v1/runs/{run_uuid}"
ERRORS = (402, 404, 409, 502, 504)


async def repeated(caller: Caller, run_uuid: UUID, *, streamed: bool) -> Response:
    """The answer to a request that was made before, with the same key, and whose answer is not kept: from its run."""
    return await repeat(RunService(caller.session, caller.access), run_uuid, streamed=streamed)


def _way(request: Request, given: RunOptions) -> Way:
    return Way.of(request, stream=given.stream, background=given.background)


@agent_router.operation(
    "POST",
    "/api/v1/agents/{agent_uuid}/run",
    summary="Run an Agent",
    response=Data[Run],
    errors=ERRORS,
    responses=answers(Data[Run]),
)
async def run_agent(request: Request, agent_uuid: UUID, caller: AgentRunner, body: AgentRun) -> Response:
    """Has an agent answer: finished (default), in the background (202), or as a stream of events."""
    service = RunService(caller.session, caller.access)
    run_uuid = await service.run_agent(agent_uuid, body)
    return await answer(caller, service, run_uuid, _way(request, body))


@thread_router.operation(
    "POST",
    "/api/v1/threads/{thread_uuid}/run",
    summary="Run a Thread",
    response=Data[Run],
    errors=ERRORS,
    responses=answers(Data[Run]),
)
async def run_thread(request: Request, thread_uuid: UUID, caller: ThreadRunner, body: ThreadRun) -> Response:
    """Has a thread's new or last message answered: finished (default), in the background (202), or as a stream."""
    service = RunService(caller.session, caller.access)
    run_uuid = await service.run_thread(thread_uuid, body)
    return await answer(caller, service, run_uuid, _way(request, body))


@prompt_router.operation(
    "POST",
    "/api/v1/prompts/{prompt_uuid}/run",
    summary="Run a prompt",
    response=Data[Run],
    errors=ERRORS,
    responses=answers(Data[Run]),
)
async def run_prompt(request: Request, prompt_uuid: UUID, caller: PromptRunner, body: PromptRun) -> Response:
    """Has a model answer a prompt with values for its variables: finished, in the background (202), or as a stream."""
    service = RunService(caller.session, caller.access)
    run_uuid = await accept_prompt(caller.session, caller.access, service, prompt_uuid, body)
    return await answer(caller, service, run_uuid, _way(request, body))


@thread_router.operation(
    "POST",
    "/api/v1/threads/{thread_uuid}/generate-name",
    summary="Generate Thread Name",
    response=Data[Thread],
    errors=ERRORS,
)
async def generate_thread_name(
    thread_uuid: UUID, caller: ThreadUpdater, body: NameGeneration | None = None
) -> Response:
    """Names a thread from its messages, in their language."""
    row = await naming.generate_name(caller.session, caller.access, thread_uuid, body or NameGeneration())
    service = ThreadService(caller.session, caller.access)
    return resource((await service.show([row], frozenset()))[0], row)


@run_router.operation("GET", "/api/v1/runs", summary="Get Runs", response=Page[Run])
async def get_runs(caller: Viewer, query: Annotated[ListQuery, list_query(LIST)]) -> Response:
    """The workspace's runs, newest first."""
    page = await RunService(caller.session, caller.access).page(query)
    return listing(page, [present(row) for row in page.rows])


@run_router.operation("GET", PATH, summary="Retrieve a Run", response=Data[Run])
async def get_run(run_uuid: UUID, caller: Viewer) -> Response:
    """One run."""
    row = await RunService(caller.session, caller.access).get(run_uuid)
    return resource(present(row), row)


@run_router.operation("GET", f"{PATH}/events", summary="Get Run Events", responses={200: EVENTS})
async def get_run_events(run_uuid: UUID, caller: Viewer, last_event_id: LastEventId = None) -> Response:
    """A run's events from its begin, or after `Last-Event-ID`, and then as they come."""
    service = RunService(caller.session, caller.access)
    return EventStream(await service.resumed(run_uuid, last_event_id or 0))


@run_router.operation("POST", f"{PATH}/cancel", summary="Cancel a Run", response=Data[Run])
async def cancel_run(run_uuid: UUID, caller: Canceller) -> Response:
    """Stops a run; what was said so far is kept. A run at its end stays as it is."""
    row = await RunService(caller.session, caller.access).cancel(run_uuid)
    return resource(present(row), row)


@run_router.operation("POST", f"{PATH}/approve", summary="Approve a Run", response=Data[Approval], errors=(404, 409))
async def approve_run(run_uuid: UUID, caller: Answerer, body: RunApproval) -> Response:
    """Approves or refuses the one thing that a run, or a node of it, waits to have approved."""
    await RunService(caller.session, caller.access).get(run_uuid)
    service = ApprovalService(caller.session, caller.access)
    answer = ApprovalAnswerCreate.model_validate(body.model_dump(exclude={"node_id"}, exclude_unset=True))
    row = await service.approve(run_uuid, body.node_id, answer)
    return resource((await service.show([row]))[0], row)


routers = (agent_router, thread_router, prompt_router, run_router)
