"""Makes the generated half of ``athena_client``: its models, of the OpenAPI document, and its asynchronous classes.

The asynchronous client is the other one, word by word, with its waiting marked. ``python -m scripts.client`` writes the
files; a test compares them with what this makes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from scripts.openapi import present_document

PACKAGE: Final = Path(__file__).resolve().parent.parent / "athena_client"
MODELS: Final = (
    *("Account", "Agent", "Approval", "Budget", "LargeLanguageModel", "Media", "Memory", "Message", "Person"),
    *("Prompt", "Provider", "Run", "RunError", "Thread", "Tool", "Usage", "User", "Variable", "Workflow"),
    *("WorkflowExecution", "Workspace"),
)
"""What is named; whatever else they hold is a dictionary."""
SCALARS: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
MADE: Final = "Made by `python -m scripts.client`; not to be edited."
CLASSES: Final = (
    r"\b(Athena|Stream|Resources|Readable|Deletable|Creatable|Collection|Runnable|Agents|Workflows|Executions|Runs"
    r"|Approvals|Metrics)\b(?=[\[\](:,]|$|\))"
)
ASYNC: Final = (
    (r"\bimport time\b", "import asyncio"),
    (r"\btime\.sleep\(", "await asyncio.sleep("),
    (r"\bdef __(enter|exit)__", r"async def __a\1__"),
    (r"\bdef __iter__", "def __aiter__"),
    (r"\bdef __next__", "async def __anext__"),
    (r"\bnext\(", "await anext("),
    (r"\bdef (close|request|open|text|list|get|delete|create|update|run|generate|counts|cancel|retry|answer|upload)\(",
     r"async def \1("),
    (r"\bdef (_send|_follow|_connection|_data)\(", r"async def \1("),
    (r"(self\._send|self\._data|self\._http\.send|self\._client\.(?:open|request))\(", r"await \1("),
    (r"(?<!await )self\.close\(\)", "await self.close()"),
    (r"answer\.(read|close)\(\)", r"await answer.a\1()"),
    (r"self\.(_http|_events)\.close\(\)", r"await self.\1.aclose()"),
    (r"for (chunk|event) in (answer\.iter_bytes|events|self)\b", r"async for \1 in \2"),
    (r"\bwith closing\(", "async with aclosing("),
    (r"import closing", "import aclosing"),
    (r"file\.read_bytes\(\)", "await asyncio.to_thread(file.read_bytes)"),
    (r"from pathlib import Path", "import asyncio\nfrom pathlib import Path"),
    (r"\biter_bytes\b", "aiter_bytes"),
    (r"Generator\[Event, None, None\]", "AsyncGenerator[Event, None]"),
    (r"\bGenerator\b(?!\[)", "AsyncGenerator"),
    (r"\bIterator\b", "AsyncIterator"),
    (r"\bhttpx2\.Client\b", "httpx2.AsyncClient"),
    (r"\bathena_client\.(client|resources)\b", r"athena_client.async_\1"),
    (CLASSES, r"Async\1"),
    (r"(?<!models\.)\bMedia\b(?=[(])", "AsyncMedia"),
    (r"import Athena, Stream", "import AsyncAthena, AsyncStream"),
    (r"that waits for its answers", "for ``asyncio``"),
    (r"``Athena\(\)\.agents\.list\(\)``", "``AsyncAthena().agents.list()``"),
    (r"Threads may share a client", "Tasks may share a client"),
)  # fmt: skip


def type_of(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """A schema as a type of Python."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name if name in MODELS else type_of(schemas[name], schemas)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        found = list(dict.fromkeys(type_of(each, schemas) for each in choices))
        return "Any" if "Any" in found else " | ".join(found)
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        return f"Literal[{', '.join(repr(value) for value in values)}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{type_of(schema.get('items', {}), schemas)}]"
    return "dict[str, Any]" if kind == "object" else SCALARS.get(str(kind), "Any")


def models(document: dict[str, Any]) -> str:
    """``models.py``: the resources as they are read. Servers of later versions may add keys."""
    schemas = document["components"]["schemas"]
    parts = [f'"""The resources, as dictionaries. {MADE}"""\n\nfrom __future__ import annotations\n']
    parts.append("from typing import Any, Literal, TypedDict\n")
    for name in (each for each in MODELS if each in schemas):
        schema = schemas[name]
        lines = [f"    {key}: {type_of(value, schemas)}" for key, value in schema["properties"].items()]
        text = " ".join(schema.get("description", f"{name} as it is read.").split("\n\n")[0].split())
        parts.append(f'\nclass {name}(TypedDict):\n    """{text}"""\n\n' + "\n".join(lines) + "\n")
    return "\n".join(parts)


def asynchronous(text: str) -> str:
    """The same module for ``asyncio``."""
    for pattern, replacement in ASYNC:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    first, _, rest = text.partition('"""\n')
    return f'{first}\n\n{MADE}\n"""\n{rest}'


def formatted(text: str) -> str:
    """The text as it stands in the repository."""
    for options in (("check", "--select", "I", "--fix", "--quiet"), ("format",)):
        call = [sys.executable, "-m", "ruff", *options, "--stdin-filename", str(PACKAGE / "models.py"), "-"]
        text = subprocess.run(call, input=text, capture_output=True, text=True, check=True).stdout
    return text


def made() -> dict[str, str]:
    """Each generated file, by its name."""
    names = {name: (PACKAGE / f"{name}.py").read_text("utf-8") for name in ("client", "resources")}
    files = {f"async_{name}.py": asynchronous(text) for name, text in names.items()}
    return {name: formatted(text) for name, text in {**files, "models.py": models(present_document())}.items()}


def main() -> None:
    """Writes them."""
    for name, text in made().items():
        (PACKAGE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
