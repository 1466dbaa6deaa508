"""``/v1/files``."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import Depends, Form, Path, Query, Request, Response, UploadFile

from athena.dialects.openai.files.service import PURPOSE, FileService, show
from athena.dialects.openai.folding import page
from athena.kit.access import Caller, require
from athena.kit.errors import UnsupportedMediaType, ValidationFailed
from athena.kit.routing import JsonResponse, Router
from athena.permissions import Permission

PATH: Final = "/v1/files"
ONE: Final = f"{PATH}/{{file_id}}"
MOST: Final = 100
"""Files of a page, however many are asked for: clients go on by themselves."""

router = Router("OpenAI", documented=False)

Viewer = Annotated[Caller, require(Permission.MEDIA_VIEW)]
Creator = Annotated[Caller, require(Permission.MEDIA_CREATE)]
Deleter = Annotated[Caller, require(Permission.MEDIA_DELETE)]
FileId = Annotated[str, Path(max_length=128)]


async def known_fields(request: Request) -> None:
    """Refuses what is no form, and a form with other fields, or one of them twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    names = [name for name, _ in (await request.form()).multi_items()]
    errors = {name: ["Extra inputs are not permitted."] for name in names if name not in {"file", "purpose"}}
    errors |= {name: ["Give it once."] for name in ("file", "purpose") if names.count(name) > 1}
    if errors:
        raise ValidationFailed(f"{next(iter(errors))}: It cannot be taken.", errors=errors)


@router.operation("POST", PATH, summary="Upload file")
async def create_file(
    caller: Creator,
    _form: Annotated[None, Depends(known_fields)],
    file: UploadFile,
    purpose: Annotated[Literal["assistants", "user_data", "vision"], Form()],  # noqa: ARG001 - all files may be used anywhere
) -> Response:
    """Uploads an image, a text file, a PDF or a DOCX."""
    row = await FileService(caller.session, caller.access).upload(file.filename or "file", await file.read())
    return JsonResponse(show(row))


@router.operation("GET", PATH, summary="List files")
async def list_files(
    caller: Viewer,
    after: Annotated[str | None, Query(max_length=128)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = MOST,
    order: Literal["asc", "desc"] = "desc",
    purpose: Annotated[str, Query(max_length=64)] = PURPOSE,
) -> Response:
    """The workspace's files."""
    if purpose != PURPOSE:
        return JsonResponse(page([], has_more=False))
    service = FileService(caller.session, caller.access)
    return JsonResponse(await service.listed(after=after, limit=min(limit, MOST), ascending=order == "asc"))


@router.operation("GET", ONE, summary="Retrieve file")
async def get_file(caller: Viewer, file_id: FileId) -> Response:
    """One file."""
    return JsonResponse(show(await FileService(caller.session, caller.access).get(file_id)))


@router.operation("GET", f"{ONE}/content", summary="Retrieve file content")
async def get_file_content(caller: Viewer, file_id: FileId) -> Response:
    """The bytes of a file."""
    service = FileService(caller.session, caller.access)
    row = await service.get(file_id)
    await caller.session.commit()
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}"}
    return Response(await service.content(row), headers=headers, media_type=row["mime_type"])


@router.operation("DELETE", ONE, summary="Delete file")
async def delete_file(caller: Deleter, file_id: FileId) -> Response:
    """Deletes a file."""
    await FileService(caller.session, caller.access).delete(file_id)
    return JsonResponse({"id": file_id, "object": "file", "deleted": True})
