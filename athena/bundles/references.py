"""References in specs, in both directions: to the ids of a workspace, and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from athena.bundles.format import REF, Reference, reference

SECRET: Final = re.compile(
    r"(^|[_-])(password|passphrase|secret|token|authorization|cookie|api[_-]?key)$", re.IGNORECASE
)
"""Fields whose texts stay behind where they were written out, and do not name a secret of the workspace."""
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def resolved(value: Any, find: Callable[[Reference], str | None]) -> Any:
    """``value`` with what ``find`` gives in place of each reference; of lists, those that lead nowhere are left out."""
    if (found := reference(value)) is not None:
        return find(found)
    if isinstance(value, Mapping):
        return {key: resolved(each, find) for key, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        found_items = [(each, resolved(each, find)) for each in items]
        return [made for each, made in found_items if made is not None or each is None]
    return value


def referring(value: Any, names: Mapping[str, str | None]) -> Any:
    """``value`` with a reference in place of each id that is in ``names``; without those that have no name there."""
    if isinstance(value, str):
        name = names.get(value, "")
        return value if name == "" else None if name is None else {REF: name}
    if isinstance(value, Mapping):
        return {key: referring(each, names) for key, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        items = [
            each for each in cast("list[Any]", value) if not (isinstance(each, str) and names.get(each, "") is None)
        ]
        return [referring(each, names) for each in items]
    return value


def ids(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text in ``value`` that is an id as a whole, with the name of the field that it stands in."""
    if isinstance(value, str):
        if UUID.fullmatch(value):
            yield field, value
    elif isinstance(value, Mapping):
        for key, each in cast("Mapping[str, Any]", value).items():
            yield from ids(each, key)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from ids(each, field)


def without_secrets(value: Any) -> Any:
    """``value`` without texts that a field's name says are secret; ``{{ secrets.NAME }}`` names one, and stays."""
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        return {key: without_secrets(each) for key, each in given.items() if not _written_out(key, each)}
    if isinstance(value, list):
        return [without_secrets(each) for each in cast("list[Any]", value)]
    return value


def _written_out(key: str, value: Any) -> bool:
    return isinstance(value, str) and SECRET.search(key) is not None and "{{" not in value
