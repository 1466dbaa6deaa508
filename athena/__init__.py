"""Athena: an open, self-hosted, multi-tenant platform for AI agents."""

__version__ = "0.1.0"
