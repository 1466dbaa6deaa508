"""Workflows: graphs of nodes that are run durably."""
