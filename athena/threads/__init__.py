"""Threads: conversations, with their settings."""
