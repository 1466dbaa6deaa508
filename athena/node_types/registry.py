"""All node types: the modules of this package, and those of plugin packages by entry point."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType
from typing import Any, cast

import athena.node_types
from athena.kit import logging
from athena.node_types.base import NodeType

GROUP = "athena.node_types"
"""The entry points of plugin packages: each names a class of :class:`athena.node_types.base.NodeType`."""


@cache
def node_types() -> Mapping[str, NodeType[Any]]:
    """Every type by its name, in the order of the names. A plugin cannot take the place of a type that there is."""
    found = {kind.type: kind() for module in _modules() for kind in _classes(module)}
    for point in entry_points(group=GROUP):
        try:
            kind: Any = point.load()()
        except Exception as error:  # noqa: BLE001 - a plugin that is broken keeps nobody else from working
            logging.logger().error("node_types.plugin_failed", plugin=point.value, error=type(error).__name__)
            continue
        if isinstance(kind, NodeType) and kind.type not in found:
            found[kind.type] = cast("NodeType[Any]", kind)
        else:
            logging.logger().error("node_types.plugin_refused", plugin=point.value)
    return MappingProxyType(dict(sorted(found.items())))


def _modules() -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(athena.node_types.__path__):
        if module.name == "endpoints":
            # A process that only works on runs needs no HTTP.
            continue
        yield importlib.import_module(f"athena.node_types.{module.name}")


def _classes(module: ModuleType) -> Iterator[type[NodeType[Any]]]:
    for _, member in inspect.getmembers(module, inspect.isclass):
        if issubclass(member, NodeType):
            kind = cast("type[NodeType[Any]]", member)
            if kind.__module__ == module.__name__ and "type" in vars(kind):
                yield kind
