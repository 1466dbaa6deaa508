"""Workflows from descriptions: a model drafts them, and they are answered only when they are valid and have run dry."""
