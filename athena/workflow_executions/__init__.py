"""Executions of workflows: what interprets a graph, and what is kept of it."""
