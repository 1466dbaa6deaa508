"""OAuth 2.1 for clients that act for a user in one workspace, such as those of MCP; they get tokens of ours."""
