"""What n8n's agents may use. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from athena.importers import foreign, texts
from athena.importers.credentials import guarded
from athena.importers.n8n.graph import SourceNode
from athena.importers.n8n.site import Site
from athena.importers.schemas import of_object

FROM_AI: Final = re.compile(
    r"\{\{\s*(?:/\*.*?\*/\s*)?\$fromAI\(\s*['\"`]([^'\"`]+)['\"`](?:\s*,\s*['\"`]([^'\"`]*)['\"`])?[^)]*\)\s*\}\}",
    re.DOTALL,
)
PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
BUILTINS: Final = {"toolCalculator": "calculator", "toolWikipedia": "", "toolDateTime": "time"}
RETRIEVERS: Final = (
    "Search what is known in the workspace; the documents are not in the file: train the agent with them."
)


def tools(site: Site, nodes: list[SourceNode]) -> list[dict[str, str]]:
    """The tools of an agent as references; those without counterpart are told of in the report."""
    found: list[dict[str, str]] = []
    for node in nodes:
        spec = _tool(site, node)
        if spec is not None:
            reference = site.building.collected.add("tools", spec["name"], spec)
            if reference not in found:
                found.append(reference)
    return found


def _tool(site: Site, node: SourceNode) -> dict[str, Any] | None:
    name = texts.label(foreign.text(node.parameters, "name") or node.name, "Tool")
    description = foreign.text(node.parameters, "description") or foreign.text(node.parameters, "toolDescription")
    if builtin := BUILTINS.get(node.type):
        node.entry.mapped(f"the built-in tool {builtin}")
        return {"name": name, "type": "builtin", "config": {"name": builtin}}
    for part, make in SPECIAL.items():
        if part in node.type:
            return make(site, node, name, description[:2_000])
    node.entry.dropped(f"There is no tool like {node.type} here; an HTTP tool, or an MCP server, may do its work.")
    return None


def _http(site: Site, node: SourceNode, name: str, description: str) -> dict[str, Any] | None:  # noqa: C901
    arguments: dict[str, Any] = {}

    def filled(value: Any) -> str:
        text = foreign.text({"value": value}, "value").removeprefix("=")

        def put(found: re.Match[str]) -> str:
            argument = texts.identifier(found[1], "value")
            arguments[argument] = {"type": "string", **({"description": found[2]} if found[2] else {})}
            return f"{{{{ arguments.{argument} }}}}"

        return FROM_AI.sub(put, text)

    url = filled(node.parameters.get("url"))
    for found in foreign.mappings(node.parameters, "placeholderDefinitions", "values"):
        kind = {"number": "number", "boolean": "boolean"}.get(foreign.text(found, "type"), "string")
        text = foreign.text(found, "description")
        arguments[foreign.text(found, "name")] = {"type": kind, **({"description": text} if text else {})}
    for argument in PLACEHOLDER.findall(url.replace("{{", "").replace("}}", "")):
        arguments.setdefault(argument, {"type": "string"})
    if not url.lower().startswith(("http://", "https://")) or "$" in url:
        node.entry.dropped("Its address is put together by an expression.")
        return None
    config: dict[str, Any] = {"method": _method(node), "url": url}
    for ours, theirs in (("query", "Query"), ("headers", "Headers")):
        rows = foreign.mappings(node.parameters, f"parameters{theirs}", "values")
        rows = rows or foreign.mappings(node.parameters, f"{ours.rstrip('s')}Parameters", "parameters")
        pairs: dict[str, Any] = {}
        for row in rows:
            if key := foreign.text(row, "name"):
                value = filled(row.get("value"))
                parts = [value] if "{{" in value else guarded(site.building.collected, node.entry, name, key, [value])
                pairs[key] = value if parts == [value] else texts.written(parts)
        if pairs:
            config[ours] = pairs
    if node.parameters.get("authentication", "none") != "none":
        node.entry.remark("Its credential is not taken over: give the tool an account.")
    node.entry.approximated("an HTTP tool", "Its arguments, and what it sends, are to be looked at.")
    spec = {"name": name, "description": description, "type": "http", "config": config}
    schema = of_object({"type": "object", "properties": arguments})
    return {**spec, **({"parameters": schema} if schema else {})}


def _method(node: SourceNode) -> str:
    method = foreign.text(node.parameters, "method", default="GET").upper()
    return method if method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} else "GET"


def _memory(site: Site, node: SourceNode, name: str, description: str) -> dict[str, Any] | None:
    for kind, nodes in site.building.source.provided(node.name).items():
        for each in nodes:
            each.entry.dropped(f"Part of {node.name} ({kind}); embeddings and documents are the workspace's own here.")
    node.entry.approximated("the built-in tool memory_search", RETRIEVERS)
    return {"name": name, "description": description, "type": "builtin", "config": {"name": "memory_search"}}


def _program(site: Site, node: SourceNode, name: str, description: str) -> dict[str, Any] | None:
    program = foreign.text(node.parameters, "jsCode") or foreign.text(node.parameters, "pythonCode")
    site.building.draft.note(node.entry, f"{name}: {description}\n\n{program}", node.position)
    node.entry.dropped("Code here is Python of its own; the program is kept in a note.")
    return None


def _workflow(site: Site, node: SourceNode, name: str, description: str) -> dict[str, Any] | None:  # noqa: ARG001
    node.entry.dropped(
        "The other workflow is not in this file. Bring it in, and make a tool of the type workflow of it."
    )
    return None


def _agent(site: Site, node: SourceNode, name: str, description: str) -> dict[str, Any] | None:  # noqa: ARG001
    node.entry.dropped("Make an agent of it, and name it in the team of the one that uses it.")
    return None


def _mcp(site: Site, node: SourceNode, name: str, description: str) -> dict[str, Any] | None:  # noqa: ARG001
    address = foreign.text(node.parameters, "endpointUrl") or foreign.text(node.parameters, "sseEndpoint")
    node.entry.dropped(f"Connect the MCP server as a tool: {address or 'its address is in the credential'}.")
    return None


SPECIAL: Final[Mapping[str, Callable[[Site, SourceNode, str, str], dict[str, Any] | None]]] = {
    "toolHttpRequest": _http,
    "httpRequestTool": _http,
    "toolCode": _program,
    "toolWorkflow": _workflow,
    "agentTool": _agent,
    "mcpClientTool": _mcp,
    "toolVectorStore": _memory,
    "vectorStore": _memory,
}
