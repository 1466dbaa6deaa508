"""``/metrics``."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from athena.telemetry import service

FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """The metrics of the process that answers, in Prometheus' text format."""
    headers = request.headers
    peer = request.client.host if request.client else ""
    forwarded = any(name in headers for name in FORWARDED)
    service.check_reader(request.app.state.settings, headers.get("authorization", ""), peer, forwarded=forwarded)
    exposition: service.Exposition = request.app.state.exposition
    return Response(await exposition.text(), media_type=service.CONTENT_TYPE)
