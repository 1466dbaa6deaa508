"""What metrics look like, and what can be asked of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from athena.agents.schemas import Agent
from athena.evaluations.schemas import Figure
from athena.kit.schemas import Output, Time, Timestamp
from athena.metrics.buckets import Interval

LeaderboardPeriod = Literal["day", "week", "month", "quarter", "year", "all"]

From = Annotated[
    Time | None,
    Query(alias="from", description="The begin, inclusive, to the quarter of an hour. Left out: 30 days up to today."),
]
To = Annotated[
    Time | None, Query(description="The end, exclusive, to the quarter of an hour. Left out: the present moment.")
]
IntervalQuery = Annotated[Interval, Query(description="How long a bucket is, on the calendar of `timezone`.")]
TimezoneQuery = Annotated[
    str,
    Query(min_length=1, max_length=64, description="A name of the IANA's time zones.", examples=["Europe/Berlin"]),
]


class Tokens(Output):
    """Tokens that models read and wrote."""

    input: int
    output: int


class Percentiles(Output):
    """Durations in milliseconds, at most 4 % off; null where nothing was measured."""

    p50: int | None
    p95: int | None
    p99: int | None


class Duration(Percentiles):
    """Durations in milliseconds; the average is exact."""

    average: int | None


class Statuses(Output):
    """How many ended how."""

    succeeded: int
    failed: int
    cancelled: int


class Used(Output):
    """What models used; ``cost`` in US dollars, as far as it is known."""

    tokens: Tokens
    cost: float
    latency_ms: Percentiles


class ThreadFigures(Output):
    """Threads that were created."""


class MessageFigures(Used):
    """Messages, and what the answers among them used."""


class AgentFigures(Used):
    """Runs of agents at their end."""

    statuses: Statuses


class WorkflowFigures(Used):
    """Executions of workflows at their end, with what they used."""

    statuses: Statuses


class ExecutionFigures(Output):
    """Executions of workflows at their end, and how long those took that succeeded."""

    statuses: Statuses
    duration_ms: Duration
    cost: float


class At(Output):
    """A bucket."""

    at: Annotated[Timestamp, Field(description="The bucket's begin, in UTC.")]
    value: int


class ByAgent(Output):
    """An agent's part; null stands for none."""

    agent_uuid: UUID | None
    name: Annotated[str | None, Field(description="Null where the agent is gone.")]
    value: int


class ByMessage(Output):
    """The part of one role and one model."""

    role: Literal["system", "user", "assistant", "tool"]
    model: str | None
    value: int


class ByWorkflow(Output):
    """A workflow's part."""

    workflow_uuid: UUID
    value: int


class Metrics(Output):
    """A number and how it came about. ``change`` is that from ``previous_total``, as a fraction of it."""

    from_: Annotated[Timestamp, Field(alias="from")]
    to: Timestamp
    interval: Interval
    timezone: str
    total: int
    previous_total: Annotated[int, Field(description="The total of the equally long period before.")]
    change: Annotated[float | None, Field(description="0.25 stands for a quarter more; null after 0.")]


class ThreadAt(At, ThreadFigures):
    """Threads of a bucket."""


class MessageAt(At, MessageFigures):
    """Messages of a bucket."""


class AgentAt(At, AgentFigures):
    """Runs of a bucket."""


class WorkflowAt(At, WorkflowFigures):
    """A bucket's executions."""


class ExecutionAt(At, ExecutionFigures):
    """A bucket's executions."""


class ThreadsOfAgent(ByAgent, ThreadFigures):
    """An agent's threads."""


class MessagesOfModel(ByMessage, MessageFigures):
    """Messages of one role and one model."""


class RunsOfAgent(ByAgent, AgentFigures):
    """An agent's runs."""


class RunsOfWorkflow(ByWorkflow, WorkflowFigures):
    """A workflow's executions."""


class ExecutionsOfWorkflow(ByWorkflow, ExecutionFigures):
    """A workflow's executions."""


class ThreadMetrics(Metrics, ThreadFigures):
    """Threads that were created."""

    series: list[ThreadAt]
    breakdown: Annotated[list[ThreadsOfAgent], Field(description="By agent; the 20 greatest.")]


class MessageMetrics(Metrics, MessageFigures):
    """Messages."""

    series: list[MessageAt]
    breakdown: Annotated[list[MessagesOfModel], Field(description="By role and model; the 20 greatest.")]


class AgentMetrics(Metrics, AgentFigures):
    """Runs of agents."""

    series: list[AgentAt]
    breakdown: Annotated[list[RunsOfAgent], Field(description="By agent; the 20 greatest.")]


class WorkflowMetrics(Metrics, WorkflowFigures):
    """Runs of workflows, with what they used."""

    series: list[WorkflowAt]
    breakdown: Annotated[list[RunsOfWorkflow], Field(description="By workflow; the 20 greatest.")]


class WorkflowExecutionMetrics(Metrics, ExecutionFigures):
    """Executions of workflows, with how they ended and how long they took."""

    series: list[ExecutionAt]
    breakdown: Annotated[list[ExecutionsOfWorkflow], Field(description="By workflow; the 20 greatest.")]


class WorkspaceNumber(Output):
    """One number of a workspace, and how it came about."""

    total: int
    previous_total: int
    change: float | None
    series: list[At]


class WorkspaceMetrics(Output):
    """A workspace's numbers."""

    uuid: UUID
    name: str
    slug: str
    from_: Annotated[Timestamp, Field(alias="from")]
    to: Timestamp
    interval: Interval
    timezone: str
    agents: Annotated[WorkspaceNumber, Field(description="Runs of agents.")]
    threads: WorkspaceNumber
    messages: WorkspaceNumber
    workflow_executions: WorkspaceNumber


class ScoreInterval(Output):
    """Where the score lies with 95 % certainty."""

    low: float
    high: float


class LeaderboardEvaluation(Output):
    """What the newest evaluation that has succeeded came to. It is no part of the score."""

    uuid: UUID
    agent_version: int
    score: Figure | None
    pass_rate: Figure | None
    finished_at: Timestamp


class AgentLeaderboard(Output):
    """An agent's place among the others."""

    rank: Annotated[int, Field(description="The place by score, whatever the list is sorted by.")]
    agent: Agent
    runs: int
    success_rate: Annotated[float | None, Field(description="Of those that were not cancelled.")]
    rating: Annotated[float | None, Field(description="The mean of the ratings, each -1 or 1.")]
    ratings: Annotated[int, Field(description="How many ratings there are.")]
    tokens: Tokens
    cost: float
    p50_latency_ms: int | None
    p95_latency_ms: int | None
    score: Annotated[float, Field(description="The lower end of the interval, between 0 and 1.")]
    score_interval: ScoreInterval
    period: LeaderboardPeriod
    from_: Annotated[datetime | None, Field(alias="from", description="Null for all time.")]
    evaluation: Annotated[LeaderboardEvaluation | None, Field(description="Null where there is none.")]
