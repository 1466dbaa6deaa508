"""Assistants, version 2: agents, threads, messages and runs in the words that its clients know."""
