"""Conversations: threads in the words of this dialect."""
