"""Files are uploaded, checked by what they hold, and given out by addresses that expire."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from athena.config import Settings
from athena.kit import clock
from athena.kit.db import Database
from athena.media.storage import PURPOSE, MediaStorage
from tests.conftest import Tenant

PATH = "/api/v1/media"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00\xb8\x00\x00\x00\x00\x00\x00\x00"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"
DOCX = b"PK\x03\x04\x14\x00\x00\x00word/document.xml"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def upload(tenant: Tenant, name: str, content: bytes, field: str = "file") -> Any:
    return await tenant.request("POST", PATH, files={field: (name, content)})


async def stored(tenant: Tenant, name: str = "a.txt", content: bytes = b"text") -> dict[str, Any]:
    answer = await upload(tenant, name, content)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def on_disk(settings: Settings, tenant: Tenant) -> list[Path]:
    return [path for path in (settings.data_dir / "media" / str(tenant.workspace_uuid)).rglob("*") if path.is_file()]


async def test_a_file_comes_back_as_it_was(owner: Tenant) -> None:
    content = "Grüße\r\n\tund 😀".encode()
    created = await upload(owner, "Über uns.md", content)
    assert created.status_code == 201
    data = created.json()["data"]
    assert created.headers["location"] == f"{PATH}/{data['uuid']}"
    assert (data["name"], data["mime_type"], data["size"]) == ("Über uns.md", "text/markdown", len(content))
    assert data["sha256"] == hashlib.sha256(content).hexdigest()
    shown = await owner.get(created.headers["location"])
    assert shown.headers["etag"] == created.headers["etag"]
    assert {**shown.json()["data"], "url": ""} == {**data, "url": ""}
    download = await owner.client.get(shown.json()["data"]["url"])
    assert (download.status_code, download.content) == (200, content)
    assert download.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%9Cber%20uns.md"


@pytest.mark.parametrize(
    ("name", "content", "mime_type"),
    [
        ("a.png", PNG, "image/png"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.gif", GIF, "image/gif"),
        ("a.webp", WEBP, "image/webp"),
        ("a.exe", PNG, "image/png"),
        ("a.txt", PDF, "application/pdf"),
        ("a.zip", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.txt", b"plain", "text/plain"),
        ("a.png", b"plain", "text/plain"),
        ("a.csv", b"a,b\n1,2", "text/csv"),
        ("a.json", b"{}", "application/json"),
        ("a.html", b"<p>", "text/html"),
        ("a.svg", SVG, "text/plain"),
        ("bmw.txt", b"BMW makes cars", "text/plain"),
        ("gif.txt", b"GIF is a format", "text/plain"),
        ("mz.txt", b"MZ begins a program", "text/plain"),
        ("noname", "\ufeffwith a mark".encode(), "text/plain"),
    ],
)
async def test_a_files_type_is_what_it_holds(owner: Tenant, name: str, content: bytes, mime_type: str) -> None:
    assert (await stored(owner, name, content))["mime_type"] == mime_type


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", EXE),
        ("a.txt", b"a\x00b"),
        ("a.txt", b"\xff\xfea\x00"),
        ("a.txt", b"caf\xe9"),
        ("a.zip", b"PK\x03\x04\x14\x00\x00\x00"),
    ],
)
async def test_what_is_neither_image_nor_text_is_not_taken(
    owner: Tenant, settings: Settings, name: str, content: bytes
) -> None:
    answer = await upload(owner, name, content)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert (await owner.get(PATH)).json()["data"] == []
    assert on_disk(settings, owner) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/etc/shadow", "shadow"),
        ("..", "file"),
        ("a\x1b[31mb\x7f.txt", "a[31mb.txt"),
        ("x" * 300 + ".txt", "x" * 255),
        ("name\u202egpj.exe", "namegpj.exe"),
        ("semi;colon 'a' %41.txt", "semi;colon 'a' %41.txt"),
    ],
)
async def test_a_files_name_is_only_a_label(owner: Tenant, settings: Settings, given: str, kept: str) -> None:
    data = await stored(owner, given)
    assert data["name"] == kept
    assert [path.name for path in on_disk(settings, owner)] == [data["sha256"]]
    download = await owner.client.get(data["url"])
    disposition = download.headers["content-disposition"]
    assert disposition.startswith("attachment; filename*=UTF-8''")
    assert not set(disposition.removeprefix("attachment; filename*=UTF-8''")) & set("/\\;\"' \r\n")


async def test_what_a_browser_could_run_is_only_saved(owner: Tenant) -> None:
    for name, content in (("a.html", b"<script>alert(1)</script>"), ("a.svg", SVG), ("a.xml", SVG)):
        download = await owner.client.get((await stored(owner, name, content))["url"])
        assert download.status_code == 200
        assert download.headers["x-content-type-options"] == "nosniff"
        assert download.headers["content-disposition"].startswith("attachment;")
        assert "default-src 'none'" in download.headers["content-security-policy"]
        assert "svg" not in download.headers["content-type"]
        assert download.headers["cache-control"] == "no-store"


async def test_an_upload_is_a_form_with_one_file(owner: Tenant, settings: Settings) -> None:
    async def refused(status: int, **request: Any) -> dict[str, Any]:
        answer = await owner.request("POST", PATH, **request)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert "file" in (await refused(422, files={"file": ("a.txt", b"")}))["errors"]
    assert (await refused(422, files={"document": ("a.txt", b"text")}))["errors"] == {"document": ["Unknown field."]}
    assert "file" in (await refused(422, files=[("file", ("a", b"a")), ("file", ("b", b"b"))]))["errors"]
    both = await refused(422, files={"file": ("a.txt", b"text")}, data={"name": "b"})
    assert both["errors"] == {"name": ["Unknown field."]}
    assert "file" in (await refused(422, content=b"--x--\r\n", headers=form))["errors"]
    text = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n'
    assert "file" in (await refused(422, content=text, headers=form))["errors"]
    nul = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\0b.txt"\r\n\r\ntext\r\n--x--\r\n'
    assert (await owner.request("POST", PATH, content=nul, headers=form)).status_code in {400, 422}
    assert (await refused(400, content=b"garbage", headers=form))["code"] == "malformed_request"
    await refused(400, content=b"--x--", headers={"Content-Type": "multipart/form-data"})
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        await refused(415, content=b"{}", headers={"Content-Type": content_type})
    await refused(415)
    too_large = b"x" * (settings.max_upload_bytes + 1)
    await refused(413, files={"file": ("a.txt", too_large)})
    assert (await owner.get(PATH)).json()["data"] == []
    assert on_disk(settings, owner) == []


async def test_names_in_other_encodings_do_no_harm(owner: Tenant) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for name in (b"\xff\xfe.txt", b"\xed\xa0\x80.txt", b"caf\xe9.txt"):
        body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\ntext\r\n--x--\r\n'
        answer = await owner.request("POST", PATH, content=body, headers=form)
        assert answer.status_code == 201, answer.text
        assert (await owner.client.get(answer.json()["data"]["url"])).status_code == 200


async def test_an_address_holds_for_its_file_and_workspace_and_a_while(
    owner: Tenant, stranger: Tenant, database: Database
) -> None:
    one, two, theirs = await stored(owner), await stored(owner, "b.txt", b"other"), await stored(stranger)
    address = one["url"]
    signature = address.rpartition("signature=")[2]
    storage = database.provided(MediaStorage)
    message = f"{owner.workspace_uuid}/{one['uuid']}"
    expired = storage.keyring.sign(PURPOSE, message, clock.now() - timedelta(seconds=1))
    other_purpose = storage.keyring.sign("other", message, clock.now() + timedelta(seconds=60))
    assert (await owner.client.get(address)).status_code == 200
    for forged in (
        address.replace(one["uuid"], two["uuid"]),
        address.replace(str(owner.workspace_uuid), str(stranger.workspace_uuid)),
        theirs["url"].replace(theirs["url"].rpartition("signature=")[2], signature),
        address.replace(signature, expired),
        address.replace(signature, other_purpose),
        address.replace(signature, signature[:-2]),
        address.replace(signature, f"99999999999.{signature.partition('.')[2]}"),
        address.replace(signature, ""),
        address.replace(signature, "%F0%9F%98%80.x"),
    ):
        answer = await owner.client.get(forged)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), forged
    for bad in (f"{PATH}/{one['uuid']}/content", address.replace(signature, "x" * 129), f"{address}&more=1"):
        assert (await owner.client.get(bad)).status_code == 422
    assert (await owner.delete(f"{PATH}/{one['uuid']}")).status_code == 204
    assert (await owner.client.get(address)).status_code == 404


async def test_equal_bytes_are_kept_once_and_go_with_the_last_file(
    owner: Tenant, stranger: Tenant, settings: Settings
) -> None:
    one, two = await stored(owner, "one.txt"), await stored(owner, "two.txt")
    await stored(stranger)
    assert len(on_disk(settings, owner)) == 1
    assert (await owner.delete(f"{PATH}/{one['uuid']}")).status_code == 204
    assert (await owner.client.get(two["url"])).content == b"text"
    stale = await owner.delete(f"{PATH}/{two['uuid']}", headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    assert len(on_disk(settings, owner)) == 1
    assert (await owner.delete(f"{PATH}/{two['uuid']}")).status_code == 204
    assert (len(on_disk(settings, owner)), len(on_disk(settings, stranger))) == (0, 1)


async def test_uploads_and_deletions_at_the_same_time_lose_no_bytes(owner: Tenant) -> None:
    async def replace(first: dict[str, Any]) -> dict[str, Any]:
        deleted, created = await asyncio.gather(owner.delete(f"{PATH}/{first['uuid']}"), stored(owner))
        assert deleted.status_code == 204
        return created

    file = await stored(owner)
    for _ in range(15):
        file = await replace(file)
        assert (await owner.client.get(file["url"])).status_code == 200


async def test_bytes_that_are_gone_are_said_to_be(owner: Tenant, settings: Settings) -> None:
    file = await stored(owner)
    on_disk(settings, owner)[0].unlink()
    assert (await owner.client.get(file["url"])).status_code == 404
    assert (await owner.get(f"{PATH}/{file['uuid']}")).status_code == 200
    again = await stored(owner)
    assert (await owner.client.get(again["url"])).content == b"text"


async def test_files_are_listed_searched_and_filtered(owner: Tenant, stranger: Tenant) -> None:
    text, image = await stored(owner, "notes.txt"), await stored(owner, "photo.png", PNG)
    theirs = await stored(stranger)

    async def listed(query: str) -> list[str]:
        answer = await owner.get(f"{PATH}?{query}")
        assert answer.status_code == 200, answer.text
        return [file["name"] for file in answer.json()["data"]]

    assert await listed("") == ["photo.png", "notes.txt"]
    assert await listed("sort=created_at&cursor=&per_page=1") == ["notes.txt"]
    assert await listed("search=PHOTO") == ["photo.png"]
    assert await listed("mime_type=image/png") == ["photo.png"]
    assert await listed(f"sha256={text['sha256']}&creator_uuid={owner.user_uuid}") == ["notes.txt"]
    assert await listed(f"created_before={image['created_at']}") == ["notes.txt"]
    for bad in ("size=1", "with=creator", "sort=name"):
        assert (await owner.get(f"{PATH}?{bad}")).status_code == 422
    for uuid in (theirs["uuid"], str(uuid4())):
        for answer in (await owner.get(f"{PATH}/{uuid}"), await owner.delete(f"{PATH}/{uuid}")):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert UUID(theirs["uuid"]) != UUID(text["uuid"])
    assert (await stranger.client.get(theirs["url"])).status_code == 200
