"""What is wrong with a bundle, and where."""

from __future__ import annotations


class BundleError(ValueError):
    """A bundle cannot be read. ``path`` is a file's place in it, ``line`` counts from 1."""

    def __init__(self, message: str, path: str = "", line: int | None = None) -> None:
        self.message = message
        self.path = path
        self.line = line
        place = path if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {message}" if place else message)
