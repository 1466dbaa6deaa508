"""What texts mean, as vectors: a small model that runs on the CPU of this process, loaded when it is first needed."""

from athena.embeddings.embedder import Embedder
from athena.embeddings.errors import EmbeddingsUnavailable
from athena.embeddings.model import DIMENSIONS, MODEL

__all__ = ["DIMENSIONS", "MODEL", "Embedder", "EmbeddingsUnavailable"]
