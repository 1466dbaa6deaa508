"""``/api/v1/bundles``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response, UploadFile

from athena.bundles.schemas import AppliedBundle, Bundle, BundleApply, BundleChoice, BundleExport, BundlePlan
from athena.bundles.service import BundleService, present
from athena.kit.access import Caller, require
from athena.kit.errors import UnsupportedMediaType, ValidationFailed
from athena.kit.routing import JsonResponse, Router, resource
from athena.kit.schemas import Data
from athena.permissions import Permission

router = Router("Bundle")

Viewer = Annotated[Caller, require(Permission.BUNDLES_VIEW)]
Creator = Annotated[Caller, require(Permission.BUNDLES_CREATE)]
Exporter = Annotated[Caller, require(Permission.BUNDLES_EXPORT)]
Applier = Annotated[Caller, require(Permission.BUNDLES_APPLY)]

BYTES: dict[int | str, dict[str, Any]] = {200: {"description": "The bundle.", "content": {"application/zip": {}}}}


async def one_archive(request: Request) -> None:
    """Refuses what is no form with one file."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMediaType("Send the archive as multipart/form-data.")
    names = [name for name, _ in (await request.form()).multi_items()]
    if names != ["file"]:
        raise ValidationFailed("The form must have one field: file.", errors={"file": ["Send one file."]})


@router.operation("POST", "/api/v1/bundles", summary="Upload a Bundle", response=Data[Bundle], status=201)
async def upload_bundle(caller: Creator, _form: Annotated[None, Depends(one_archive)], file: UploadFile) -> Response:
    """Keeps a zip of a bundle for a day, as `multipart/form-data`. Nothing is made of it before it is applied."""
    row = await BundleService(caller.session, caller.access).upload(await file.read())
    return resource(present(row), row, status=201, location=f"/api/v1/bundles/{row['uuid']}")


@router.operation("POST", "/api/v1/bundles/export", summary="Export a Bundle", responses=BYTES)
async def export_bundle(caller: Exporter, body: BundleExport) -> Response:
    """A zip of readable YAML with what was chosen and what that refers to, without secrets."""
    content = await BundleService(caller.session, caller.access).export(body)
    name = f'attachment; filename="{body.name}-{body.version}.zip"'
    return Response(content, media_type="application/zip", headers={"Content-Disposition": name})


@router.operation("POST", "/api/v1/bundles/plan", summary="Plan a Bundle", response=Data[BundlePlan])
async def plan_bundle(caller: Applier, body: BundleChoice) -> Response:
    """What applying a bundle would make and change, field by field. Changes nothing."""
    return JsonResponse({"data": await BundleService(caller.session, caller.access).plan(body)})


@router.operation(
    "POST", "/api/v1/bundles/apply", summary="Apply a Bundle", response=Data[AppliedBundle], errors=[412, 502, 504]
)
async def apply_bundle(caller: Applier, body: BundleApply) -> Response:
    """Carries out a plan, as a whole or not at all. New workflows are drafts."""
    return JsonResponse({"data": await BundleService(caller.session, caller.access).apply(body)})


@router.operation("GET", "/api/v1/bundles/{bundle_uuid}", summary="Retrieve a Bundle", response=Data[Bundle])
async def get_bundle(bundle_uuid: UUID, caller: Viewer) -> Response:
    """An uploaded bundle."""
    row = await BundleService(caller.session, caller.access).get(bundle_uuid)
    return resource(present(row), row)
