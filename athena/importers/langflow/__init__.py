"""Flows of Langflow."""
