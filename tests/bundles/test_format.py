"""Bundles as files: what is written is read as it was, and what is wrong is told with its place."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena.bundles import files
from athena.bundles import format as bundles
from athena.bundles.errors import BundleError
from athena.bundles.format import Bundle, DeclaredAccount, DeclaredVariable, Manifest, Resource, read, references, write
from athena.bundles.readable import MAXIMUM_VALUES, dump, load
from athena.bundles.versions import within

MANIFEST = "format: athena/bundle/1\nname: desk\nversion: 1.0.0\n"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
slugs = st.text("abz09", min_size=1, max_size=6)
resources = st.builds(Resource, st.sampled_from(bundles.KINDS), slugs, st.dictionaries(texts, json_values, max_size=5))
manifests = st.builds(
    Manifest,
    name=slugs,
    version=st.sampled_from(["1", "1.2.0", "0.0.1"]),
    description=texts,
    athena=st.sampled_from(["", ">=0.1", ">=0.1,<2"]),
    variables=st.lists(
        st.builds(DeclaredVariable, name=st.text("ABZ_", min_size=1, max_size=6), description=texts),
        max_size=3,
        unique_by=lambda each: each.name,
    ),
    accounts=st.lists(
        st.builds(DeclaredAccount, key=slugs, provider=slugs, description=texts),
        max_size=3,
        unique_by=lambda each: each.key,
    ),
)


def zipped(entries: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in entries.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def put(folder: Path, entries: dict[str, str]) -> Path:
    for path, content in entries.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode())
    return folder


@settings(max_examples=80, deadline=None)
@given(manifests, st.lists(resources, max_size=5, unique_by=lambda each: each.name))
def test_what_is_written_is_read_as_it_was(manifest: Manifest, given_resources: list[Resource]) -> None:
    whole = [each for each in given_resources if not list(references(each.spec))]
    bundle = Bundle.of(manifest, whole)
    assert read(files.write_zip(write(bundle))) == bundle


def test_a_folder_is_read_as_its_archive_is(tmp_path: Path) -> None:
    agent = Resource(
        "agents",
        "support",
        {"name": "Support", "system_prompt": "Be kind.\nBe brief.\n", "tool_uuids": [{"$ref": "tools/clock"}]},
    )
    clock = Resource("tools", "clock", {"name": "Clock", "type": "builtin", "config": {"name": "time"}})
    returns = Resource(
        "knowledge",
        "returns",
        {"agent_uuid": {"$ref": "agents/support"}, "type": "text", "title": "Returns", "text": "# Returns\n\nFine.\n"},
    )
    bundle = Bundle.of(Manifest(name="desk", version="1.0.0"), [agent, clock, returns])
    texts_by_path = write(bundle)
    assert texts_by_path["agents/support.yaml"] == (
        "name: Support\nsystem_prompt: |\n  Be kind.\n  Be brief.\ntool_uuids:\n  - $ref: tools/clock\n"
    )
    assert texts_by_path["knowledge/returns.md"] == "# Returns\n\nFine.\n"
    folder = put(tmp_path, {**texts_by_path, "README.md": "About it.", ".git/config": "hidden"})
    assert read(folder) == bundle
    assert read(zipped({f"desk-main/{path}": text for path, text in texts_by_path.items()})) == bundle


def test_what_other_programs_would_take_for_something_else_stays_text() -> None:
    data = {"on": "yes", "time": "12:30", "day": "2026-01-31", "octal": "0123", "power": "1e3", "none": "null"}
    assert load(dump(data), "x").data == data
    assert load("on: yes\nday: 2026-01-31\ntime: 12:30\n", "x").data == {
        "on": "yes",
        "day": "2026-01-31",
        "time": "12:30",
    }


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({}, "There is no bundle.yaml: this is no bundle."),
        ({"bundle.yaml": "name: x"}, "bundle.yaml:1: This is no bundle of the format athena/bundle/1."),
        ({"bundle.yaml": MANIFEST + "athena: '~1'\n"}, "bundle.yaml:4: athena: Value error, A range is comparisons"),
        ({"bundle.yaml": MANIFEST + "colour: red\n"}, "bundle.yaml:4: colour: Extra inputs are not permitted."),
        ({"bundle.yaml": MANIFEST, "agent/a.yaml": "name: A"}, "agent/a.yaml: There is no such kind"),
        ({"bundle.yaml": MANIFEST, "agents/A b.yaml": "name: A"}, "agents/A b.yaml: A file is named after its key"),
        ({"bundle.yaml": MANIFEST, "agents/a.yml": "name: A"}, "agents/a.yml: A file is named after its key"),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "- A"}, "agents/a.yaml:1: It holds no mapping."),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "a: 1\nb: [1\n"}, "agents/a.yaml:3: This is no YAML"),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "a: 1\na: 2\n"}, "agents/a.yaml:2: 'a' is given twice."),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "a: &x [1]\nb: *x\n"}, "agents/a.yaml:2: Aliases"),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "a: !!python/name:os 1\n"}, "agents/a.yaml:1: Tags"),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "a: " + "[" * 100 + "]" * 100}, "Values can be nested 64 deep."),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "? [a]\n: 1\n"}, "agents/a.yaml:1: A key must be a text."),
        (
            {"bundle.yaml": MANIFEST, "agents/a.yaml": "a: 1\n---\nb: 1\n"},
            "agents/a.yaml:2: A file holds one document.",
        ),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "a: 1e999\n"}, "agents/a.yaml:1: This number is too large."),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": 'a: "\\0"'}, "agents/a.yaml:1: Text must not contain the NUL"),
        ({"bundle.yaml": MANIFEST, "knowledge/a.md": "\0"}, "knowledge/a.md: Text must not contain the NUL"),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": b"\xff\xfe"}, "agents/a.yaml: It is no text in UTF-8."),
        ({"bundle.yaml": MANIFEST, "knowledge/a.md": "A"}, "It belongs to knowledge/a.yaml, which is not there."),
        (
            {"bundle.yaml": MANIFEST, "agents/a.yaml": "name: A\ntool_uuids:\n  - $ref: tools/gone\n"},
            "agents/a.yaml:3: tools/gone is not in the bundle.",
        ),
        ({"bundle.yaml": MANIFEST, "../a.yaml": "a: 1"}, "../a.yaml: This path leads out of the archive."),
        ({"bundle.yaml": MANIFEST, "/etc/a.yaml": "a: 1"}, "This path leads out of the archive."),
        ({"bundle.yaml": MANIFEST, "agents/a.yaml": "a" * (files.MAXIMUM_FILE + 1)}, "A file has at most"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(entries: dict[str, str | bytes], told: str) -> None:
    with pytest.raises(BundleError) as caught:
        read(zipped(entries))
    assert told in str(caught.value)


def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, {"bundle.yaml": MANIFEST, "agents/a.yaml": "name: A\n"})
    (tmp_path / "agents" / "b.yaml").symlink_to("/etc/passwd")
    with pytest.raises(BundleError, match=r"agents/b\.yaml: Links are not followed\."):
        read(tmp_path)
    link = zipfile.ZipInfo("agents/b.yaml")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bundle.yaml", MANIFEST)
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BundleError, match=r"Links are not followed\."):
        read(buffer.getvalue())


def test_archives_have_limits() -> None:
    many: dict[str, str | bytes] = {f"agents/a{n}.yaml": "" for n in range(files.MAXIMUM_FILES + 1)}
    with pytest.raises(BundleError, match="at most 2,000 files"):
        read(zipped(many))
    long = "a:\n" + "- 1\n" * MAXIMUM_VALUES
    with pytest.raises(BundleError, match=r"a\.yaml:50000: A file has at most 50,000 values"):
        read(zipped({"bundle.yaml": MANIFEST, "agents/a.yaml": long}))
    long = "a:\n" + "- 1\n" * (MAXIMUM_VALUES - 10)
    with pytest.raises(BundleError, match="A bundle has at most 200,000 values in all"):
        read(zipped({"bundle.yaml": MANIFEST, **{f"agents/a{n}.yaml": long for n in range(5)}}))
    with pytest.raises(BundleError, match="An archive has at most"):
        read(b"0" * (files.MAXIMUM_ARCHIVE + 1))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(files.MAXIMUM_TOTAL // files.MAXIMUM_FILE + 1):
            archive.writestr(f"knowledge/a{n}.md", "0" * files.MAXIMUM_FILE)
    with pytest.raises(BundleError, match="in all"):
        read(buffer.getvalue())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), texts)
def test_no_input_does_more_than_be_refused(content: bytes, text: str) -> None:
    for source in (content, zipped({"bundle.yaml": MANIFEST, "agents/a.yaml": content, "tools/b.yaml": text})):
        with contextlib.suppress(BundleError):
            assert read(source).manifest.name == "desk"


def test_references_are_found_and_schemas_left_alone() -> None:
    spec: dict[str, Any] = {
        "parameters": {"items": {"$ref": "#/$defs/item"}},
        "tool_uuids": [{"$ref": "tools/a"}, {"$ref": "other/tools/b"}],
        "account_uuid": {"$ref": "accounts/mail"},
    }
    assert [(place, each.text) for place, each in references(spec)] == [
        (("tool_uuids", 0), "tools/a"),
        (("tool_uuids", 1), "other/tools/b"),
        (("account_uuid",), "accounts/mail"),
    ]
    agent = Resource("agents", "a", {"tool_uuids": [{"$ref": "other/tools/b"}]})
    with pytest.raises(BundleError, match="other/tools/b is not in the bundle"):
        Bundle.of(Manifest(name="x", version="1"), [agent])
    assert Bundle.of(Manifest(name="x", version="1", dependencies={"other": ">=1"}), [agent]).resources == (agent,)


@pytest.mark.parametrize(
    ("version", "given_range", "holds"),
    [
        ("1.2.0", "", True),
        ("1.2.0", ">=1.2", True),
        ("1.10", ">1.9,<2", True),
        ("2.0", ">=1,<2", False),
        ("1.0", "==1.0.0", True),
        ("0.3.0.dev1", ">=0.3", True),
        ("1.0", "!=1", False),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, given_range: str, holds: bool) -> None:
    assert within(version, given_range) is holds
