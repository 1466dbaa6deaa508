"""Prompts: texts with variables, kept in versions, to be run on a model."""
