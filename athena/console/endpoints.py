"""``/`` and what belongs to it: the console, where it is built; else the way to the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from athena.console.assets import FOLDER, PAGE, Asset, load
from athena.kit.errors import NotFound

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types dompurify 'allow-duplicates'"
)
"""Nothing runs and nothing is loaded but from here, and text becomes HTML through the sanitiser alone."""
IMMUTABLE: Final = "public, max-age=31536000, immutable"
PAGES: Final = ("/", "/sign-in", "/reset-password", "/w/{path:path}")
"""What the console's own router knows. Every other address is the API's, or nobody's."""


def router(folder: Path = FOLDER) -> APIRouter:
    """The routes of the console as it is built in ``folder``."""
    routes = APIRouter(include_in_schema=False)
    assets = load(folder)

    async def page() -> Response:
        return _page(assets)

    async def asset(name: str, request: Request) -> Response:
        return _asset(assets, name, request.headers.get("accept-encoding", ""))

    for path in PAGES if assets else PAGES[:1]:
        routes.add_api_route(path, page, methods=["GET"])
    routes.add_api_route("/assets/{name}", asset, methods=["GET"])
    return routes


def _page(assets: Mapping[str, Asset]) -> Response:
    if PAGE not in assets:
        return RedirectResponse("/docs")
    headers = {"Content-Security-Policy": POLICY, "Cross-Origin-Opener-Policy": "same-origin"}
    return Response(assets[PAGE].content, media_type="text/html", headers=headers)


def _asset(assets: Mapping[str, Asset], name: str, accepted: str) -> Response:
    found = assets.get(name)
    if found is None or name == PAGE:
        raise NotFound("There is nothing at this address.", code="route_not_found")
    content, encoding = found.best(accepted)
    headers = {"Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"}
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    return Response(content, media_type=found.media_type, headers=headers)
