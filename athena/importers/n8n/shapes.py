"""What n8n's nodes give, and where that stands in what ours give. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from athena.importers.n8n.terms import Known, accessor


@dataclass(frozen=True, slots=True)
class Shape:
    """Where n8n has a list of items, we have one value: that of one item, or a list with an element for each."""

    prefix: str = ""
    """What leads from the value to the item's ``json``, or to the list."""
    many: bool = False
    element: str = ""
    """What leads from an element of the list to the item's ``json``."""
    names: Mapping[str, str] | None = None
    """Fields of the ``json`` and what leads to them, where they are called otherwise here."""
    lost: str = ""
    """The node that was to give it and was not brought in: what stands in its place has to give the same fields."""

    @property
    def is_plain(self) -> bool:
        """Whether the value is the item's ``json``, or the list of those."""
        return not (self.prefix or self.element or self.lost) and self.names is None

    def known(self, root: str) -> Known:
        """The value below ``root``."""
        if not self.many:
            return Known(f"{root}{self.prefix}", names=self.names)
        return Known(self.items(root), many=True, names=self.names)

    def items(self, root: str) -> str:
        """The list of what the items hold."""
        mapped = f".map(each, each{self.element})" if self.element else ""
        return f"{root}{self.prefix}{mapped}"

    def single(self) -> Shape:
        """An element of :meth:`items`, in a loop over these."""
        return Shape(names=self.names, lost=self.lost)

    def normal(self, root: str) -> str:
        """An expression for the value as n8n has it."""
        if not self.many:
            return _named(f"{root}{self.prefix}", self.names)
        if self.names is None:
            return self.items(root)
        return f"{root}{self.prefix}.map(each, {_named(f'each{self.element}', self.names)})"

    def as_list(self, root: str) -> str:
        """An expression for a list of the items, also where there is one."""
        return self.normal(root) if self.many else f"[{self.normal(root)}]"

    def normalised(self) -> Shape:
        """After :meth:`normal`."""
        return replace(self, prefix="", element="", names=None)


def _named(root: str, names: Mapping[str, str] | None) -> str:
    if names is None:
        return root
    inner = ", ".join(f"?{_text(name)}: {_optional(root, path)}" for name, path in names.items())
    return f"{{{inner}}}"


def _text(name: str) -> str:
    return f'"{name}"'


def _optional(root: str, path: str) -> str:
    """The field, or nothing where it is missing. Paths are of plain names, or empty for the whole."""
    if not path:
        return f"optional.of({root})"
    head, _, last = path.rpartition(".")
    return f"{root}{head}.?{last}"


def renamed(**names: str) -> Mapping[str, str]:
    """Fields of the source, and the fields here, such as ``output="text"``."""
    return {name: "".join(accessor(part) for part in path.split(".")) if path else "" for name, path in names.items()}
