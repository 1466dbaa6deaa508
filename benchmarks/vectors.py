"""Vectors that lie as those of real texts do, as many as are wanted."""

from __future__ import annotations

import ast
import asyncio
import pydoc_data.topics
import random
import re
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np

from athena.embeddings import Embedder

KNOWN = 4_000
"""Real sentences whose surroundings are filled."""
ASKED = 300
"""Real sentences, none of them among the known, that are looked for."""
NEIGHBOURS = 16


def sentences() -> list[str]:
    """Sentences of Python's own documentation, which is on every machine; always in the same order."""
    texts = list(pydoc_data.topics.topics.values())
    library = Path(sysconfig.get_path("stdlib"))
    for file in [*sorted(library.glob("*.py")), *sorted(library.glob("[a-z]*/*.py"))]:
        if file.parent.name in {"site-packages", "test", "idlelib"}:
            continue
        texts += [
            ast.get_docstring(node) or ""
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        ]
    found = {" ".join(part.split()) for text in texts for part in re.split(r"(?<=[.!?])\s+|\n\n", text)}
    every = sorted(each for each in found if 40 <= len(each) <= 200)
    random.Random(1).shuffle(every)
    return every[: KNOWN + ASKED]


class Vectors:
    """A vector is that of a real sentence, moved up to half the way to a near one, and as far along how two others of
    its neighbours differ. Their distances and the spectrum of their covariance are close to those of the sentences.
    """

    def __init__(self, known: Any, asked: Any) -> None:
        self.asked = asked
        self._known = known
        self._random = np.random.default_rng(7)
        likeness = known @ known.T
        self._near = np.argpartition(-likeness, NEIGHBOURS + 1, axis=1)[:, 1 : NEIGHBOURS + 1]

    @classmethod
    async def made(cls) -> Vectors:
        """Embeds the sentences, in a minute."""
        embedder = Embedder()
        texts = sentences()
        made: list[list[float]] = []
        for begin in range(0, len(texts), 256):
            made += await embedder.embed(texts[begin : begin + 256], within=600)
        await asyncio.to_thread(embedder.close)
        every = np.array(made, np.float32)
        return cls(every[:KNOWN], every[KNOWN:])

    def some(self, count: int) -> Any:
        """So many, each of length 1."""
        chosen = self._random.integers(0, len(self._known), count)

        def neighbour() -> Any:
            return self._known[self._near[chosen, self._random.integers(0, NEIGHBOURS, count)]]

        moved, spread = (self._random.uniform(0, 0.5, (count, 1)).astype(np.float32) for _ in range(2))
        start = self._known[chosen]
        found = start + moved * (neighbour() - start) + spread * (neighbour() - neighbour())
        return found / np.linalg.norm(found, axis=1, keepdims=True)
