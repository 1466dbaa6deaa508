"""Workspaces: the tenants, their members and roles."""
