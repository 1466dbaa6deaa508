"""Shares: one agent, prompt or thread, given to a user, a workspace, or whoever holds a link."""
