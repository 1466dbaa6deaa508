"""The model behind a queue: one thread of its own works in batches, so that the event loop never waits for it."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from athena.embeddings.errors import EmbeddingsUnavailable
from athena.embeddings.model import MiniLM, Vector, packaged_weights
from athena.embeddings.tokenizer import tokenize

BATCH_TOKENS = 1024
"""What one step of the model takes at most, padding included: half a second of work, and never less than one text."""
BATCH_TEXTS = 32
BACKGROUND_TOKENS = 256
"""The same for texts that nobody waits for, so that who comes meanwhile waits for one such text at most."""
WAITING_TEXTS = 512
IDLE_SECONDS = 300.0
"""After so long without work the model's memory is given back."""
RETRY_SECONDS = 60.0
"""How long a model that could not be loaded counts as missing without another look."""
CLOSE_SECONDS = 10.0


@dataclass(order=True, slots=True)
class _Item:
    """A text that waits: those that somebody waits for come first, then by age."""

    background: bool
    number: int
    text: str = field(compare=False)
    vector: Future[Vector] = field(compare=False, default_factory=Future[Vector])
    tokens: list[int] = field(compare=False, default_factory=list[int])


class Embedder:
    """Embeds texts. The thread begins with the first one; :meth:`close` ends it."""

    def __init__(self, weights: Callable[[], Path] = packaged_weights, *, idle_seconds: float = IDLE_SECONDS) -> None:
        """``weights`` finds the model's file; what it raises is :class:`EmbeddingsUnavailable`."""
        self._weights = weights
        self._idle_seconds = idle_seconds
        self._numbers = itertools.count()
        self._waiting: queue.PriorityQueue[_Item] = queue.PriorityQueue()
        self._next: _Item | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._model: MiniLM | None = None
        self._failure: tuple[float, str] = (0.0, "")

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._model is not None

    async def embed(self, texts: Sequence[str], *, within: float, background: bool = False) -> list[Vector]:
        """The vectors of ``texts``, each of length 1.

        :class:`EmbeddingsUnavailable` without a model, when too much waits already, or after ``within`` seconds.
        ``background``: nobody waits for it, so it comes after everything else.
        """
        if self._stopping.is_set():
            raise EmbeddingsUnavailable("this process is stopping")
        # Those for whom somebody waits always find room among those for whom nobody does.
        if self._waiting.qsize() + len(texts) > (WAITING_TEXTS // 2 if background else WAITING_TEXTS):
            raise EmbeddingsUnavailable("too many texts wait to be embedded")
        until, why = self._failure
        if time.monotonic() < until:
            raise EmbeddingsUnavailable(why)
        items: list[_Item] = []
        try:
            async with asyncio.timeout(within):
                items = [self._put(_Item(background, next(self._numbers), text)) for text in texts]
                return list(await asyncio.gather(*(asyncio.wrap_future(item.vector) for item in items)))
        except TimeoutError as error:
            raise EmbeddingsUnavailable(f"the embedding took longer than {within:g} seconds") from error
        finally:
            for item in items:
                item.vector.cancel()

    def close(self) -> None:
        """Ends the thread; what still waits is refused."""
        self._stopping.set()
        if self._thread is not None:
            self._waiting.put_nowait(_Item(background=False, number=-1, text=""))
            self._thread.join(CLOSE_SECONDS)

    def _put(self, item: _Item) -> _Item:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="athena-embeddings", daemon=True)
            self._thread.start()
        self._waiting.put_nowait(item)
        return item

    def _work(self) -> None:
        while self._next or not self._waiting.empty() or not self._stopping.is_set():
            first, self._next = self._next or self._take(self._idle_seconds), None
            if first is None:
                self._model = None
                continue
            batch = [item for item in self._batch(first) if item.vector.set_running_or_notify_cancel()]
            if batch:
                self._answer(batch)

    def _take(self, seconds: float) -> _Item | None:
        """The next text with its tokens; ``None`` when none comes for so long."""
        try:
            item = self._waiting.get(timeout=seconds)
        except queue.Empty:
            return None
        if not item.tokens and not item.vector.cancelled():
            item.tokens = tokenize(item.text)
        return item

    def _batch(self, first: _Item) -> list[_Item]:
        """``first`` and those behind it, as many as one step takes."""
        batch, width = [first], len(first.tokens)
        most = BACKGROUND_TOKENS if first.background else BATCH_TOKENS
        while len(batch) < BATCH_TEXTS and not self._waiting.empty():
            item = self._take(0)
            if item is None:
                break
            width = max(width, len(item.tokens))
            if width * (len(batch) + 1) > most or item.background != first.background:
                if item.background:
                    # Back into its place: others may have come meanwhile.
                    self._waiting.put_nowait(item)
                else:
                    self._next = item
                break
            batch.append(item)
        return batch

    def _answer(self, batch: Sequence[_Item]) -> None:
        if self._stopping.is_set():
            _refuse(batch, "this process is stopping")
            return
        try:
            model = self._model or MiniLM(self._weights())
            vectors = model.embed([item.tokens for item in batch])
        except (EmbeddingsUnavailable, RuntimeError, MemoryError) as error:
            self._model = None
            why = str(error) if isinstance(error, EmbeddingsUnavailable) else "the embedding model failed"
            self._failure = (time.monotonic() + RETRY_SECONDS, why)
            _refuse(batch, why)
            return
        self._model = model
        for item, vector in zip(batch, vectors, strict=True):
            item.vector.set_result(vector)


def _refuse(batch: Sequence[_Item], why: str) -> None:
    for item in batch:
        item.vector.set_exception(EmbeddingsUnavailable(why))
