"""Agents from descriptions: a model drafts one, it is tried in a conversation, and only what answers well is given."""
