"""Agents: a model with instructions and parameters, that answers in threads."""
