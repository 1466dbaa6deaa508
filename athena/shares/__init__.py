"""Shares: one agent, prompt, thread or workflow, given to a user, a workspace, or whoever holds a link."""
