"""Texts become vectors, off the event loop; without the model everybody is told so at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from athena.embeddings import DIMENSIONS, Embedder, EmbeddingsUnavailable
from athena.embeddings import embedder as queueing
from athena.embeddings.model import packaged_weights


@pytest.fixture(scope="module")
async def embedder() -> AsyncGenerator[Embedder]:
    opened = Embedder()
    yield opened
    opened.close()


def similarity(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_a_paraphrase_is_near_and_another_matter_far(embedder: Embedder) -> None:
    question, answer, other = await embedder.embed(
        ["How do I get my money back?", "Refunds are paid within fourteen days.", "The cat sleeps on the sofa."],
        within=20,
    )
    assert similarity(question, answer) > similarity(question, other) + 0.25


@pytest.mark.parametrize(
    "text", ["plain", "", "   ", "😀😀", "שלום עולם", "word " * 20_000, "x" * 100_000, "\ufffd\u0007"]
)
async def test_every_text_has_a_vector_of_length_one(embedder: Embedder, text: str) -> None:
    [vector] = await embedder.embed([text], within=20)
    assert len(vector) == DIMENSIONS
    assert math.isclose(math.hypot(*vector), 1, abs_tol=1e-4)


async def test_a_vector_does_not_depend_on_its_company(embedder: Embedder) -> None:
    alone, *_ = await embedder.embed(["The gate code is 4711."], within=20)
    [among, *_] = await embedder.embed(["The gate code is 4711.", "A much longer text about gates. " * 20], within=20)
    # Weights of eight bits: what is computed for a batch differs in the last places.
    assert similarity(alone, among) > 0.98


async def test_many_callers_are_served_together(embedder: Embedder) -> None:
    answers = await asyncio.gather(*(embedder.embed([f"Fact number {n}"], within=30) for n in range(60)))
    assert len({tuple(vector) for [vector] in answers}) == 60


async def test_who_waits_comes_before_background_work(embedder: Embedder) -> None:
    work = asyncio.create_task(embedder.embed(["A long text. " * 80] * 40, within=60, background=True))
    await asyncio.sleep(0.05)
    await embedder.embed(["a query"], within=30)
    assert not work.done()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_the_event_loop_is_free_meanwhile(embedder: Embedder) -> None:
    work = asyncio.create_task(embedder.embed(["A long text. " * 80] * 12, within=60))
    longest = 0.0
    while not work.done():
        begun = time.perf_counter()
        await asyncio.sleep(0.005)
        longest = max(longest, time.perf_counter() - begun)
    assert longest < 0.5


async def test_a_deadline_is_kept(embedder: Embedder) -> None:
    with pytest.raises(EmbeddingsUnavailable, match="longer than"):
        await embedder.embed(["A long text. " * 80] * 100, within=0.05)
    # What nobody waits for any more is not worked on.
    assert await embedder.embed(["still there"], within=10)


async def test_too_much_at_once_is_refused(embedder: Embedder) -> None:
    with pytest.raises(EmbeddingsUnavailable, match="too many"):
        await embedder.embed(["text"] * (queueing.WAITING_TEXTS + 1), within=30)
    assert await embedder.embed(["still there"], within=10)


async def test_memory_is_given_back_when_nothing_is_asked() -> None:
    embedder = Embedder(idle_seconds=0.1)
    try:
        assert not embedder.loaded
        await embedder.embed(["text"], within=20)
        assert embedder.loaded
        async with asyncio.timeout(5):
            while embedder.loaded:  # noqa: ASYNC110 - what another thread does
                await asyncio.sleep(0.02)
        assert await embedder.embed(["text"], within=20)
    finally:
        embedder.close()


async def test_a_missing_model_is_said_at_once_and_not_looked_for_each_time(tmp_path: Path) -> None:
    looked: list[int] = []

    def nowhere() -> Path:
        looked.append(1)
        return tmp_path / "model.onnx"

    embedder = Embedder(nowhere)
    try:
        for _ in range(3):
            with pytest.raises(EmbeddingsUnavailable, match="cannot be read"):
                await embedder.embed(["text"], within=5)
        assert len(looked) == 1
    finally:
        embedder.close()


async def test_a_file_with_another_hash_is_not_loaded(tmp_path: Path) -> None:
    content = bytearray(packaged_weights().read_bytes())
    content[1_000_000] ^= 1
    (tmp_path / "model.onnx").write_bytes(content)
    embedder = Embedder(lambda: tmp_path / "model.onnx")
    try:
        with pytest.raises(EmbeddingsUnavailable, match="wrong SHA-256"):
            await embedder.embed(["text"], within=5)
    finally:
        embedder.close()


async def test_what_waits_at_the_end_is_told() -> None:
    embedder = Embedder()
    await embedder.embed(["text"], within=20)
    work = asyncio.create_task(embedder.embed(["A long text. " * 80] * 30, within=30))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(embedder.close)
    with pytest.raises(EmbeddingsUnavailable, match="stopping"):
        await work
    with pytest.raises(EmbeddingsUnavailable, match="stopping"):
        await embedder.embed(["text"], within=1)
