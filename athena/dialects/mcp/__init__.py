"""``/mcp``: agents and workflows as tools, prompts, memories and threads as resources, for clients that speak MCP."""
