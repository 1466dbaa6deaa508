"""Guardrails: what is checked of what goes into an agent, comes out of it, and passes between it and its tools."""
