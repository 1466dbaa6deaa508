"""The tools that Athena brings along, each in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from athena.tools.builtins.base import Builtin
from athena.tools.builtins.calculator import Calculator
from athena.tools.builtins.clock import Clock
from athena.tools.builtins.fetch import Fetch
from athena.tools.builtins.memories import MemorySearch, MemoryWrite
from athena.tools.builtins.python import Python
from athena.tools.builtins.search import WorkspaceSearch

_ALL = (Clock(), Calculator(), Fetch(), MemorySearch(), MemoryWrite(), Python(), WorkspaceSearch())

BUILTINS: Mapping[str, Builtin] = MappingProxyType({each.name: each for each in _ALL})
"""Each by its name."""
