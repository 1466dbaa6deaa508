"""``/v1`` in OpenAI's dialect."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import Path, Response

from athena.dialects.openai.chunks import Chunks
from athena.dialects.openai.completions import Completions, completion
from athena.dialects.openai.embeddings import embeddings
from athena.dialects.openai.schemas import ChatRequest, EmbeddingRequest
from athena.dialects.openai.service import NamedService
from athena.kit.access import Caller, require
from athena.kit.idempotency import in_flight
from athena.kit.routing import JsonResponse, Router
from athena.kit.sse import EventStream
from athena.permissions import Permission
from athena.runs.service import RunService

PREFIX: Final = "/v1/"
CHAT_PATH: Final = "/v1/chat/completions"

# OpenAI's own document describes them, to which clients are made.
router = Router("OpenAI", documented=False)

Viewer = Annotated[Caller, require(Permission.LARGE_LANGUAGE_MODELS_VIEW)]
Runner = Annotated[Caller, require(Permission.AGENTS_RUN)]
Embedder = Annotated[Caller, require(Permission.PROMPTS_RUN)]
ModelPath = Annotated[str, Path(max_length=255)]


@router.operation("GET", "/v1/models", summary="List models")
async def list_openai_models(caller: Viewer) -> Response:
    """The agents, workflows and models that the caller may name."""
    return JsonResponse({"object": "list", "data": await NamedService(caller.session, caller.access).listed()})


@router.operation("GET", "/v1/models/{model:path}", summary="Retrieve model")
async def get_openai_model(caller: Viewer, model: ModelPath) -> Response:
    """One of them."""
    return JsonResponse(await NamedService(caller.session, caller.access).one(model))


async def repeated(caller: Caller, body: ChatRequest, *, run_uuid: UUID, streamed: bool) -> Response:
    """The answer to a request that was made before, with the same key, and whose answer is not kept: from its run."""
    runs = RunService(caller.session, caller.access)
    if not streamed and (await runs.get(run_uuid))["finished_at"] is None:
        raise in_flight()
    return await _told(caller, body, run_uuid)


@router.operation("POST", CHAT_PATH, summary="Create chat completion", repeat=repeated)
async def create_chat_completion(caller: Runner, body: ChatRequest) -> Response:
    """Has an agent, a workflow or a model answer: finished, or as a stream of chunks. It is a run, as any other."""
    run_uuid = await Completions(caller.session, caller.access).accept(body)
    if caller.key is not None:
        caller.key.note_run(run_uuid, streamed=bool(body.stream))
    await caller.session.commit()
    if not body.stream:
        await RunService(caller.session, caller.access).finished(run_uuid)
    return await _told(caller, body, run_uuid)


async def _told(caller: Caller, body: ChatRequest, run_uuid: UUID) -> Response:
    runs = RunService(caller.session, caller.access)
    row = await runs.get(run_uuid)
    location = {"Location": f"/api/v1/runs/{run_uuid}"}
    if not body.stream:
        if row["status"] != "succeeded":
            raise runs.failure(row)
        return JsonResponse(completion(row, body.model), 200, location)
    usage = bool(body.stream_options and body.stream_options.include_usage)
    chunks = Chunks(row, body.model, include_usage=usage)
    return EventStream(runs.events(run_uuid), location, chunks)


@router.operation("POST", "/v1/embeddings", summary="Create embeddings", keyed=False)
async def create_embeddings(caller: Embedder, body: EmbeddingRequest) -> Response:
    """The vectors of texts."""
    return JsonResponse(await embeddings(caller.session, caller.access, body))
