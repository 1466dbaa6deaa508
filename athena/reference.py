"""``/openapi.json``, and ``/docs``: the same for people, by Swagger UI from a Python package, without outside calls."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response

from athena.kit.errors import AthenaError, NotFound
from athena.kit.routing import JsonResponse

ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
CACHE = "public, max-age=86400"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Athena API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>
</body>
</html>
"""
ERRORS_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Athena: errors</title>
<style>
body {{ font: 16px/1.5 system-ui; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }}
dt {{ margin-top: 1rem }}</style></head>
<body><h1>Errors</h1>
<p>An error is a problem document (RFC 9457). Its <code>status</code> says what kind it is, its <code>code</code> is
stable and may be finer than the general one below, and its <code>detail</code> says what happened and what to do.</p>
<dl>{entries}</dl></body>
</html>
"""
START = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#reference", deepLinking: true, persistAuthorization: true, filter: true,
  docExpansion: "none", tryItOutEnabled: true, displayRequestDuration: true, validatorUrl: null,
});
"""


@functools.cache
def _asset(name: str) -> bytes:
    """A file of Swagger UI, of the package that carries it; the package itself is not imported."""
    spec = importlib.util.find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise NotFound("Swagger UI is not installed.")
    return (Path(spec.origin).parent / "static" / name).read_bytes()


def _errors_page() -> str:
    """What the ``type`` of a problem leads to: every kind of error, with its status and general code."""
    kinds = sorted(AthenaError.__subclasses__(), key=lambda kind: kind.status)
    entries = "".join(
        f'<dt id="{kind.code}"><code>{kind.code}</code> ({kind.status} {escape(kind.title)})</dt>'
        f"<dd>{escape((kind.__doc__ or '').strip())}</dd>"
        for kind in (AthenaError, *kinds)
    )
    return ERRORS_PAGE.format(entries=entries)


class Document:
    """The bytes of the document. Making it takes more than a second, for which no start should wait."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._lock = asyncio.Lock()
        self._content = b""

    async def content(self) -> bytes:
        """Made once, beside what else the process does."""
        async with self._lock:
            if not self._content:
                self._content = await asyncio.to_thread(lambda: bytes(JsonResponse(self._make()).body))
        return self._content


def router(make: Callable[[], dict[str, Any]]) -> APIRouter:
    """The routes that serve the document that ``make`` gives, and its page."""
    routes = APIRouter(include_in_schema=False)
    document = Document(make)

    @routes.get("/openapi.json")
    async def openapi() -> Response:  # pyright: ignore[reportUnusedFunction]
        return JsonResponse(await document.content(), headers={"Cache-Control": "public, max-age=60"})

    @routes.get("/docs")
    async def docs() -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(PAGE, media_type="text/html", headers={"Content-Security-Policy": POLICY})

    @routes.get("/docs/errors")
    async def errors() -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(_errors_page(), media_type="text/html", headers={"Content-Security-Policy": POLICY})

    @routes.get("/docs/assets/{name}")
    async def asset(name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        if name == "start.js":
            return Response(START, media_type="text/javascript", headers={"Cache-Control": CACHE})
        if name not in ASSETS:
            raise NotFound("There is nothing at this address.", code="route_not_found")
        return Response(_asset(name), media_type=ASSETS[name], headers={"Cache-Control": CACHE})

    return routes
