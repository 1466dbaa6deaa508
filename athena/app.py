"""The HTTP application: every resource's routes, under one set of conventions."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request, Response

from athena import __version__, openapi, reference
from athena.accounts import endpoints as accounts
from athena.agent_generation import endpoints as agent_generation
from athena.agents import endpoints as agents
from athena.approvals import endpoints as approvals
from athena.audit_events import endpoints as audit_events
from athena.auth import endpoints as auth
from athena.budgets import endpoints as budgets
from athena.bundles import endpoints as bundles
from athena.command_room_tasks import endpoints as command_room_tasks
from athena.console import endpoints as console
from athena.dialects.a2a import endpoints as a2a_dialect
from athena.dialects.a2a.errors import told as a2a_error
from athena.dialects.ag_ui import endpoints as ag_ui_dialect
from athena.dialects.limits import OpenStreams
from athena.dialects.mcp import endpoints as mcp_dialect
from athena.dialects.openai import endpoints as openai_dialect
from athena.dialects.openai.assistants import endpoints as openai_assistants
from athena.dialects.openai.conversations import endpoints as openai_conversations
from athena.dialects.openai.errors import told as openai_error
from athena.dialects.openai.files import endpoints as openai_files
from athena.dialects.openai.responses import endpoints as openai_responses
from athena.engine import Engine
from athena.evaluations import endpoints as evaluations
from athena.exports import endpoints as exports
from athena.guardrails import endpoints as guardrails
from athena.invitations import endpoints as invitations
from athena.kit.access import State
from athena.kit.errors import Unavailable
from athena.kit.http import Envelope, install_problems
from athena.kit.routing import JsonResponse, keep_apart
from athena.large_language_models import endpoints as large_language_models
from athena.media import endpoints as media
from athena.memories import endpoints as memories
from athena.messages import endpoints as messages
from athena.metrics import endpoints as metrics
from athena.node_types import endpoints as node_types
from athena.oauth import endpoints as oauth
from athena.oauth.errors import told as oauth_error
from athena.process import Process
from athena.prompts import endpoints as prompts
from athena.providers import endpoints as providers
from athena.runs import endpoints as runs
from athena.shares import endpoints as shares
from athena.telemetry import endpoints as telemetry
from athena.telemetry.service import Exposition
from athena.threads import endpoints as threads
from athena.tools import endpoints as tools
from athena.training import endpoints as training
from athena.users import endpoints as users
from athena.variables import endpoints as variables
from athena.webhooks import endpoints as webhooks
from athena.workflow_executions import endpoints as workflow_executions
from athena.workflow_generation import endpoints as workflow_generation
from athena.workflow_triggers import endpoints as workflow_triggers
from athena.workflows import endpoints as workflows
from athena.workspaces import endpoints as workspaces

ROOMS = (
    auth,
    users,
    workspaces,
    invitations,
    exports,
    bundles,
    providers,
    accounts,
    agents,
    agent_generation,
    tools,
    guardrails,
    prompts,
    threads,
    messages,
    large_language_models,
    media,
    audit_events,
    webhooks,
    memories,
    command_room_tasks,
    variables,
    budgets,
    workflows,
    workflow_generation,
    node_types,
    approvals,
    training,
)

DESCRIPTION = """The API of Athena, a platform for AI agents. Every error is a problem document (RFC 9457) with a stable
`code`; every list is paged by number or by cursor; what belongs to another workspace does not exist for the caller."""

health = APIRouter(include_in_schema=False)


@health.get("/health/live")
async def live() -> Response:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@health.get("/health/ready")
async def ready(request: Request) -> Response:
    """Everything that a request needs is there."""
    state: State = request.app.state
    if await state.database.statement("SELECT 1") is None:
        raise Unavailable("The database does not answer.")
    engine: Engine = request.app.state.engine
    if problems := engine.problems:
        raise Unavailable(f"Runs do not get on: {', '.join(problems)}.")
    return JsonResponse({"status": "ok"})


def api() -> FastAPI:
    """Every resource's routes, with nothing behind them yet."""
    app = FastAPI(
        title="Athena",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    routers = (
        *metrics.routers,
        *(room.router for room in ROOMS),
        *runs.routers,
        *workflow_executions.routers,
        *workflow_triggers.routers,
        *shares.routers,
        *evaluations.routers,
        openai_dialect.router,
        openai_responses.router,
        openai_conversations.router,
        openai_files.router,
        openai_assistants.router,
        mcp_dialect.router,
        a2a_dialect.router,
        ag_ui_dialect.router,
        oauth.router,
        telemetry.router,
        health,
    )
    for router in routers:
        # One flat table: an included router would be a second level of matching for each request.
        app.router.routes.extend(router.routes)
    keep_apart(app.router.routes)
    return app


LARGER = ("/api/v1/media", "/api/v1/bundles", openai_dialect.CHAT_PATH, openai_responses.PATH, openai_files.PATH)
"""Paths whose requests bring files along."""


def create_app(process: Process) -> Envelope:
    """The ASGI application of ``process``."""
    settings = process.settings
    app = api()
    app.state.database = process.database
    app.state.authorize = process.authorizer
    app.state.authorizer = process.authorizer
    app.state.connections = process.connections
    app.state.engine = process.engine
    app.state.repeat_run = runs.repeated
    app.state.settings = settings
    app.state.exposition = Exposition(process.database, process.engine)
    app.state.open_streams = OpenStreams()
    install_problems(app)
    app.include_router(reference.router(lambda: openapi.complete(app)))
    app.include_router(console.router())
    return Envelope(
        app,
        max_body_bytes=settings.max_body_bytes,
        body_timeout=settings.body_timeout_seconds,
        larger=dict.fromkeys(LARGER, settings.max_upload_bytes),
        access_log=settings.access_log,
        secure=settings.base_url.startswith("https:"),
        origins=settings.cors_origins,
        dialects={
            openai_dialect.PREFIX: openai_error,
            mcp_dialect.PREFIX: mcp_dialect.told(settings.base_url),
            a2a_dialect.PREFIX: a2a_error(settings.base_url),
            **dict.fromkeys(oauth.FOR_CLIENTS, oauth_error),
        },
    )


def create_listener(process: Process) -> Envelope:
    """The ASGI application of a port that tells how the process is, and nothing else."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.router.routes.extend([*health.routes, *telemetry.router.routes])
    app.state.database, app.state.engine, app.state.settings = process.database, process.engine, process.settings
    app.state.exposition = Exposition(process.database, process.engine)
    install_problems(app)
    return Envelope(app, max_body_bytes=1024, body_timeout=process.settings.body_timeout_seconds)
