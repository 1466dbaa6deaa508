"""The commands for daily use, over the client for Python."""
