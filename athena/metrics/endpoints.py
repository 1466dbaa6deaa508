"""``/api/v1/metrics``, the leaderboard of agents, and the metrics of all of a user's workspaces."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from athena.kit import clock
from athena.kit.access import Caller, SignedIn, require, signed_in
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, listing
from athena.kit.schemas import Data, Page
from athena.messages.schemas import Role
from athena.metrics.buckets import Period, period
from athena.metrics.leaderboard import LIST, LeaderboardService
from athena.metrics.schemas import (
    AgentLeaderboard,
    AgentMetrics,
    From,
    IntervalQuery,
    MessageMetrics,
    ThreadMetrics,
    TimezoneQuery,
    To,
    WorkflowExecutionMetrics,
    WorkflowMetrics,
    WorkspaceMetrics,
)
from athena.metrics.service import (
    AGENTS,
    EXECUTIONS,
    MAXIMUM_BUCKETS_OF_WORKSPACES,
    MESSAGES,
    THREADS,
    WORKFLOWS,
    WORKSPACES,
    MetricService,
    WorkspaceMetricService,
)
from athena.permissions import Permission

router = Router("Metrics")
agent_router = Router("Agent")
workspace_router = Router("Workspace")

Viewer = Annotated[Caller, require(Permission.METRICS_VIEW)]
Lister = Annotated[SignedIn, signed_in(Permission.METRICS_VIEW)]
AgentQuery = Annotated[UUID | None, Query(description="Only what this agent did.")]
WorkflowQuery = Annotated[UUID | None, Query(description="Only this workflow's.")]


async def _period(
    from_: From = None, to: To = None, interval: IntervalQuery = "day", timezone: TimezoneQuery = "UTC"
) -> Period:
    return period(from_, to, interval, timezone, clock.now())


async def _short_period(
    from_: From = None, to: To = None, interval: IntervalQuery = "day", timezone: TimezoneQuery = "UTC"
) -> Period:
    return period(from_, to, interval, timezone, clock.now(), MAXIMUM_BUCKETS_OF_WORKSPACES)


Asked = Annotated[Period, Depends(_period)]
AskedShortly = Annotated[Period, Depends(_short_period)]


@router.operation("GET", "/api/v1/metrics/agents", summary="Get Agents Metrics", response=Data[AgentMetrics])
async def get_agents_metrics(caller: Viewer, asked: Asked, agent_uuid: AgentQuery = None) -> Response:
    """Runs of agents that ended, alone or in a thread, with what they used; by agent."""
    service = MetricService(caller.session, caller.access)
    return JsonResponse({"data": await service.get(AGENTS, asked, subject=agent_uuid)})


@router.operation("GET", "/api/v1/metrics/workflows", summary="Get Workflows Metrics", response=Data[WorkflowMetrics])
async def get_workflows_metrics(caller: Viewer, asked: Asked, workflow_uuid: WorkflowQuery = None) -> Response:
    """Runs of workflows that ended, with what they used; by workflow."""
    service = MetricService(caller.session, caller.access)
    return JsonResponse({"data": await service.get(WORKFLOWS, asked, subject=workflow_uuid)})


@router.operation("GET", "/api/v1/metrics/threads", summary="Get Threads Metrics", response=Data[ThreadMetrics])
async def get_threads_metrics(caller: Viewer, asked: Asked, agent_uuid: AgentQuery = None) -> Response:
    """Threads that were created; by the agent that they were created for."""
    service = MetricService(caller.session, caller.access)
    return JsonResponse({"data": await service.get(THREADS, asked, subject=agent_uuid)})


@router.operation("GET", "/api/v1/metrics/messages", summary="Get Messages Metrics", response=Data[MessageMetrics])
async def get_messages_metrics(
    caller: Viewer,
    asked: Asked,
    agent_uuid: AgentQuery = None,
    role: Annotated[Role | None, Query(description="Only those of this role.")] = None,
    model: Annotated[str | None, Query(min_length=1, max_length=255, description="Only those of this model.")] = None,
) -> Response:
    """Messages, with what the answers among them used; by role and model. An answer counts once it is at its end."""
    service = MetricService(caller.session, caller.access)
    data = await service.get(MESSAGES, asked, subject=agent_uuid, role=role, model=model)
    return JsonResponse({"data": data})


@router.operation(
    "GET",
    "/api/v1/metrics/workflow-executions",
    summary="Get Workflow Executions Metrics",
    response=Data[WorkflowExecutionMetrics],
)
async def get_workflow_executions_metrics(
    caller: Viewer, asked: Asked, workflow_uuid: WorkflowQuery = None
) -> Response:
    """Executions of workflows that ended: how, and how long those took that succeeded; by workflow."""
    service = MetricService(caller.session, caller.access)
    return JsonResponse({"data": await service.get(EXECUTIONS, asked, subject=workflow_uuid)})


@agent_router.operation(
    "GET", "/api/v1/agents/leaderboard", summary="Get Agent Leaderboard", response=Page[AgentLeaderboard]
)
async def get_agent_leaderboard(caller: Viewer, query: Annotated[ListQuery, list_query(LIST)]) -> Response:
    """The agents that ran or were rated in a period (`month` unless it is named), the best first."""
    page, items = await LeaderboardService(caller.session, caller.access).page(query)
    return listing(page, items)


@workspace_router.operation(
    "GET", "/api/v1/workspaces/metrics", summary="Get Workspaces Metrics", response=Page[WorkspaceMetrics]
)
async def get_workspaces_metrics(
    caller: Lister, asked: AskedShortly, query: Annotated[ListQuery, list_query(WORKSPACES)]
) -> Response:
    """The workspaces that the caller is in, each with its numbers over time; at most 100 buckets."""
    page, items = await WorkspaceMetricService(caller.session, caller.identity).page(query, asked)
    return listing(page, items)


routers = (router, agent_router, workspace_router)
