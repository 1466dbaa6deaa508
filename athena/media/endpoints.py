"""``/api/v1/media``."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Query, Request, Response, UploadFile

from athena.kit.access import Caller, State, require
from athena.kit.db import Scope
from athena.kit.errors import UnsupportedMediaType, ValidationFailed
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page
from athena.media import service as media
from athena.media.schemas import Media
from athena.media.service import LIST, MediaService
from athena.permissions import Permission

router = Router("Media")

Viewer = Annotated[Caller, require(Permission.MEDIA_VIEW)]
Creator = Annotated[Caller, require(Permission.MEDIA_CREATE)]
Deleter = Annotated[Caller, require(Permission.MEDIA_DELETE)]
Revision = Annotated[int | None, Depends(if_match)]

PATH = "/api/v1/media/{media_uuid}"
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file's bytes.", "content": {"application/octet-stream": {}}}
}


@router.operation("GET", "/api/v1/media", summary="Get Media", response=Page[Media])
async def get_media(caller: Viewer, query: Annotated[ListQuery, list_query(LIST)]) -> Response:
    """The workspace's uploaded files, newest first."""
    service = MediaService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, [service.show(row) for row in page.rows])


async def one_file(request: Request) -> None:
    """Refuses what is no form, and a form with anything but one file, of which a part would be lost unseen."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    names = [name for name, _ in (await request.form()).multi_items()]
    errors = {name: ["Unknown field."] for name in names if name != "file"}
    if names.count("file") > 1:
        errors["file"] = ["Send one file at a time."]
    if errors:
        raise ValidationFailed("The form must have one field: file.", errors=errors)


@router.operation("POST", "/api/v1/media", summary="Upload Media", response=Data[Media], status=201)
async def upload_media(caller: Creator, _form: Annotated[None, Depends(one_file)], file: UploadFile) -> Response:
    """Uploads an image (PNG, JPEG, GIF, WebP), a text file, a PDF or a DOCX, as `multipart/form-data`."""
    service = MediaService(caller.session, caller.access)
    row = await service.upload(file.filename or "file", await file.read())
    return resource(service.show(row), row, status=201, location=f"/api/v1/media/{row['uuid']}")


@router.operation("GET", PATH, summary="Retrieve Media", response=Data[Media])
async def retrieve_media(media_uuid: UUID, caller: Viewer) -> Response:
    """One file, with a fresh address of its bytes."""
    service = MediaService(caller.session, caller.access)
    row = await service.get(media_uuid)
    return resource(service.show(row), row)


@router.operation("DELETE", PATH, summary="Delete Media", status=204, errors=[412])
async def delete_media(media_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a file. Messages that it came with stay, without it."""
    await MediaService(caller.session, caller.access).delete(media_uuid, revision)
    return no_content()


@router.operation("GET", f"{PATH}/content", summary="Download Media", responses=BYTES, public=True)
async def download_media(
    request: Request,
    media_uuid: UUID,
    workspace_uuid: Annotated[UUID, Query()],
    signature: Annotated[str, Query(max_length=128)],
) -> Response:
    """The bytes of a file, by the address that its `url` gives."""
    state: State = request.app.state
    async with state.database.session(Scope(workspace_uuid)) as session:
        row, content = await media.by_link(session, workspace_uuid, media_uuid, signature)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}"}
    return Response(content, headers=headers, media_type=row["mime_type"])
