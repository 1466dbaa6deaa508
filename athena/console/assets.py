"""The built console: files whose names hold a hash of what is in them, and the page that loads them."""

from __future__ import annotations

import functools
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "assets"
"""Made by the build; not in the repository, but in every wheel."""
PAGE: Final = "index.html"
ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""Compressed by the build, the smaller one first."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, as it is and compressed."""

    media_type: str
    content: bytes
    encoded: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def best(self, accepted: str) -> tuple[bytes, str | None]:
        """The smallest form that ``accepted`` (the header ``Accept-Encoding``) names, and its encoding."""
        names = accepted_encodings(accepted)
        for encoding, content in self.encoded.items():
            if encoding in names:
                return content, encoding
        return self.content, None


def accepted_encodings(header: str) -> set[str]:
    """The encodings that a header ``Accept-Encoding`` takes; those of quality 0 are not among them."""
    taken: set[str] = set()
    for part in header.lower().split(","):
        name, _, quality = part.partition(";")
        digits = quality.replace(" ", "").removeprefix("q=")
        if not digits or digits.strip("0."):
            taken.add(name.strip())
    return taken


@functools.cache
def load(folder: Path = FOLDER) -> dict[str, Asset]:
    """Every file of the console by its name; empty when it is not built."""
    if not (folder / PAGE).is_file():
        return {}
    suffixes = tuple(suffix for _, suffix in ENCODINGS)
    return {
        path.name: Asset(
            mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            path.read_bytes(),
            {name: packed.read_bytes() for name, suffix in ENCODINGS if (packed := Path(f"{path}{suffix}")).is_file()},
        )
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.endswith((*suffixes, ".json"))
    }
