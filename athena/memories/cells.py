"""Cells of vectors that lie close to each other: a search among very many reads the nearest cells alone. Pure."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

CELL = 300
"""How many vectors a cell holds, more or less."""
MOST_CELLS = 8_192
SAMPLE = 20
"""How many vectors for each cell its place is found from, at most :data:`MOST_SAMPLED` in all."""
MOST_SAMPLED = 60_000
GROWN = 2
"""How many times as many vectors as the cells were made for have them made anew."""
ROUNDS = 6
_AT_ONCE = 10_000


def cells_for(vectors: int) -> int:
    """How many cells so many vectors are put into."""
    return max(1, min(MOST_CELLS, vectors // CELL))


def sample_for(count: int) -> int:
    """How many vectors the places of so many cells are found from."""
    return min(MOST_SAMPLED, count * SAMPLE)


def are_outgrown(cells: int, vectors: int) -> bool:
    """Whether there are too few ``cells`` for so many vectors."""
    return cells < MOST_CELLS and vectors > GROWN * CELL * cells


def read(sent: Sequence[bytes]) -> Any:
    """Vectors in the binary form of ``halfvec_send`` as rows of a matrix; all have the same length."""
    numpy = _numpy()
    # Each begins with its length and two bytes that mean nothing.
    matrix = numpy.frombuffer(b"".join(sent), dtype=">f2").reshape(len(sent), -1)
    return matrix[:, 2:].astype(numpy.float32)


def train(sample: Any, count: int) -> Any:
    """The middles of ``count`` cells, as rows of length 1, by k-means on the sphere; the same for the same sample."""
    numpy = _numpy()
    random = numpy.random.default_rng(len(sample))
    middles = sample[random.choice(len(sample), min(count, len(sample)), replace=False)]
    for _ in range(ROUNDS):
        nearest = assign(sample, middles)
        sums = numpy.zeros_like(middles)
        numpy.add.at(sums, nearest, sample)
        empty = numpy.bincount(nearest, minlength=len(middles)) == 0
        # A cell that nothing is nearest to begins anew somewhere else.
        sums[empty] = sample[random.choice(len(sample), int(empty.sum()))]
        middles = sums / numpy.maximum(numpy.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return middles


def assign(vectors: Any, middles: Any) -> Any:
    """The index of the nearest of ``middles`` for each row."""
    numpy = _numpy()
    parts = (vectors[begin : begin + _AT_ONCE] for begin in range(0, len(vectors), _AT_ONCE))
    return numpy.concatenate([(part @ middles.T).argmax(axis=1) for part in parts])


def _numpy() -> Any:
    # Half a second and 30 MB, which a process that never needs it need not pay.
    return importlib.import_module("numpy")
